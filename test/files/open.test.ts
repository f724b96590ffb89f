import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecord, RecordError } from '../../src/files';
import { FieldError, WaveformFrame } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { asciiDat, cfg, type Row, type Spec } from '../comtrade/writer';
import { seeded } from '../signal/signals';
import { all } from './recorded';

const COUNT = 400;
const RATE = 1600;
const sine = (n: number, peak: number, degrees = 0) =>
  Math.round(peak * Math.sin(2 * Math.PI * ((50 * n) / RATE + degrees / 360))) + 0;

/** Ua in kV, others in other units, and what is no channel of a meter. */
const ANALOG = [
  '1,Ua,A,,kV,0.001,0,0,-9,9,1,1,P',
  '2,VB,,,volt,1,0,0,-9,9,1,1,P',
  '3,U3,L3,,V,1,0,0,-9,9,1,1,P',
  '4,I1,,,mA,1,0,0,-9,9,1,1,P',
  '5,Freq,,,Hz,0.01,0,0,-9,9,1,1,P',
  '6,UA spare,A,,V,2,0,0,-9,9,1,1,P',
];
const ROWS = Array.from(
  { length: COUNT },
  (_, n): Row => ({
    stamp: n * 625,
    analog: [sine(n, 9000), sine(n, 9000, -120), sine(n, 9000, 120), sine(n, 7000), 5000, sine(n, 4500)],
  }),
);
const SPEC: Spec = { analog: ANALOG, rates: [[RATE, COUNT]] };
const CFG = Buffer.from(cfg(SPEC, COUNT));
const DAT = asciiDat(ROWS);

