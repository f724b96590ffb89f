import { faultOf, ModbusLink, readLinkSettings } from '../../src/metering';
import { type SaboteurSettings, startSaboteur, wordAt } from './rtu-saboteur';

export interface Outcome {
  right: number;
  wrong: number;
  faults: Map<string, number>;
  ms: number;
}

interface Reading {
  units: number;
  /** How many, or until when on the clock of `performance.now`. */
  readings?: number;
  deadline?: number;
  timeout: number;
  retries: number;
  /** Makes a serial line that leads to a TCP port; without it the line is RTU over TCP. */
  serial?(port: number): Promise<string>;
}

/** Readings of some registers of some units, one after the other, over a line that spoils them. */
export async function readOver(
  settings: SaboteurSettings,
  { units, readings = Infinity, deadline = Infinity, timeout, retries, serial }: Reading,
): Promise<Outcome> {
  const saboteur = await startSaboteur(settings);
  const { port } = saboteur;
  const line = serial
    ? { transport: 'rtu', serialPort: await serial(port), baudRate: 38_400 }
    : { transport: 'rtu-over-tcp', host: '127.0.0.1', port };
  const link = new ModbusLink(readLinkSettings({ ...line, timeout, retries }));
  const outcome: Outcome = { right: 0, wrong: 0, faults: new Map(), ms: 0 };
  const began = performance.now();
  for (let n = 0; n < readings && performance.now() < deadline; n++) {
    const unit = 1 + (n % units);
    const address = settings.random(1000);
    // Often as many: that is when one answer can be taken for another.
    const count = settings.random(3) ? 6 : 1 + settings.random(20);
    try {
      const words = await link.read(unit, address, count);
      const isRight = words.length === count && words.every((word, i) => word === wordAt(unit, address + i));
      outcome[isRight ? 'right' : 'wrong']++;
    } catch (error) {
      const { code } = faultOf(error);
      outcome.faults.set(code, (outcome.faults.get(code) ?? 0) + 1);
    }
  }
  outcome.ms = performance.now() - began;
  await link.close();
  await saboteur.close();
  return outcome;
}

/** Prints what came of it. @returns how many readings there were, and how many of them were wrong */
export function say(name: string, outcomes: readonly Outcome[]): { all: number; wrong: number } {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  const [right, wrong] = [sum(({ right }) => right), sum(({ wrong }) => wrong)];
  const faults = new Map<string, number>();
  for (const one of outcomes)
    for (const [code, count] of one.faults) faults.set(code, (faults.get(code) ?? 0) + count);
  const lost = [...faults].map(([code, count]) => `${code} ${count}`).join(', ');
  const all = right + wrong + [...faults.values()].reduce((a, b) => a + b, 0);
  console.log(
    `      ${name}: ${all} readings, ${wrong} wrong, ${((100 * right) / all).toFixed(1)} % arrive; ${lost}`,
  );
  return { all, wrong };
}
