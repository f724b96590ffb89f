import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openComtrade } from '../../src/comtrade';
import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import { openRecord } from '../../src/files';
import { openSource } from '../../src/files/source';
import { median, table } from './report';

const CHANNELS = 55;
const RATE = 1200;
/** As the recorder of ../shared/recordings/substation-110kv: 16.4 s. */
const EVENT_SECONDS = 16.4;
const ROUNDS = 5;

/** A record of 18 groups of three phases and one more channel, with a sag of 0.3 s each second and a half. */
function record(seconds: number, format: 'BINARY' | 'ASCII'): { cfg: string; dat: Buffer } {
  const count = Math.round(seconds * RATE);
  const names = Array.from({ length: CHANNELS }, (_, c) =>
    c < 3 ? `U${'abc'[c]}` : c === CHANNELS - 1 ? '3U0' : `I${'abc'[c % 3]}_${Math.floor(c / 3)}`,
  );
  const lines = names.map(
    (name, c) => `${c + 1},${name},,,${name.includes('U') ? 'V' : 'A'},0.01,0,0,-32767,32767,1,1,P`,
  );
  const cfg = [
    'bench,recorder,1999',
    `${CHANNELS},${CHANNELS}A,0D`,
    ...lines,
    '50',
    '1',
    `${RATE},${count}`,
    '01/02/2024,03:04:05.000000',
    '01/02/2024,03:04:05.000000',
    format,
    '1',
    '',
  ].join('\r\n');
  const sample = (n: number, c: number) => {
    const gain = n % (1.5 * RATE) > RATE && n % (1.5 * RATE) < 1.3 * RATE && c < 3 ? 0.6 : 1;
    return Math.round(23_000 * gain * Math.cos((2 * Math.PI * 50 * n) / RATE - ((c % 3) * 2 * Math.PI) / 3));
  };
  if (format === 'ASCII') {
    const rows = Array.from({ length: count }, (_, n) => {
      const values = names.map((_, c) => sample(n, c));
      return `${n + 1},${Math.round((n / RATE) * 1e6)},${values.join(',')}`;
    });
    return { cfg, dat: Buffer.from(`${rows.join('\r\n')}\r\n`) };
  }
  const width = 8 + 2 * CHANNELS;
  const dat = Buffer.alloc(width * count);
  for (let n = 0; n < count; n++) {
    dat.writeUInt32LE(n + 1, n * width);
    dat.writeUInt32LE(Math.round((n / RATE) * 1e6) % 2 ** 32, n * width + 4);
    for (let c = 0; c < CHANNELS; c++) dat.writeInt16LE(sample(n, c), n * width + 8 + 2 * c);
  }
  return { cfg, dat };
}

/** All channels of a file decoded, as a reader of whole files does it. */
async function readAll(path: string): Promise<number> {
  const source = await openSource({ path });
  const { data, config } = await openComtrade(source.parts);
  const analog = config.analog.map((_, place) => place);
  let samples = 0;
  for await (const { count } of data.rows({ analog })) samples += count * analog.length;
  await source.close();
  return samples;
}

/** From a file to its events: opened, channels found, frames cut, judged. */
async function toEvents(path: string): Promise<number> {
  let events = 0;
  const detector = new SagSwellDetector(readDetectorSettings({}), {
    event: ({ state }) => {
      if (state === 'end') events++;
    },
    rms() {},
    diagnostic() {},
  });
  const file = await openRecord({ path });
  for await (const one of file.records()) if (one.kind === 'waveform') detector.push(one);
  await file.close();
  return events;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** python-comtrade, where this machine has it: seconds to load a file, all channels. */
function peer(stem: string): number | undefined {
  const script =
    'import sys,time,comtrade\nt=time.time()\ncomtrade.load(sys.argv[1],sys.argv[2])\nprint(time.time()-t)';
  try {
    return Number(
      execFileSync('python3', ['-c', script, `${stem}.cfg`, `${stem}.dat`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    return undefined;
  }
}

export async function benchFiles(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pq-bench-files-'));
  try {
    const rows: string[][] = [];
    for (const [format, seconds] of [
      ['BINARY', 360],
      ['ASCII', 130],
    ] as const) {
      const { cfg, dat } = record(seconds, format);
      const stem = join(folder, format);
      writeFileSync(`${stem}.cfg`, cfg);
      writeFileSync(`${stem}.dat`, dat);
      const megabytes = dat.length / 1e6;
      const ms = await timed(() => readAll(`${stem}.cfg`));
      const other = peer(stem);
      rows.push([
        format,
        `${megabytes.toFixed(0)} MB`,
        `${((1000 * megabytes) / ms).toFixed(0)} MB/s`,
        other === undefined ? 'not here' : `${(megabytes / other).toFixed(1)} MB/s`,
      ]);
    }
    table('COMTRADE, all 55 channels decoded', ['form', 'size', 'ours', 'python-comtrade'], rows);
    const short: string[][] = [];
    for (const format of ['BINARY', 'ASCII'] as const) {
      const { cfg, dat } = record(EVENT_SECONDS, format);
      const stem = join(folder, `short-${format}`);
      writeFileSync(`${stem}.cfg`, cfg);
      writeFileSync(`${stem}.dat`, dat);
      let events = 0;
      const start = performance.now();
      events = await toEvents(`${stem}.cfg`);
      const first = performance.now() - start;
      const ms = await timed(() => toEvents(`${stem}.cfg`));
      short.push([format, String(events), `${first.toFixed(0)} ms`, `${ms.toFixed(0)} ms`]);
    }
    table('From file to events, 16.4 s of 55 channels', ['form', 'events', 'first time', 'median'], short);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
