import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SeriesStore } from '../../src/phasing/store';
import { median, table } from './report';

// As it is shipped. Bundled, this file lies two folders deep as well.
const built = (file: string) => require(join(__dirname, '..', '..', 'dist', 'src', 'phasing', file));
const { PhaseCorrelator, readCorrelatorSettings, WorkerPool }: typeof import('../../src/phasing') =
  built('index');
const { dot }: typeof import('../../src/phasing/group/rows') = built(join('group', 'rows'));

const INTERVALS = 2016;
const CUSTOMERS = 52;
const START = 1_700_000_100_000 - (1_700_000_100_000 % 300_000);

const TRANSFORMERS_OF_FEEDER = 20;
const placed = (t: number) => ({
  transformer: `T${t}`,
  feeder: `F${Math.floor(t / TRANSFORMERS_OF_FEEDER)}`,
});

/** A transformer of 52 customers and three references: phases that wander, customers with a drop of their own. */
function fill(push: (meter: string, slot: number, volts: number) => void, transformer: number): void {
  let state = (transformer * 2654435761) >>> 0 || 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const level = [0, 0, 0];
  const walks: Float32Array[] = [0, 1, 2].map(() => new Float32Array(INTERVALS));
  for (let i = 0; i < INTERVALS; i++) {
    for (let p = 0; p < 3; p++) {
      level[p] = 0.95 * level[p] + 2 * random();
      walks[p][i] = 230 + level[p];
    }
  }
  for (let m = 0; m < CUSTOMERS + 3; m++) {
    const name = m < 3 ? `R${transformer}-${m}` : `M${transformer}-${m}`;
    const walk = walks[m % 3];
    for (let i = 0; i < INTERVALS; i++) push(name, i, walk[i] + 2 * random());
  }
}

/** The correlation with three references and nothing else, in one plain loop. */
function plainCorrelation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Seconds for three correlations of each of so many meters, by the plain loop and by ours, in turns. */
function correlationStage(meters: number): { plain: number; ours: number } {
  const rows = Array.from({ length: Math.min(meters, 10_000) }, (_, k) =>
    Float32Array.from({ length: INTERVALS }, (_, i) => Math.sin(i * 0.01 + k)),
  );
  const times = { plain: [] as number[], ours: [] as number[] };
  let sink = 0;
  const pass = (product: (a: Float32Array, b: Float32Array) => number) => {
    const start = performance.now();
    for (let k = 0; k < meters; k++) {
      for (let p = 0; p < 3; p++) sink += product(rows[k % rows.length], rows[p]);
    }
    return (performance.now() - start) / 1000;
  };
  for (let round = 0; round < 7; round++) {
    times.plain.push(pass(plainCorrelation));
    times.ours.push(pass(dot));
  }
  if (Number.isNaN(sink)) throw new Error('the benchmark measured nothing');
  return { plain: median(times.plain.slice(2)), ours: median(times.ours.slice(2)) };
}

/** ms that NumPy needs for a group on one thread; undefined where there is none. */
function numpy(): number | undefined {
  const script = join(__dirname, '..', '..', 'test', 'bench', 'phasing_numpy.py');
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' };
  const { status, stdout } = spawnSync('python3', [script], { env, encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}

/**
 * Phase identification of many meters: the whole run, on all cores, against the bare correlation and against NumPy.
 * Sizes by `PQ_METERS=1000,1000000`.
 */
export async function benchPhasing(
  sizes = (process.env.PQ_METERS ?? '1000,10000,100000').split(',').map(Number),
): Promise<void> {
  const rows: string[][] = [];
  const ofGroup = numpy();
  if (ofGroup === undefined) console.log('python3 with NumPy is not here: not compared with it');
  for (const size of sizes) {
    const transformers = Math.round(size / CUSTOMERS);
    const list = Array.from({ length: transformers }, (_, t) => t);
    const correlator = new PhaseCorrelator(
      readCorrelatorSettings({
        maxMeters: Math.min(1e6, 2 * size),
        references: list.flatMap((t) =>
          ['a', 'b', 'c'].map((phase, p) => ({
            meter: `R${t}-${p}`,
            ...placed(t),
            phase,
          })),
        ),
        meters: list.flatMap((t) =>
          Array.from({ length: CUSTOMERS }, (_, m) => ({ meter: `M${t}-${m + 3}`, ...placed(t) })),
        ),
      }),
    );
    const now = START + INTERVALS * 300_000;
    // Into the store at once: what is measured is the run, and a million meters take two billion readings.
    const { store } = correlator as unknown as { store: SeriesStore };
    const first = store.slotOf(START);
    for (const t of list) fill((meter, slot, va) => store.putSlot(meter, first + slot, va), t);
    global.gc?.();
    const held = process.memoryUsage().rss;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    let peak = held;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 50);
    delay.enable();
    const start = performance.now();
    const { map } = await correlator.runWith(new WorkerPool(), now);
    const seconds = (performance.now() - start) / 1000;
    delay.disable();
    clearInterval(watch);
    const raw = (transformers * (CUSTOMERS + 3) * INTERVALS * 4) / 1e6;
    const { plain, ours } = correlationStage(transformers * CUSTOMERS);
    if (map.run.excluded) throw new Error(`${map.run.excluded} of ${map.run.meters} meters excluded`);
    rows.push([
      String(map.run.meters),
      plain.toFixed(3),
      (plain / ours).toFixed(2),
      seconds.toFixed(2),
      (seconds / plain).toFixed(1),
      ofGroup === undefined ? '-' : (seconds / ((transformers * ofGroup) / 1000)).toFixed(1),
      ((1e6 * seconds) / (map.run.meters as number)).toFixed(0),
      (delay.max / 1e6).toFixed(0),
      raw.toFixed(0),
      (peak / 1e6).toFixed(0),
    ]);
  }
  table(
    'Phase identification over 2016 intervals, on all cores (goals: correlation 0.8, run 4 times NumPy on one thread, delay below 50 ms, memory 1.2 times the raw matrix of float32)',
    [
      'meters',
      'bare loop, s',
      'ours to it',
      'run, s',
      'times bare',
      'times NumPy',
      'us/meter',
      'delay, ms',
      'raw, MB',
      'RSS, MB',
    ],
    rows,
  );
}
