import assert from 'node:assert/strict';
import { openRecord, RecordError } from '../../src/files';
import type { RecordSummary, WaveformFrame } from '../../src/record';
import { asciiDat, binaryDat, cfg, type Row } from '../comtrade/writer';
import { collect } from '../disturbance/helpers';
import { all } from './recorded';

const RATE = 1200;
const COUNT = 1800;

/** Counts of each channel by time, s, 0.1 V or A each; channels given as `name,unit`. */
function record(
  channels: string[],
  value: (channel: number, t: number) => number | '',
  more: { lines?: (name: string, i: number) => string; count?: number } = {},
) {
  const { count = COUNT } = more;
  const line =
    more.lines ??
    ((name: string, i: number) => {
      const [id, unit] = name.split(',');
      return `${i + 1},${id},,,${unit},0.1,0,0,-32767,32767,1,1,P`;
    });
  const rows = Array.from(
    { length: count },
    (_, n): Row => ({
      stamp: Math.round((n * 1e6) / RATE),
      analog: channels.map((_, c) => {
        const counts = value(c, n / RATE);
        return counts === '' ? '' : Math.round(counts);
      }),
    }),
  );
  const analog = channels.map(line);
  return {
    name: 'odd.cfg',
    cfg: Buffer.from(cfg({ analog, format: 'BINARY', rates: [[RATE, count]] }, count)),
    dat: binaryDat(rows.map(inRange), 'BINARY'),
    ascii: {
      name: 'odd.cfg',
      cfg: Buffer.from(cfg({ analog, rates: [[RATE, count]] }, count)),
      dat: asciiDat(rows),
    },
  };
}

/** What 16 bits hold: codes of ASCII files are none of BINARY ones. */
const inRange = (row: Row): Row => ({
  ...row,
  analog: row.analog.map((value) => (typeof value === 'number' ? Math.min(value, 32_767) : value)),
});

const sine = (c: number, t: number, volts: number) =>
  volts * 10 * Math.SQRT2 * Math.cos(2 * Math.PI * 50 * t - ((c % 3) * 2 * Math.PI) / 3);
const UABC = ['UA,V', 'UB,V', 'UC,V'];
const codes = ({ doubts }: RecordSummary) => doubts.map(({ code }) => code);

