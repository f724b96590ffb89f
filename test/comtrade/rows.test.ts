import assert from 'node:assert/strict';
import { type ByteSource, bytesSource, ComtradeError, type Progress } from '../../src/comtrade';
import { seeded } from '../signal/signals';
import { readWhole, rowsOf } from './whole';
import { asciiDat, binaryDat, cfg, type Row, type Spec } from './writer';

const FORMATS = ['ASCII', 'BINARY', 'BINARY32', 'FLOAT32'] as const;
/** Values as they are stored. */
const PLAIN = ['1,UA,A,,V,1,0,0,-9,9,1,1,P', '2,IA,A,,A,1,0,0,-9,9,1,1,P'];
const STATUS = ['1,D1,,,0', '2,D2,,,0'];

/** Whole numbers that are others in each row and channel; every seventh of the second channel is missing. */
function rowsAt(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => ({
    stamp: 100 * n,
    analog: [(n % 9973) - 5000, n % 7 === 0 ? '' : (n * 3) % 8191],
    status: [n % 2, n % 3 === 0 ? 1 : 0],
  }));
}

function datOf(format: (typeof FORMATS)[number], rows: Row[]): Buffer {
  return format === 'ASCII' ? asciiDat(rows) : binaryDat(rows, format);
}

const meant = (rows: Row[], from = 0, to = rows.length) => ({
  analog: [0, 1].map((k) =>
    Float64Array.from(rows.slice(from, to), ({ analog }) =>
      analog[k] === '' ? Number.NaN : (analog[k] as number),
    ),
  ),
  status: [0, 1].map((k) => Uint8Array.from(rows.slice(from, to), ({ status = [] }) => status[k])),
});

/** A source that gives no more than so many bytes at once. */
function inPieces(bytes: Uint8Array, most: number): ByteSource {
  return {
    size: bytes.length,
    read: async (position, length) => bytes.subarray(position, position + Math.min(length, most)),
  };
}

const spec: Spec = { analog: PLAIN, status: STATUS };
const read = (lines: string, analog = PLAIN, status: string[] = []) =>
  readWhole(cfg({ analog, status, rates: [[0, 2]] }, 2), Buffer.from(lines, 'latin1'));

