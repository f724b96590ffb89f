import assert from 'node:assert/strict';
import { type AnalogChannel, ComtradeError } from '../../src/comtrade';
import { readCff, readWhole } from './whole';
import { asciiDat, binaryDat, cfg, type Row, type Spec } from './writer';

const ROWS: Row[] = [
  { stamp: 0, analog: [10, -20], status: [1, 0] },
  { stamp: 1000, analog: ['', 30], status: [0, 1] },
  { stamp: 2000, analog: [-5, 7], status: [1, 1] },
];
const STATUS = ['1,D1,,,0', '2,D2,,,1'];

function read(spec: Spec, rows: Row[] = ROWS, dat?: Buffer) {
  const format = spec.format ?? 'ASCII';
  const own = spec.status ? rows : withoutStatus(rows);
  const bytes = dat ?? (format === 'ASCII' ? asciiDat(own) : binaryDat(own, format));
  return readWhole(cfg(spec, rows.length), bytes);
}

function withoutStatus(rows: Row[]): Row[] {
  return rows.map((row) => ({ ...row, status: [] }));
}

describe('comtrade', () => {
  for (const revision of [1991, 1999, 2013] as const) {
    for (const format of ['ASCII', 'BINARY', 'BINARY32', 'FLOAT32'] as const) {
      it(`reads ${revision} ${format}, scaled, with a missing value`, async () => {
        const status = revision === 1991 ? ['1,D1,0', '2,D2,1'] : STATUS;
        const rows = revision === 1991 && format === 'ASCII' ? withCode(999999) : ROWS;
        const r = await read({ revision, format, status }, rows);
        assert.equal(r.config.revision, revision);
        assert.deepEqual([...r.analog[0]], [21, Number.NaN, -9]);
        assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
        assert.deepEqual([...r.status[0]], [1, 0, 1]);
        assert.deepEqual([...r.status[1]], [0, 1, 1]);
        assert.deepEqual([...r.stamps], [0, 0.001, 0.002]);
        // 1991 writes month first: both dates are the first of February.
        assert.equal(r.config.start, Date.UTC(1999, 1, 1, 12, 0, 0, 500));
        assert.deepEqual(r.warnings, []);
      });
    }
  }

  function withCode(code: number): Row[] {
    return ROWS.map((row) => ({ ...row, analog: row.analog.map((value) => (value === '' ? code : value)) }));
  }

  it('takes the time code of 2013 for the difference to UTC', async () => {
    const file = (code: string) => cfg({ revision: 2013 }, 3).replace('0,0\r\n0,0', `${code},${code}\r\n0,0`);
    const start = async (code: string) =>
      (await readWhole(file(code), asciiDat(withoutStatus(ROWS)))).config.start;
    const local = Date.UTC(1999, 1, 1, 12, 0, 0, 500);
    assert.equal(await start('0'), local);
    assert.equal(await start('-4'), local + 4 * 3_600_000);
    assert.equal(await start('+5h30'), local - 5.5 * 3_600_000);
    assert.equal(await start('x'), local);
  });

  it('reads status words beyond the sixteenth channel', async () => {
    const status = Array.from({ length: 20 }, (_, i) => `${i + 1},D${i + 1},,,0`);
    const bits = status.map((_, i) => (i === 17 ? 1 : 0));
    const r = await read({ format: 'BINARY', status }, [{ stamp: 0, analog: [1, 2], status: bits }]);
    assert.deepEqual(
      r.status.map(([bit]) => bit),
      bits,
    );
  });

  it('reads the ratio of instrument transformers, and leaves values on the side that was recorded', async () => {
    const ratios = ({ primary, secondary, side }: AnalogChannel) => [primary, secondary, side];
    const r = await read({});
    assert.deepEqual(r.config.analog.map(ratios), [
      [1, 1, 'P'],
      [100, 5, 'S'],
    ]);
    assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
    const old = await read({ revision: 1991 });
    assert.deepEqual(old.config.analog.map(ratios), [
      [1, 1, 'P'],
      [1, 1, 'P'],
    ]);
  });

  it('gives the stretches of several rates, the last one to the end of the data', async () => {
    const rows = Array.from({ length: 7 }, (_, n): Row => ({ stamp: '', analog: [n, n] }));
    const rates: [number, number][] = [
      [1000, 2],
      [500, 6],
    ];
    const r = await read({ rates }, rows);
    assert.deepEqual(r.rates, [
      { rate: 1000, from: 0, to: 2 },
      { rate: 500, from: 2, to: 7 },
    ]);
    const short = await read({ rates }, rows.slice(0, 4));
    assert.deepEqual(short.rates, [
      { rate: 1000, from: 0, to: 2 },
      { rate: 500, from: 2, to: 4 },
    ]);
  });

  it('undoes a counter of 32 bits, or of ten digits, that runs over', async () => {
    const cases: [Spec['format'], number][] = [
      ['ASCII', 2 ** 32],
      ['BINARY', 2 ** 32],
      ['ASCII', 1e10],
    ];
    for (const [format, span] of cases) {
      const rows = [0, 1000, 2000, 3000].map(
        (t): Row => ({
          stamp: (span - 1500 + t) % span,
          analog: [t, 0],
        }),
      );
      const r = await read({ format, rates: [[0, 4]] }, rows);
      assert.deepEqual(
        [...r.stamps].map((t) => Math.round(t * 1e6)),
        [0, 1000, 2000, 3000],
      );
      assert.deepEqual(r.warnings, []);
      assert.deepEqual(r.rates, [{ rate: 0, from: 0, to: 4 }]);
    }
  });

  it('says that stamps run back, which is no counter running over', async () => {
    const rows = [0, 1000, 500, 1500].map((stamp): Row => ({ stamp, analog: [1, 2] }));
    const r = await read({ rates: [[0, 4]] }, rows);
    assert.deepEqual(
      [...r.stamps].map((t) => Math.round(t * 1e6)),
      [0, 1000, 500, 1500],
    );
    assert.deepEqual(r.warnings, ['time stamps run backwards in 1 places']);
  });

  it('reads empty time stamps and stops at Ctrl-Z', async () => {
    const text = asciiDat(withoutStatus(ROWS).map((row) => ({ ...row, stamp: '' }))).toString();
    const r = await read({}, ROWS, Buffer.from(`${text.trimEnd()}\x1a garbage after the end`));
    assert.equal(r.count, 3);
    assert.deepEqual([...r.stamps], [Number.NaN, Number.NaN, Number.NaN]);
    assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
  });

  it('says when the counts disagree, and reads as far as the data goes', async () => {
    for (const declared of [2, 5]) {
      const r = await read({ rates: [[1000, declared]] });
      assert.equal(r.count, 3);
      assert.match(r.warnings.join(), new RegExp(`promises ${declared} samples, the data holds 3`));
    }
  });

  it('leaves out the unfinished end of a cut file, and says so', async () => {
    const whole = binaryDat(ROWS, 'BINARY');
    const cut = await read({ format: 'BINARY', status: STATUS }, ROWS, whole.subarray(0, whole.length - 5));
    assert.equal(cut.count, 2);
    assert.match(cut.warnings.join(), /byte 28: 9 bytes of an unfinished record/);
    const text = asciiDat(ROWS).toString();
    const ascii = await read({ status: STATUS }, ROWS, Buffer.from(text.slice(0, -8)));
    assert.equal(ascii.count, 2);
    assert.match(ascii.warnings.join(), /line 3: an unfinished last line/);
  });

  it('reads code pages other than UTF-8, found or named', async () => {
    const russian = 'Подстанция Северная Трансформатор';
    const bytes = Buffer.from([...russian].map((c) => (c === ' ' ? 0x20 : c.charCodeAt(0) - 0x410 + 0xc0)));
    const [before, after] = cfg({ station: '@@' }, 3).split('@@');
    const file = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
    const dat = asciiDat(withoutStatus(ROWS));
    for (const encoding of [undefined, 'windows-1251']) {
      const r = await readWhole(file, dat, { encoding });
      assert.equal(r.config.station, russian);
      assert.equal(r.encoding, 'windows-1251');
    }
    await assert.rejects(readWhole(file, dat, { encoding: 'klingon' }), /not a known code page/);
    const utf8 = await readWhole(`\ufeff${cfg({ station: 'Žďár' }, 3)}`, dat);
    assert.equal(utf8.config.station, 'Žďár');
  });

  it('reads single files (.cff), ASCII and binary', async () => {
    const spec: Spec = { revision: 2013, format: 'BINARY', status: STATUS };
    const dat = binaryDat(ROWS, 'BINARY');
    const parts = (header: string, data: Buffer) =>
      Buffer.concat([
        Buffer.from(`--- file type: CFG ---\r\n${cfg(spec, 3)}--- file type: INF ---\r\n`),
        Buffer.from(`--- file type: HDR ---\r\nA header\r\n--- file type: ${header} ---\r\n`),
        data,
      ]);
    const r = await readCff(parts(`DAT BINARY: ${dat.length}`, dat));
    assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
    assert.match(r.header ?? '', /A header/);
    // Data whose bytes look like a separator stay data, since their count is given.
    const tricky = Buffer.from(dat);
    Buffer.from('\n--- ').copy(tricky, 9);
    assert.equal((await readCff(parts(`DAT BINARY: ${dat.length}`, tricky))).count, 3);
    const ascii = Buffer.from(
      `--- file type: CFG ---\n${cfg({ revision: 2013, status: STATUS }, 3)}--- file type: DAT ASCII ---\n${asciiDat(ROWS)}`,
    );
    assert.equal((await readCff(ascii)).count, 3);
    const short = await readCff(parts(`DAT BINARY: ${dat.length}`, dat.subarray(0, 30)));
    assert.equal(short.count, 2);
    await assert.rejects(readCff(Buffer.from('nothing')), /byte 0: no line "--- file type: CFG/);
    await assert.rejects(
      readCff(Buffer.from(`--- file type: CFG ---\n${cfg(spec, 3)}`)),
      /no part "file type: DAT"/,
    );
  });

  const BROKEN: [string, (text: string) => string, RegExp][] = [
    ['no channel counts', (t) => t.replace('2,2A,0D', 'x'), /^line 2: channel count/],
    [
      'an analogue line that is too short',
      (t) => t.replace('1,UA,A,,V,2,1', '1,UA'),
      /^line 3: an analogue channel has 10/,
    ],
    [
      'a multiplier that is no number',
      (t) => t.replace('V,2,1', 'V,two,1'),
      /^line 3: multiplier a must be a number, got "two"/,
    ],
    ['a negative rate', (t) => t.replace('1000,3', '-1,3'), /^line 7: sampling rate must be 0 or more/],
    [
      'an endless number of rates',
      (t) => t.replace('\r\n1\r\n1000', '\r\n1e9\r\n1000'),
      /^line 6: number of sampling rates/,
    ],
    ['an unknown data format', (t) => t.replace('ASCII', 'EBCDIC'), /^line 10: data file type must be/],
    ['an end in the middle', (t) => t.slice(0, 40), /^line \d: /],
    ['nothing in it', () => '', /^line 1: the file ends where station name/],
    ['too many channels', (t) => t.replace('2A', '99999A'), /^line 2: channel count/],
  ];
  for (const [what, spoil, message] of BROKEN) {
    it(`says which line is wrong: ${what}`, async () => {
      const file = Buffer.from(spoil(cfg({}, 3)));
      await assert.rejects(
        readWhole(file, asciiDat(ROWS)),
        (error) => error instanceof ComtradeError && message.test(error.message),
      );
    });
  }

  it('says which line of the data is wrong', async () => {
    const dat = asciiDat(withoutStatus(ROWS)).toString();
    await assert.rejects(
      read({}, ROWS, Buffer.from(dat.replace('-20', '1O'))),
      /^line 1: channel 2 must be a number, got "1O"/,
    );
    await assert.rejects(
      read({}, ROWS, Buffer.from(dat.replace('1000,', ''))),
      /line 2: 4 fields expected, 3 found/,
    );
    await assert.rejects(read({}, ROWS, Buffer.from('')), /line 1: the data file is empty/);
    await assert.rejects(
      read({ format: 'BINARY' }, ROWS, Buffer.alloc(5)),
      /byte 5: not one whole record of 12 bytes/,
    );
  });

  it('never fails otherwise, however a file is spoilt', async () => {
    let state = 1;
    const random = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % n;
    };
    const header = Buffer.from(cfg({ status: STATUS }, 3));
    const data = asciiDat(ROWS);
    for (let round = 0; round < 3000; round++) {
      const spoilt = [Buffer.from(header), Buffer.from(data)];
      for (let k = 0; k <= random(4); k++) {
        const file = spoilt[random(2)];
        file[random(file.length)] = random(256);
      }
      const cut = spoilt.map((file) => (random(5) ? file : file.subarray(0, random(file.length))));
      try {
        await readWhole(cut[0], cut[1]);
      } catch (error) {
        assert.ok(error instanceof ComtradeError, `round ${round}: ${(error as Error).stack}`);
      }
    }
  });
});