/** What foreign recorders wrote that was once measured wrong without a word. */
describe('files: odd records', () => {
  it('whose voltages are dead are refused without a nominal voltage, and measured with one', async () => {
    let seed = 1;
    const noise = () => {
      seed = (seed * 48271) % 2147483647;
      return (seed / 2147483647 - 0.5) * 4;
    };
    const source = record(UABC, noise);
    await assert.rejects(openRecord(source), (error: Error) => {
      assert.ok(error instanceof RecordError);
      return error.code === 'NO_NOMINAL' && /nothing but noise.*give the nominal voltage/.test(error.message);
    });
    const file = await openRecord(source, { nominal: 230 });
    const { detector, found } = collect({});
    for (const one of await all(file.records())) if (one.kind === 'waveform') detector.push(one);
    assert.deepEqual(found.ends.map(({ type }) => type).sort(), ['interruption', 'sag']);
  });

  it('that begin dead are judged by the level that they reach, and say so', async () => {
    const file = await openRecord(record(UABC, (c, t) => sine(c, t, t < 0.4 ? 0.3 : 230)));
    const [{ nominal }] = file.summary.meters;
    assert.ok(nominal && Math.abs(nominal - 230) < 1, String(nominal));
    assert.ok(codes(file.summary).includes('NOMINAL_DOUBTFUL'));
    const { detector, found } = collect({});
    for (const one of await all(file.records())) if (one.kind === 'waveform') detector.push(one);
    assert.ok(
      found.ends.every(({ extreme }) => extreme < 1.1),
      'no swell of a thousand',
    );
  });

  it('with a synchronising voltage on one of three channels keep it apart', async () => {
    const names = ['VAZ,V', 'VBZ,V', 'VCZ,V', 'VAY,V', 'VBY,V', 'VCY,V'];
    const file = await openRecord(
      record(names, (c, t) => (c === 1 || c === 2 ? 0.2 * sine(c, t, 1) : sine(c, t, 230))),
    );
    assert.deepEqual(
      file.summary.meters.map(({ channels }) => channels),
      [{ va: 4, vb: 5, vc: 6 }],
    );
    assert.ok(
      codes(file.summary).includes('DEAD_CHANNELS') && codes(file.summary).includes('UNUSED_VOLTAGES'),
    );
  });

  it('with a fourth voltage as high as the phases do not take it for the neutral', async () => {
    const names = ['N1,V', 'N2,V', 'N3,V', 'N4,V'];
    const file = await openRecord(record(names, (c, t) => sine(c, t, 230)));
    assert.deepEqual(file.summary.meters[0].channels, { va: 1, vb: 2, vc: 3 });
    const quiet = await openRecord(record(names, (c, t) => sine(c, t, c === 3 ? 2 : 230)));
    assert.equal(quiet.summary.meters[0].channels.vn, 4);
  });

  it('of two phases are named by their names', async () => {
    const file = await openRecord(record(['Phase_B,V', 'Phase_C,V'], (c, t) => sine(c + 1, t, 230)));
    assert.deepEqual(file.summary.meters[0].channels, { vb: 1, vc: 2 });
    assert.ok(codes(file.summary).includes('SINGLE_PHASE'));
  });

  it('in ASCII mark missing samples by 99999 from 1999 on: a hole, and no swell', async () => {
    const { ascii } = record(UABC, (c, t) => (t > 0.5 && t < 0.8 ? 99_999 : sine(c, t, 230)));
    const file = await openRecord(ascii);
    const frames = (await all(file.records())) as WaveformFrame[];
    const peak = Math.max(...frames.flatMap((frame) => [...(frame.channel('va') ?? [])]));
    assert.ok(peak < 330, String(peak));
    assert.ok(codes(file.summary).includes('MISSING_SAMPLES'));
  });

  it('with a channel whose numbers are none do without that channel, and say so', async () => {
    const source = record([...UABC, 'IA,A'], (c, t) => sine(c, t, 230), {
      lines: (name, i) => {
        const [id, unit] = name.split(',');
        return `${i + 1},${id},,,${unit},${i === 3 ? 'inf' : '0.1'},0,0,-32767,32767,1,1,P`;
      },
    });
    const { summary } = await openRecord(source);
    assert.deepEqual(summary.meters[0].channels, { va: 1, vb: 2, vc: 3 });
    assert.match(summary.doubts.map(({ text }) => text).join(), /multiplier inf .* channel 4 is left out/);
  });

  it('whose channels all have the same number are told apart by their places', async () => {
    const source = record(UABC, (c, t) => sine(c, t, 230), {
      lines: (name) => `7,${name.split(',')[0]},,,V,0.1,0,0,-32767,32767,1,1,P`,
    });
    const { summary } = await openRecord(source);
    assert.deepEqual(summary.meters[0].channels, { va: 1, vb: 2, vc: 3 });
    assert.match(summary.doubts.map(({ text }) => text).join(), /several channels have the same number/);
  });

  it('as a .cff are read behind the mark of UTF-8, and without a colon', async () => {
    const { cfg: header, dat } = record(UABC, (c, t) => sine(c, t, 230));
    for (const [mark, colon] of [
      ['\ufeff', ':'],
      ['', ''],
    ]) {
      const cff = Buffer.concat([
        Buffer.from(`${mark}--- file type${colon} CFG ---\r\n`),
        header,
        Buffer.from(`--- file type${colon} DAT BINARY: ${dat.length} ---\r\n`),
        dat,
      ]);
      const { summary } = await openRecord({ name: 'odd.cff', cff });
      assert.equal(summary.samples, COUNT);
    }
  });

  it('with names of 100,000 characters, or a megabyte of foreign text, end in short texts, before the patience of this test', async () => {
    const long = 'Ua'.repeat(50_000);
    const source = record([`${long}A,V`, `${long}B,V`, `${long}C,V`], (c, t) => sine(c, t, 230), {
      count: 300,
    });
    const outcome = await openRecord(source).then(
      ({ summary }) => JSON.stringify(summary),
      (error: Error) => error.message,
    );
    assert.ok(outcome.length < 20_000, `${outcome.length} characters`);
    const foreign = Buffer.concat([
      source.cfg.subarray(0, 9),
      Buffer.alloc(1 << 20, 0xd1),
      source.cfg.subarray(9),
    ]);
    await openRecord({ ...source, cfg: foreign }).catch((error: Error) =>
      assert.ok(error.message.length < 20_000),
    );
  });
});
