/**
 * Writes COMTRADE files for the tests, straight from the text of the standard: it shares nothing with
 * the reader, so what the reader finds is held against what was meant.
 */

export interface Spec {
  revision?: 1991 | 1999 | 2013;
  format?: 'ASCII' | 'BINARY' | 'BINARY32' | 'FLOAT32';
  analog?: string[];
  status?: string[];
  rates?: [number, number][];
  /** Lines from the line frequency on are left to the caller where given. */
  tail?: string[];
  station?: string;
}

export interface Row {
  stamp: number | '';
  analog: (number | '')[];
  status?: number[];
}

export const ANALOG = ['1,UA,A,,V,2,1,0,-32767,32767,1,1,P', '2,IA,A,,A,0.5,0,0,-32767,32767,100,5,S'];
const ANALOG_1991 = ['1,UA,A,,V,2,1,0,-32767,32767', '2,IA,A,,A,0.5,0,0,-32767,32767'];

export function cfg(spec: Spec, count: number): string {
  const revision = spec.revision ?? 1999;
  const analog = spec.analog ?? (revision === 1991 ? ANALOG_1991 : ANALOG);
  const status = spec.status ?? [];
  const rates = spec.rates ?? [[1000, count]];
  const date = revision === 1991 ? '02/01/99' : '01/02/1999';
  const head = [
    `${spec.station ?? 'Station'},Device${revision === 1991 ? '' : `,${revision}`}`,
    `${analog.length + status.length},${analog.length}A,${status.length}D`,
    ...analog,
    ...status,
  ];
  const middle = [
    '50',
    String(rates.filter(([rate]) => rate > 0).length),
    ...rates.map(([rate, end]) => `${rate},${end}`),
    `${date},12:00:00.500000`,
    `${date},12:00:00.600000`,
    spec.format ?? 'ASCII',
    ...(revision === 1991 ? [] : ['1']),
    ...(revision === 2013 ? ['0,0', '0,0'] : []),
  ];
  return [...head, ...(spec.tail ?? middle), ''].join('\r\n');
}

export function asciiDat(rows: Row[]): Buffer {
  return Buffer.from(
    rows.map((row, i) => [i + 1, row.stamp, ...row.analog, ...(row.status ?? [])].join(',')).join('\r\n') +
      '\r\n',
  );
}

export function binaryDat(rows: Row[], format: 'BINARY' | 'BINARY32' | 'FLOAT32'): Buffer {
  const missing = { BINARY: -0x8000, BINARY32: -0x80000000, FLOAT32: -3.4028234663852886e38 }[format];
  return Buffer.concat(
    rows.map((row, i) => {
      const width = format === 'BINARY' ? 2 : 4;
      const status = row.status ?? [];
      const words = Math.ceil(status.length / 16);
      const record = Buffer.alloc(8 + width * row.analog.length + 2 * words);
      record.writeUInt32LE(i + 1, 0);
      record.writeUInt32LE(row.stamp === '' ? 0xffffffff : row.stamp % 2 ** 32, 4);
      row.analog.forEach((value, k) => {
        const stored = value === '' ? missing : value;
        if (format === 'BINARY') record.writeInt16LE(stored, 8 + 2 * k);
        else if (format === 'BINARY32') record.writeInt32LE(stored, 8 + 4 * k);
        else record.writeFloatLE(stored, 8 + 4 * k);
      });
      for (let w = 0; w < words; w++) {
        let bits = 0;
        for (let b = 0; b < 16; b++) if (status[16 * w + b]) bits |= 1 << b;
        record.writeUInt16LE(bits, 8 + width * row.analog.length + 2 * w);
      }
      return record;
    }),
  );
}
