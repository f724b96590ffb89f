import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ComtradeError,
  parseCff,
  parseRecording,
  readChannelMap,
  readRecording,
  sideValues,
  toFrames,
} from '../../src/comtrade';
import { asciiDat, binaryDat, cfg, type Row, type Spec } from './writer';

const ROWS: Row[] = [
  { stamp: 0, analog: [10, -20], status: [1, 0] },
  { stamp: 1000, analog: ['', 30], status: [0, 1] },
  { stamp: 2000, analog: [-5, 7], status: [1, 1] },
];
const STATUS = ['1,D1,,,0', '2,D2,,,1'];

function read(spec: Spec, rows: Row[] = ROWS, dat?: Buffer) {
  const format = spec.format ?? 'ASCII';
  const bytes = dat ?? (format === 'ASCII' ? asciiDat(rows) : binaryDat(rows, format));
  return parseRecording(Buffer.from(cfg(spec, rows.length)), bytes);
}

describe('comtrade', () => {
  for (const revision of [1991, 1999, 2013] as const) {
    for (const format of ['ASCII', 'BINARY', 'BINARY32', 'FLOAT32'] as const) {
      it(`reads ${revision} ${format}, scaled, with a missing value`, () => {
        const status = revision === 1991 ? ['1,D1,0', '2,D2,1'] : STATUS;
        const rows = revision === 1991 && format === 'ASCII' ? withCode(999999) : ROWS;
        const r = read({ revision, format, status }, rows);
        assert.equal(r.config.revision, revision);
        assert.deepEqual([...r.analog[0]], [21, Number.NaN, -9]);
        assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
        assert.deepEqual([...r.status[0]], [1, 0, 1]);
        assert.deepEqual([...r.status[1]], [0, 1, 1]);
        assert.deepEqual([...r.times], [0, 0.001, 0.002]);
        // 1991 writes month first: both dates are the first of February.
        assert.equal(r.config.start, Date.UTC(1999, 1, 1, 12, 0, 0, 500));
        assert.deepEqual(r.warnings, []);
      });
    }
  }

  function withCode(code: number): Row[] {
    return ROWS.map((row) => ({ ...row, analog: row.analog.map((value) => (value === '' ? code : value)) }));
  }

  it('takes the time code of 2013 for the difference to UTC', () => {
    const file = (code: string) => cfg({ revision: 2013 }, 3).replace('0,0\r\n0,0', `${code},${code}\r\n0,0`);
    const start = (code: string) => parseRecording(Buffer.from(file(code)), asciiDat(ROWS)).config.start;
    const local = Date.UTC(1999, 1, 1, 12, 0, 0, 500);
    assert.equal(start('0'), local);
    assert.equal(start('-4'), local + 4 * 3_600_000);
    assert.equal(start('+5h30'), local - 5.5 * 3_600_000);
    assert.equal(start('x'), local);
  });

  it('reads status words beyond the sixteenth channel', () => {
    const status = Array.from({ length: 20 }, (_, i) => `${i + 1},D${i + 1},,,0`);
    const bits = status.map((_, i) => (i === 17 ? 1 : 0));
    const r = read({ format: 'BINARY', status }, [{ stamp: 0, analog: [1, 2], status: bits }]);
    assert.deepEqual(
      r.status.map(([bit]) => bit),
      bits,
    );
  });

  it('scales between primary and secondary by the ratio of the channel', () => {
    const r = read({});
    const [u, i] = r.config.analog;
    assert.deepEqual([...sideValues(i, r.analog[1], 'P')], [-200, 300, 70]);
    assert.deepEqual([...sideValues(i, r.analog[1], 'S')], [-10, 15, 3.5]);
    assert.equal(sideValues(u, r.analog[0], 'S'), r.analog[0]);
  });

  it('gives several rates their times, and frames of one rate each', () => {
    const rows = Array.from({ length: 6 }, (_, n): Row => ({ stamp: '', analog: [n, n] }));
    const r = read(
      {
        rates: [
          [1000, 2],
          [500, 6],
        ],
      },
      rows,
    );
    assert.deepEqual(
      [...r.times].map((t) => Math.round(t * 1e6)),
      [0, 1000, 2000, 4000, 6000, 8000],
    );
    const { frames } = toFrames(r, { meter: 'm', time: 0 });
    assert.deepEqual(
      frames.map(({ rate, length, time }) => [rate, length, time]),
      [
        [1000, 2, 0],
        [500, 4, 2],
      ],
    );
  });

  it('takes rates that drift over dozens of segments for one clock', () => {
    const rates: [number, number][] = Array.from({ length: 48 }, (_, k) => [
      1200 + 0.5 * Math.sin(k),
      (k + 1) * 10,
    ]);
    const rows = Array.from({ length: 480 }, (_, n): Row => ({ stamp: '', analog: [n % 100, 0] }));
    const r = read({ rates }, rows);
    const { frames } = toFrames(r, { meter: 'm' });
    assert.equal(frames.length, 1);
    const seconds = rates.reduce((sum, [rate]) => sum + 10 / rate, 0);
    assert.ok(Math.abs(frames[0].length / frames[0].rate - seconds) < 1e-9);
    assert.ok(Math.abs(r.times[479] - (seconds - 1 / rates[47][0])) < 1e-9);
  });

  it('takes its times from the stamps where there is no rate, and undoes a 32-bit counter running over', () => {
    const begin = 2 ** 32 - 1500;
    const rows = [0, 1000, 2000, 3000].map((t): Row => ({ stamp: (begin + t) % 2 ** 32, analog: [t, 0] }));
    for (const format of ['ASCII', 'BINARY'] as const) {
      const r = read({ format, rates: [[0, 4]] }, rows);
      assert.deepEqual(
        [...r.times].map((t) => Math.round(t * 1e6)),
        [0, 1000, 2000, 3000],
      );
      const { frames } = toFrames(r, { meter: 'm' });
      assert.ok(Math.abs(frames[0].rate - 1000) < 1e-6);
    }
  });

  it('reads empty time stamps and stops at Ctrl-Z', () => {
    const text = asciiDat(ROWS.map((row) => ({ ...row, stamp: '', status: [] }))).toString();
    const r = read({}, ROWS, Buffer.from(`${text.trimEnd()}\x1a garbage after the end`));
    assert.equal(r.count, 3);
    assert.deepEqual([...r.times], [0, 0.001, 0.002]);
  });

  it('says when the counts disagree, and reads as far as the data goes', () => {
    for (const declared of [2, 5]) {
      const r = read({ rates: [[1000, declared]] });
      assert.equal(r.count, 3);
      assert.match(r.warnings.join(), new RegExp(`promises ${declared} samples, the data holds 3`));
    }
  });

  it('leaves out the unfinished end of a cut file, and says so', () => {
    const whole = binaryDat(ROWS, 'BINARY');
    const cut = read({ format: 'BINARY', status: STATUS }, ROWS, whole.subarray(0, whole.length - 5));
    assert.equal(cut.count, 2);
    assert.match(cut.warnings.join(), /byte 28: 9 bytes of an unfinished record/);
    const text = asciiDat(ROWS).toString();
    const ascii = read({ status: STATUS }, ROWS, Buffer.from(text.slice(0, -8)));
    assert.equal(ascii.count, 2);
    assert.match(ascii.warnings.join(), /line 3: an unfinished last line/);
  });

  it('reads code pages other than UTF-8, found or named', () => {
    const russian = 'Подстанция Северная Трансформатор';
    const bytes = Buffer.from([...russian].map((c) => (c === ' ' ? 0x20 : c.charCodeAt(0) - 0x410 + 0xc0)));
    const [before, after] = cfg({ station: '@@' }, 3).split('@@');
    const file = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
    for (const encoding of [undefined, 'windows-1251']) {
      const r = parseRecording(file, asciiDat(ROWS), { encoding });
      assert.equal(r.config.station, russian);
      assert.equal(r.encoding, 'windows-1251');
    }
    assert.throws(
      () => parseRecording(file, asciiDat(ROWS), { encoding: 'klingon' }),
      /not a known code page/,
    );
    const utf8 = parseRecording(Buffer.from(`\ufeff${cfg({ station: 'Žďár' }, 3)}`), asciiDat(ROWS));
    assert.equal(utf8.config.station, 'Žďár');
  });

  it('reads single files (.cff), ASCII and binary', () => {
    const spec: Spec = { revision: 2013, format: 'BINARY', status: STATUS };
    const dat = binaryDat(ROWS, 'BINARY');
    const parts = (header: string, data: Buffer) =>
      Buffer.concat([
        Buffer.from(`--- file type: CFG ---\r\n${cfg(spec, 3)}--- file type: INF ---\r\n`),
        Buffer.from(`--- file type: HDR ---\r\nA header\r\n--- file type: ${header} ---\r\n`),
        data,
      ]);
    const r = parseCff(parts(`DAT BINARY: ${dat.length}`, dat));
    assert.deepEqual([...r.analog[1]], [-10, 15, 3.5]);
    assert.match(r.header ?? '', /A header/);
    // Data whose bytes look like a separator stay data, since their count is given.
    const tricky = Buffer.from(dat);
    Buffer.from('\n--- ').copy(tricky, 9);
    assert.equal(parseCff(parts(`DAT BINARY: ${dat.length}`, tricky)).count, 3);
    const ascii = Buffer.from(
      `--- file type: CFG ---\n${cfg({ revision: 2013, status: STATUS }, 3)}--- file type: DAT ASCII ---\n${asciiDat(ROWS)}`,
    );
    assert.equal(parseCff(ascii).count, 3);
    const short = parseCff(parts(`DAT BINARY: ${dat.length}`, dat.subarray(0, 30)));
    assert.equal(short.count, 2);
    assert.throws(() => parseCff(Buffer.from('nothing')), /byte 0: no line "--- file type: CFG/);
    assert.throws(
      () => parseCff(Buffer.from(`--- file type: CFG ---\n${cfg(spec, 3)}`)),
      /no part "file type: DAT"/,
    );
  });

  it('names the file, and takes .CFG and .DAT as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'comtrade-'));
    try {
      await writeFile(join(folder, 'x.CFG'), cfg({}, 3));
      await writeFile(join(folder, 'x.DAT'), asciiDat(ROWS));
      assert.equal((await readRecording(join(folder, 'x.cfg'))).count, 3);
      await writeFile(join(folder, 'x.CFG'), 'a,b,1999\nrubbish');
      await assert.rejects(
        readRecording(join(folder, 'x.CFG')),
        /x\.CFG, line 2: channel count must be a number and A/,
      );
      await assert.rejects(readRecording(join(folder, 'none.cfg')), /ENOENT/);
      await assert.rejects(readRecording(join(folder, 'x.txt')), /named by its \.cfg or \.cff/);
    } finally {
      await rm(folder, { recursive: true });
    }
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
    it(`says which line is wrong: ${what}`, () => {
      const file = Buffer.from(spoil(cfg({}, 3)));
      assert.throws(
        () => parseRecording(file, asciiDat(ROWS)),
        (error) => error instanceof ComtradeError && message.test(error.message),
      );
    });
  }

  it('says which line of the data is wrong', () => {
    const dat = asciiDat(ROWS.map((row) => ({ ...row, status: [] }))).toString();
    assert.throws(
      () => read({}, ROWS, Buffer.from(dat.replace('-20', '1O'))),
      /^line 1: channel 2 must be a number, got "1O"/,
    );
    assert.throws(
      () => read({}, ROWS, Buffer.from(dat.replace('1000,', ''))),
      /line 2: 4 fields expected, 3 found/,
    );
    assert.throws(() => read({}, ROWS, Buffer.from('')), /line 1: the data file is empty/);
    assert.throws(
      () => read({ format: 'BINARY' }, ROWS, Buffer.alloc(5)),
      /byte 5: not one whole record of 12 bytes/,
    );
  });

  it('never fails otherwise, however a file is spoilt', () => {
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
        const r = parseRecording(cut[0], cut[1]);
        toFrames(r, { meter: 'm', channels: { va: r.config.analog[0]?.index ?? 1 } });
      } catch (error) {
        const known = error instanceof ComtradeError || (error as Error).name === 'FieldError';
        assert.ok(known, `round ${round}: ${(error as Error).stack}`);
      }
    }
  });

  it('finds channels by unit and phase, in kilo and in words', () => {
    const analog = [
      '1,Ua,A,,kV,1,0,0,-9,9,1,1,P',
      '2,VB,,,volt,1,0,0,-9,9,1,1,P',
      '3,U3,L3,,V,1,0,0,-9,9,1,1,P',
      '4,I1,,,mA,1,0,0,-9,9,1,1,P',
      '5,Freq,,,Hz,1,0,0,-9,9,1,1,P',
      '6,UA spare,A,,V,1,0,0,-9,9,1,1,P',
    ];
    const rows: Row[] = [{ stamp: 0, analog: [1, 2, 3, 4, 5, 6] }];
    const r = read({ analog }, rows);
    const { frames, channels } = toFrames(r, { meter: 'm' });
    assert.deepEqual(channels, { va: 1, vb: 2, vc: 3, ia: 4 });
    assert.equal(frames[0].channel('va')?.[0], 1000);
    assert.equal(frames[0].channel('ia')?.[0], Math.fround(0.004));
    const named = toFrames(r, { meter: 'm', channels: readChannelMap('va = UA spare; ia=4') });
    assert.equal(named.frames[0].channel('va')?.[0], 6);
    assert.throws(
      () => toFrames(r, { meter: 'm', channels: { va: 'none' } }),
      /"none" is not in the file, which has 1 Ua/,
    );
    assert.throws(() => readChannelMap('vx=1'), /expected pairs such as va=1, got "vx=1"/);
  });

  it('fills missing samples with the one before, and says how many', () => {
    const { frames, filled } = toFrames(read({}), { meter: 'm' });
    assert.deepEqual([...(frames[0].channel('va') ?? [])], [21, 21, -9]);
    assert.deepEqual(filled, { va: 1 });
  });
});