describe('comtrade rows', () => {
  for (const format of FORMATS) {
    it(`are the same ${format} rows wherever a long file is cut into blocks, and in any range`, async () => {
      // Several blocks of 1 MiB.
      const rows = rowsAt(format === 'ASCII' ? 130_000 : 180_000);
      const dat = datOf(format, rows);
      assert.ok(dat.length > 2 * 2 ** 20);
      const r = await readWhole(cfg({ ...spec, format }, rows.length), dat);
      assert.equal(r.count, rows.length);
      assert.deepEqual({ analog: r.analog, status: r.status }, meant(rows));
      assert.ok(r.stamps.every((stamp, n) => Math.abs(stamp - n * 1e-4) < 1e-9));
      const edge = Math.floor(2 ** 20 / (dat.length / rows.length));
      const ranges = [
        [0, 1],
        [4095, 4097],
        [4096, 4096],
        [edge - 3, edge + 3],
        [2 * edge - 700, 2 * edge + 700],
        [100_001, rows.length],
        [rows.length - 1, rows.length],
      ];
      for (const [from, to] of ranges) {
        assert.deepEqual(await rowsOf(r, from, to), meant(rows, from, to), `${from} to ${to}`);
      }
    });
  }

  it('are those of the channels asked for, in the order asked for, to the last row there is', async () => {
    const rows = rowsAt(20);
    for (const format of FORMATS) {
      const r = await readWhole(cfg({ ...spec, format }, 20), datOf(format, rows));
      const { analog } = meant(rows, 15, 20);
      for await (const { first, count, values, status } of r.data.rows({
        analog: [1, 0],
        from: 15,
        to: 99,
      })) {
        assert.deepEqual([first, count, status], [15, 5, []]);
        assert.deepEqual(values, [analog[1], analog[0]]);
      }
      const none = r.data.rows({ analog: [0], from: 20, to: 30 });
      assert.deepEqual(await none.next(), { done: true, value: undefined });
    }
  });

  it('come in parts of a bounded size', async () => {
    for (const format of FORMATS) {
      const rows = rowsAt(130_000);
      const r = await readWhole(cfg({ ...spec, format }, rows.length), datOf(format, rows));
      let parts = 0;
      for await (const { count, values } of r.data.rows({ analog: [0] })) {
        parts++;
        assert.ok(count <= 2 ** 20 / 14 && values[0].length === count, `${format}: ${count} rows`);
      }
      assert.ok(parts >= 2, `${format}: ${parts} parts`);
    }
  });

  it('say how far the file has been looked through, up to all of it', async () => {
    for (const format of FORMATS) {
      const rows = rowsAt(130_000);
      const seen: number[] = [];
      const progress: Progress = (part) => seen.push(part);
      await readWhole(cfg({ ...spec, format }, rows.length), datOf(format, rows), { progress });
      assert.ok(seen.length >= 2 && seen[0] > 0 && seen[0] < 0.9, `${format}: ${seen}`);
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => a - b),
      );
      assert.equal(seen[seen.length - 1], 1);
    }
  });

  for (const [name, ending] of [
    ['CRLF', '\r\n'],
    ['LF', '\n'],
    ['CR alone', '\r'],
  ]) {
    for (const comma of ['', ',']) {
      const rows = rowsAt(9);
      const text = asciiDat(rows).toString();
      const lines = text.replaceAll('\r\n', `${comma}${ending}`);
      it(`are the same with ${name}${comma && ' and a comma at the end of each'}, wherever they are cut`, async () => {
        const variants = [
          lines,
          lines.slice(0, -ending.length),
          `${lines}\x1a`,
          `${lines}${ending}${ending}`,
        ];
        for (const variant of variants) {
          const bytes = Buffer.from(variant);
          for (const most of [1, 2, 3, 5, 7, 11, 16, 31, bytes.length - 1, bytes.length]) {
            const r = await readWhole(cfg(spec, 9), inPieces(bytes, most));
            const label = `${JSON.stringify(variant.slice(-6))} in pieces of ${most}`;
            assert.deepEqual({ analog: r.analog, status: r.status }, meant(rows), label);
            assert.deepEqual(r.warnings, [], label);
            assert.deepEqual(await rowsOf(r, 4, 8), meant(rows, 4, 8), label);
          }
        }
      });
    }

    it(`are counted by lines with ${name}: an error names the line, empty ones included`, async () => {
      const lines = ['', '1,0,1,2', ' ', '\t', '2,1,3,4', '', '3,2,5,x', ''].join(ending);
      for (const most of [1, 4, 1000]) {
        const source = inPieces(Buffer.from(lines), most);
        await assert.rejects(
          readWhole(cfg({ analog: PLAIN }, 3), source),
          /^line 7: channel 2 must be a number, got "x"$/,
        );
      }
    });
  }

  it('with CR alone are read about as fast as with LF', async () => {
    const text = asciiDat(rowsAt(40_000)).toString();
    const seconds = async (ending: string) => {
      const dat = Buffer.from(text.replaceAll('\r\n', ending));
      const start = process.cpuUsage();
      await readWhole(cfg(spec, 40_000), dat);
      return process.cpuUsage(start).user / 1e6;
    };
    await seconds('\n');
    const [lf, cr] = [await seconds('\n'), await seconds('\r')];
    assert.ok(cr < 8 * lf + 0.2, `${cr} s with CR alone, ${lf} s with LF`);
  });

  it('leave out empty lines, blanks around numbers and all behind Ctrl-Z', async () => {
    const r = await read('\r\n 1 ,\t0, 5 , -7\t\r\n\r\n   \r\n2,100,6,\r\n\x1a3,200,garbage');
    assert.deepEqual(r.analog, [Float64Array.of(5, 6), Float64Array.of(-7, Number.NaN)]);
    assert.deepEqual(
      [...r.stamps].map((t) => Math.round(t * 1e6)),
      [0, 100],
    );
    assert.deepEqual(r.warnings, []);
  });

  it('hold the nearest double of any decimal number', async () => {
    // The compiler's own reading of each number, beside its text.
    const numbers: [string, number][] = [
      ['0', 0],
      ['+7', 7],
      ['.5', 0.5],
      ['-.25', -0.25],
      ['5.', 5],
      ['-0.1', -0.1],
      ['007.50', 7.5],
      ['1e3', 1000],
      ['-1.5E+03', -1500],
      ['2.5e-7', 2.5e-7],
      ['-3.402823466E+38', -3.402823466e38],
      ['1.7976931348623157e308', 1.7976931348623157e308],
      ['123456789012345', 123456789012345],
      ['9007199254740993', 9007199254740992],
      ['0.1234567890123456789', 0.12345678901234568],
      ['0.30000000000000004', 0.30000000000000004],
      ['0.00000000000000000000001', 1e-23],
      ['100000000000000000000000', 1e23],
    ];
    const lines = numbers.map(([text], n) => `${n + 1},${n},${text},${n}`).join('\n');
    const { analog } = await read(lines);
    numbers.forEach(([text, value], n) => {
      assert.equal(analog[0][n], value, text);
    });
    assert.deepEqual(
      [...analog[1]],
      numbers.map((_, n) => n),
    );
  });

  it('hold the nearest double of random decimal numbers of up to 22 digits', async () => {
    const random = seeded(7);
    const digits = (count: number) => Array.from({ length: count }, () => random(10)).join('');
    const texts = Array.from({ length: 5000 }, () => {
      const sign = ['', '-', '+'][random(3)];
      return `${sign}${digits(1 + random(18))}${random(4) ? `.${digits(1 + random(22))}` : ''}`;
    });
    const { analog } = await read(texts.map((text, n) => `${n},${n},${text},0`).join('\n'));
    texts.forEach((text, n) => {
      // Plus zero: the offset is added to a minus zero.
      assert.equal(analog[0][n], Number(text) + 0, text);
    });
  });

  for (const text of ['1O', '--1', '1.2.3', '1e', '-', '.', '1 2', '1e999', 'Infinity', 'NaN', '1;2']) {
    it(`refuse ${JSON.stringify(text)} as a number, and say in which line`, async () => {
      const spoilt = (field: number) =>
        [1, 2, 3].map((n) => {
          const fields = [String(n), String(n), '5', '6', '0', '1'];
          if (n === 2) fields[field] = text;
          return fields.join(',');
        });
      const names = ['', 'time stamp', 'channel 1', 'channel 2', 'status'];
      for (const field of [1, 2, 3, 4]) {
        await assert.rejects(
          read(spoilt(field).join('\r\n'), PLAIN, STATUS),
          (error: Error) =>
            error instanceof ComtradeError &&
            error.message === `line 2: ${names[field]} must be a number, got ${JSON.stringify(text)}`,
        );
      }
    });
  }

  for (const text of ['0x1F', '0b1', '0o7']) {
    it(`refuse ${text}: numbers are decimal (C37.111-2013, 8.4)`, async () => {
      await assert.rejects(read(`1,0,1,2\n2,1,${text},4`), /^line 2: channel 1 must be a number/);
    });
  }

  it('refuse a row of too few or too many fields, and say in which line', async () => {
    const [good, few, many] = ['1,0,1,2\n', '2,1,3\n', '2,1,3,4,5\n'];
    await assert.rejects(read(good + few + good), /^line 2: 4 fields expected, 3 found$/);
    await assert.rejects(read(good + many + good), /^line 2: 4 fields expected, 5 found$/);
    await assert.rejects(read(good + many), /^line 2: 4 fields expected, 5 found$/);
    await assert.rejects(read(few), /^line 1: 4 fields expected, 3 found$/);
    // Two commas at the end are a field too many.
    await assert.rejects(read('1,0,1,2,,\n'), /^line 1: 4 fields expected, 6 found$/);
  });

  it('leave out an unfinished last line, with a warning that names it', async () => {
    for (const cut of ['2', '2,1', '2,1,3', '2,1,3\n\n', '2,1,3\x1a']) {
      const r = await read(`1,0,1,2\n\n${cut}`);
      assert.equal(r.count, 1);
      assert.deepEqual(r.analog, [Float64Array.of(1), Float64Array.of(2)]);
      assert.deepEqual(r.warnings, [
        'line 3: an unfinished last line is left out',
        'the header promises 2 samples, the data holds 1: all 1 are read',
      ]);
    }
  });

  it('know binary rows of another width by their numbers', async () => {
    const rows = rowsAt(50);
    const three = [...PLAIN, '3,IB,B,,A,1,0,0,-9,9,1,1,P'];
    for (const format of ['BINARY', 'BINARY32', 'FLOAT32'] as const) {
      await assert.rejects(
        readWhole(cfg({ ...spec, format, analog: three }, 50), binaryDat(rows, format)),
        /^byte \d+: sample numbers do not rise by one: records are not \d+ bytes wide/,
      );
    }
  });

  it('say when a binary file became shorter while it was read', async () => {
    const dat = binaryDat(rowsAt(50), 'BINARY');
    let shown: Uint8Array = dat;
    const source: ByteSource = {
      size: dat.length,
      read: (position, length) => bytesSource(shown).read(position, length),
    };
    const r = await readWhole(cfg({ ...spec, format: 'BINARY' }, 50), source);
    shown = dat.subarray(0, 100);
    await assert.rejects(rowsOf(r), /^byte 100: the file became shorter/);
  });
});
