import { genericPq } from '../../src/registers';
import {
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { freePort } from '../free-port';
import { python, stop } from './programs';

/** Two meters made after docs/generic-pq.md, with the same supply; a load that lags by `lag` degrees in each phase. */
export interface ReferenceMeter {
  port: number;
  /** Time of the first sample, ms since 1970. */
  origin: number;
  lag: { a: number; b: number; c: number };
  end(): Promise<void>;
}

export interface MeterOptions {
  rate?: number;
  fifo?: number;
  firstBlock?: number;
  logCtrl?: number;
  /** Seconds after the start at which phase A falls to 0.6 pu for 0.2 s. */
  sag?: number;
  /** Of the meter in Python: a certain port. */
  port?: number;
  /** File for what is kept over a restart. */
  state?: string;
}

export const VOLTAGE = 230;
export const CURRENT = 5;
export const RATE = 3200;

/** What a channel such as `va` has at `t` seconds after the origin, without a sag. */
export function signalAt(name: string, t: number, lag: ReferenceMeter['lag']): number {
  const phase = name[1] as 'a' | 'b' | 'c';
  const shift = { a: 0, b: 120, c: 240 }[phase] + (name[0] === 'i' ? lag[phase] : 0);
  const rms = name[0] === 'i' ? CURRENT : VOLTAGE;
  return rms * Math.SQRT2 * Math.sin(2 * Math.PI * 50 * t - (shift * Math.PI) / 180);
}

/** The flags of the meter in Python. */
export function flagsOf({
  rate = RATE,
  fifo = 4000,
  firstBlock = 0,
  logCtrl,
  sag,
  state,
}: MeterOptions): string[] {
  return [
    ...['--rate', String(rate), '--fifo', String(fifo), '--first-block', String(firstBlock)],
    ...(logCtrl === undefined ? [] : ['--log-ctrl', String(logCtrl)]),
    ...(sag === undefined ? [] : ['--sag', String(sag)]),
    ...(state === undefined ? [] : ['--state', state]),
  ];
}

export async function pythonMeter(options: MeterOptions): Promise<ReferenceMeter> {
  const port = options.port ?? (await freePort());
  const { child, line } = await python('generic_pq_meter.py', 'tcp', String(port), ...flagsOf(options));
  const { origin, lag } = JSON.parse(line);
  return { port, origin: origin / 1000, lag, end: () => stop(child) };
}

export async function simulatorMeter(options: MeterOptions): Promise<ReferenceMeter> {
  const { rate = RATE, fifo = 4000, firstBlock, logCtrl, sag } = options;
  const disturbances =
    sag === undefined ? [] : [{ type: 'sag', at: sag, duration: 0.2, residual: 0.6, phases: 'a' }];
  const settings = readSyntheticSettings({
    rate,
    nominal: VOLTAGE,
    current: CURRENT,
    powerFactor: Math.cos(Math.PI / 6),
    disturbances,
  });
  const source = new SyntheticSource({ ...settings, harmonics: [] });
  const start = Date.now();
  const meter = new SimulatedMeter({
    profile: genericPq,
    source,
    nominal: VOLTAGE,
    fifoBlocks: fifo,
    start,
    firstBlock,
  });
  if (logCtrl !== undefined) meter.write(genericPq.registers.LOG_CTRL.address, [logCtrl]);
  const server = await SimulatorServer.listen(new Map([[1, meter]]), 0);
  return { port: server.port, origin: start, lag: { a: 30, b: 30, c: 30 }, end: () => server.close() };
}