const cleanUp = cleanUpAfterEach();
async function folderWith(files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  cleanUp(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

async function read(channels: string) {
  const file = await openRecord({ name: 'x.cfg', cfg: CFG, dat: DAT }, { channels });
  const frames = (await all(file.records())) as WaveformFrame[];
  assert.ok(frames.every((frame) => frame instanceof WaveformFrame));
  return { file, frames };
}

describe('files: opening a record', () => {
  it('takes .cfg with its .dat in any case of the endings, and a .cff, by path', async () => {
    const cff = Buffer.concat([
      Buffer.from(`--- file type: CFG ---\r\n${cfg({ ...SPEC, revision: 2013 }, COUNT)}`),
      Buffer.from('--- file type: DAT ASCII ---\r\n'),
      DAT,
    ]);
    const folder = await folderWith({
      'a.cfg': CFG,
      'a.dat': DAT,
      'B.CFG': CFG,
      'B.DAT': DAT,
      'c.Cfg': CFG,
      'c.dat': DAT,
      'd.cff': cff,
    });
    for (const name of ['a.cfg', 'a.dat', 'B.CFG', 'B.cfg', 'c.Cfg', 'd.cff']) {
      const file = await openRecord({ path: join(folder, name) }, { channels: 'va=1' });
      const frames = (await all(file.records())) as WaveformFrame[];
      await file.close();
      assert.deepEqual([file.summary.file, file.summary.samples], [name, COUNT]);
      assert.equal(
        frames.reduce((sum, { length }) => sum + length, 0),
        COUNT,
      );
    }
  });

  it('names the file, and the line of it, where it cannot be read', async () => {
    const folder = await folderWith({
      'x.CFG': 'a,b,1999\nrubbish',
      'x.DAT': DAT,
      'lone.cfg': CFG,
      'y.cfg': CFG,
      'y.dat': DAT.toString().replace('\r\n2,', '\r\nx\r\n2,'),
    });
    const opened = (name: string) => openRecord({ path: join(folder, name) });
    await assert.rejects(opened('x.CFG'), (error: Error) => {
      assert.ok(error instanceof RecordError);
      return (
        error.code === 'FORMAT' && /x\.CFG, line 2: channel count must be a number and A/.test(error.message)
      );
    });
    await assert.rejects(opened('y.cfg'), /y\.cfg, line 2: 8 fields expected, 1 found/);
    await assert.rejects(opened('lone.cfg'), /ENOENT.*lone\.dat|lone\.dat is not there/);
    await assert.rejects(opened('none.cfg'), /ENOENT.*none\.cfg|none\.cfg is not there/);
    await assert.rejects(opened('x.txt'), /x\.txt: a COMTRADE record is named by its \.cfg or \.cff/);
  });

  it('brings channels by number or name, in V and A', async () => {
    const { file, frames } = await read('va=1; vb = VB, vc=U3, ia=4');
    assert.deepEqual(file.summary.meters[0].channels, { va: 1, vb: 2, vc: 3, ia: 4 });
    const [frame] = frames;
    assert.deepEqual(frame.names, ['va', 'vb', 'vc', 'ia']);
    for (let n = 0; n < frame.length; n++) {
      // 9 kV in steps of 1 V, 7 A in steps of 1 mA.
      assert.ok(Math.abs((frame.channel('va')?.[n] ?? 0) - sine(n, 9000)) < 1e-3);
      assert.equal(frame.channel('vb')?.[n], sine(n, 9000, -120));
      assert.equal(frame.channel('ia')?.[n], Math.fround(sine(n, 7000) * 1e-3));
    }
    const spare = await read('va = UA spare; ia=4');
    assert.equal(spare.frames[0].channel('va')?.[8], 2 * sine(8, 4500));
  });

  it('says which channels there are where one is not', async () => {
    await assert.rejects(read('va=none'), (error: Error) => {
      assert.ok(error instanceof RecordError);
      return (
        error.code === 'CHANNEL_MISSING' &&
        /"none" is not in the file, which has 1 Ua, 2 VB/.test(error.message)
      );
    });
    await assert.rejects(read('vx=1'), FieldError);
  });

  it('lists all channels where no set of voltages is found', async () => {
    const analog = ['1,I1,,,A,1,0,0,-9,9,1,1,P', '2,Freq,,,Hz,0.01,0,0,-9,9,1,1,P'];
    const rows = ROWS.map(({ stamp, analog: own }): Row => ({ stamp, analog: [own[3], own[4]] }));
    const source = { name: 'x.cfg', cfg: Buffer.from(cfg({ ...SPEC, analog }, COUNT)), dat: asciiDat(rows) };
    await assert.rejects(openRecord(source), (error: Error) => {
      assert.ok(error instanceof RecordError);
      assert.deepEqual(
        error.channels?.map(({ name, unit, angle }) => [name, unit, angle]),
        [
          ['I1', 'A', 0],
          ['Freq', 'Hz', undefined],
        ],
      );
      return (
        error.code === 'NO_VOLTAGE' && /1 I1: RMS 49\d\d A, 0 degrees\n.*2 Freq: mean 50/.test(error.message)
      );
    });
  });

  it('bridges missing samples, and the summary says how many, once all was read', async () => {
    const rows = ROWS.map(
      (row, n): Row => (n === 50 || n === 90 ? { ...row, analog: ['', ...row.analog.slice(1)] } : row),
    );
    const file = await openRecord(
      { name: 'x.cfg', cfg: CFG, dat: asciiDat(rows) },
      { channels: 'va=1, vb=2' },
    );
    const frames = (await all(file.records())) as WaveformFrame[];
    assert.equal(frames.length, 2);
    const [va] = frames.map((frame) => frame.channel('va') as Float32Array);
    assert.ok(Math.abs(va[50] - (va[49] + va[51]) / 2) < 0.01);
    const texts = file.summary.doubts
      .filter(({ code }) => code === 'MISSING_SAMPLES')
      .map(({ text }) => text);
    assert.equal(texts.length, 1);
    assert.match(texts[0], /missing samples bridged by a line: va 2$/);
  });

  it('never fails otherwise, however a file is spoilt', async () => {
    const random = seeded(1);
    const rows = ROWS.slice(0, 120);
    const header = Buffer.from(cfg({ ...SPEC, rates: [[RATE, 120]] }, 120));
    const data = asciiDat(rows);
    let read = 0;
    for (let round = 0; round < 1500; round++) {
      const spoilt = [Buffer.from(header), Buffer.from(data)];
      for (let k = 0; k <= random(4); k++) {
        const file = spoilt[random(2)];
        file[random(file.length)] = random(256);
      }
      const [own, dat] = spoilt.map((file) => (random(5) ? file : file.subarray(0, random(file.length))));
      try {
        const channels = random(2) ? 'va=1' : '';
        const file = await openRecord({ name: 'x.cfg', cfg: own, dat }, { channels });
        await all(file.records());
        read++;
      } catch (error) {
        const isKnown =
          error instanceof RecordError ||
          error instanceof FieldError ||
          (error as Error).name === 'ComtradeError';
        assert.ok(isKnown, `round ${round}: ${(error as Error).stack}`);
      }
    }
    // Many of them can be read all the same: else nothing behind the header was tried.
    assert.ok(read > 50, `${read} read`);
  });
});
