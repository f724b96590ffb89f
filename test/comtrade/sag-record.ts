import { cfg } from './writer';

/** Samples per second. */
export const RATE = 1600;
export const CHANNELS = ['IA', 'IB', 'IC', 'VA', 'VB', 'VC'];

interface Shape {
  /** Samples of each channel. */
  count?: number;
  /** As many as the header says. */
  promised?: number;
  /** A name with a V is a voltage; phases in turn. */
  names?: readonly string[];
}

/** A BINARY record of 230 V and 5 A at 50 Hz with a sag of all phases to 0.6 from 1.0 to 1.2 s. */
export function sagRecord({ count = 2 * RATE, promised = count, names = CHANNELS }: Shape = {}): {
  cfg: Buffer;
  dat: Buffer;
} {
  const isVoltage = (name: string) => name.includes('V');
  const analog = names.map(
    (name, i) =>
      `${i + 1},${name},,,${isVoltage(name) ? 'V' : 'A'},${isVoltage(name) ? 0.02 : 0.001},0,0,-32767,32767,1,1,P`,
  );
  const header = cfg({ format: 'BINARY', analog, rates: [[RATE, promised]] }, promised);
  const row = 8 + 2 * names.length;
  const dat = Buffer.alloc(row * count);
  for (let n = 0; n < count; n++) {
    const t = n / RATE;
    dat.writeUInt32LE(n + 1, n * row);
    dat.writeUInt32LE(Math.round(t * 1e6), n * row + 4);
    names.forEach((name, i) => {
      const angle = 2 * Math.PI * 50 * t - ((i % 3) * 2 * Math.PI) / 3;
      const gain = t >= 1 && t < 1.2 ? 0.6 : 1;
      const value = isVoltage(name)
        ? (gain * 230 * Math.SQRT2 * Math.cos(angle)) / 0.02
        : (5 * Math.SQRT2 * Math.cos(angle - 0.5)) / 0.001;
      dat.writeInt16LE(Math.round(value), n * row + 8 + 2 * i);
    });
  }
  return { cfg: Buffer.from(header), dat };
}
