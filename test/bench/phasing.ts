import { join } from 'node:path';
import { table } from './report';

// As it is shipped. Bundled, this file lies two folders deep as well.
const built = (file: string) => require(join(__dirname, '..', '..', 'dist', 'src', 'phasing', file));
const { PhaseCorrelator, readCorrelatorSettings }: typeof import('../../src/phasing') = built('index');

const INTERVALS = 2016;
const CUSTOMERS = 52;
const START = 1_700_000_100_000 - (1_700_000_100_000 % 300_000);

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

/** Phase identification of many meters: the whole run against the bare correlation with three references each. */
export async function benchPhasing(sizes = [1000, 10_000, 100_000]): Promise<void> {
  const rows: string[][] = [];
  for (const size of sizes) {
    const transformers = Math.round(size / CUSTOMERS);
    const list = Array.from({ length: transformers }, (_, t) => t);
    const correlator = new PhaseCorrelator(
      readCorrelatorSettings({
        references: list.flatMap((t) =>
          ['a', 'b', 'c'].map((phase, p) => ({ meter: `R${t}-${p}`, transformer: `T${t}`, phase })),
        ),
        meters: list.flatMap((t) =>
          Array.from({ length: CUSTOMERS }, (_, m) => ({ meter: `M${t}-${m + 3}`, transformer: `T${t}` })),
        ),
      }),
    );
    const now = START + INTERVALS * 300_000;
    for (const t of list) {
      fill((meter, slot, va) => {
        const time = START + slot * 300_000;
        correlator.push({ kind: 'reading', meter, time, values: { va }, quality: 'good' }, now);
      }, t);
    }
    const start = performance.now();
    const { map } = correlator.run(now);
    const seconds = (performance.now() - start) / 1000;
    rows.push([
      String(size),
      seconds.toFixed(2),
      String(map.run.match),
      (process.memoryUsage().rss / 1e6).toFixed(0),
    ]);
  }
  table('Phase identification, 2016 intervals', ['meters', 'run, s', 'match', 'RSS, MB'], rows);
}
