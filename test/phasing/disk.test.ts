import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PhaseCorrelator, readCorrelatorSettings, SeriesDisk } from '../../src/phasing';
import type { StoredValue } from '../../src/phasing/disk/columns';
import { randoms } from '../power/tones';

const DAY = 86_400_000;
const START = 1_700_006_400_000;
const NOW = START + 2 * DAY;

describe('series on disk', () => {
  let folder: string;
  let warnings: string[];
  let damages: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pq-series-'));
    warnings = [];
    damages = [];
    failures = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  let failures: (string | undefined)[] = [];
  let believed: number | undefined;
  const open = (secret?: string) => {
    const listener = {
      aside: (text: string) => warnings.push(text),
      damaged: (text: string) => damages.push(text),
      failing: (text: string | undefined) => failures.push(text),
    };
    return new SeriesDisk(folder, { interval: 300, days: 7 }, secret, listener, () => believed);
  };
  const load = async (secret?: string) => {
    const found: StoredValue[] = [];
    await open(secret).load((value) => found.push(value));
    // By slot: in the files they lie by meter.
    return found.sort((a, b) => a.slot - b.slot);
  };
  const values = (count: number, from = START / 300_000): StoredValue[] =>
    Array.from({ length: count }, (_, k) => ({
      meter: `secret-meter-${k % 7}`,
      slot: from + k,
      volts: Math.round(23_000 + 12.5 * k) / 100,
    }));
  const save = async (given: StoredValue[], secret?: string) => {
    const disk = open(secret);
    await disk.load(() => {});
    for (const value of given) disk.add(value);
    await disk.flush();
    return disk;
  };
  const files = () => readdirSync(folder).filter((name) => /\.series$/.test(name));

  it('come back as they were written, over several days and openings', async () => {
    const given = values(1000);
    await save(given.slice(0, 400));
    await save(given.slice(400));
    assert.ok(files().length >= 4, files().join());
    assert.deepEqual(await load(), given);
  });

  it('are unreadable without the key: no name in the files, put aside and said for another key', async () => {
    const given = values(50);
    await save(given, 'correct horse');
    for (const name of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, name)).includes('secret-meter'), name);
      assert.ok(!readFileSync(join(folder, name)).includes('correct horse'), name);
    }
    assert.deepEqual(await load('correct horse'), given);
    assert.equal(warnings.length, 0);
    assert.deepEqual(await load('battery staple'), []);
    assert.match(
      warnings[0],
      /^\d{4}-\d\d-\d\d\.series: the key does not fit the stored series; put aside as .*\.kept$/,
    );
    assert.ok(!warnings.join().includes('staple'));
    // Nothing was lost: with its own name and key it is read again.
    assert.ok(existsSync(join(folder, warnings[0].split(' ').pop() as string)));
  });

  it('survive a crash up to the last whole block, wherever it is cut, and damage after it', async () => {
    const first = values(20);
    const second = values(20, START / 300_000 + 20);
    for (const secret of [undefined, 'key']) {
      await save(first, secret);
      const [name] = files();
      const path = join(folder, name);
      const whole = readFileSync(path).length;
      await save(second, secret);
      const all = readFileSync(path);
      for (let cut = whole; cut < all.length; cut += 13) {
        writeFileSync(path, all);
        truncateSync(path, cut);
        damages = [];
        assert.deepEqual(await load(secret), first, `cut at ${cut}`);
        const bytes = cut > whole ? [`${name}: ${cut - whole} bytes could not be read`] : [];
        assert.deepEqual(damages, bytes, 'what is left out is reported');
      }
      writeFileSync(path, Buffer.concat([all, Buffer.from('not a block at all')]));
      assert.deepEqual(await load(secret), [...first, ...second]);
      rmSync(path);
    }
  });

  it('go on behind a block that was cut by a crash or a full disk', async () => {
    const parts = [0, 20, 40].map((k) => values(20, START / 300_000 + k));
    for (const secret of [undefined, 'key']) {
      await save(parts[0], secret);
      const path = join(folder, files()[0]);
      const whole = readFileSync(path).length;
      await save(parts[1], secret);
      truncateSync(path, whole + 40);
      await save(parts[2], secret);
      damages = [];
      assert.deepEqual(await load(secret), [...parts[0], ...parts[2]]);
      assert.equal(damages.length, 1);
      rmSync(path);
    }
  });

  it('damage takes the block that it hits, never gives a value to another meter', async () => {
    const random = randoms(7);
    const given = Array.from({ length: 40 }, (_, k) => ({
      meter: `m${k}`,
      slot: START / 300_000 + (k % 5),
      volts: 200 + k,
    }));
    const disk = open();
    await disk.load(() => {});
    for (const [k, value] of given.entries()) {
      disk.add(value);
      if (k % 4 === 3) await disk.flush();
    }
    const path = join(folder, files()[0]);
    const all = readFileSync(path);
    for (let n = 0; n < 200; n++) {
      const hurt = Buffer.from(all);
      const at = Math.floor(random() * (all.length - 30));
      if (n % 2) hurt[at] ^= 1 << (n % 8);
      else hurt.fill(Math.floor(256 * random()), at, at + 30);
      writeFileSync(path, hurt);
      damages = [];
      const found = await load();
      for (const value of found) assert.equal(Number(value.meter.slice(1)), value.volts - 200);
      if (!hurt.equals(all)) assert.equal(damages.length, 1);
      assert.ok(found.length >= given.length - 8 || damages[0].includes('the names'), damages[0]);
    }
  });

  it('bytes of anybody are skipped and counted', async () => {
    const random = randoms(11);
    await save(values(1));
    const path = join(folder, files()[0]);
    const own = readFileSync(path);
    for (let n = 0; n < 60; n++) {
      const bytes = Buffer.from(Array.from({ length: n * 9 }, () => Math.floor(256 * random())));
      // Heads of ours among them, with lengths of all kinds.
      for (let at = 0; at + 12 < bytes.length; at += 50) {
        own.copy(bytes, at, 0, 8);
        bytes.writeUInt32LE([0, 15, 16, 40, 2 ** 32 - 1][(at / 50) % 5], at + 8);
      }
      writeFileSync(path, Buffer.concat([bytes, own, bytes]));
      damages = [];
      assert.deepEqual(await load(), values(1), String(n));
      assert.equal(damages.length, n ? 1 : 0);
    }
  });

  it('take at most five bytes a value, as a fleet reads and as a table is imported', async () => {
    const reading = (meter: number, slot: number) => ({
      meter: `ES0031405${100_000 + meter}`,
      slot: START / 300_000 + slot,
      volts: Math.round(100 * (225 + 10 * Math.sin(meter * slot))) / 100,
    });
    // 12,000 meters in five minutes: 200 of them in 5 s.
    const live = open();
    await live.load(() => {});
    const bytes = () => files().reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
    let names = 0;
    for (let slot = 0; slot < 12; slot++) {
      for (let meter = 0; meter < 12_000; meter++) {
        live.add(reading((meter * 7919) % 12_000, slot));
        if (meter % 200 === 199) await live.flush();
      }
      // Names stand in the first blocks of a day.
      if (slot === 0) names = bytes();
    }
    const ofLive = (bytes() - names) / (11 * 12_000);
    await live.clear();
    for (let meter = 0; meter < 500; meter++)
      for (let slot = 0; slot < 2016; slot++) live.add(reading(meter, slot));
    await live.flush();
    const ofImport = bytes() / (500 * 2016);
    assert.ok(ofLive < 5 && ofImport < 5, `${ofLive} and ${ofImport}`);
    console.log(`      ${ofLive.toFixed(2)} bytes a value live, ${ofImport.toFixed(2)} imported`);
  });

  it('are deleted when they are older than the window, by a clock that is to be believed', async () => {
    believed = undefined;
    await save([...values(1, (START - 9 * DAY) / 300_000), ...values(1)]);
    assert.equal(files().length, 2);
    assert.equal((await load()).length, 2);
    believed = START;
    await save(values(1));
    assert.equal(files().length, 1);
    assert.equal((await load()).length, 2);
  });

  it('a disk that cannot be written: said, and what waits is written when it can be', async () => {
    const disk = await save(values(3));
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, 'a file, not a folder');
    for (const value of values(5)) disk.add(value);
    await disk.flush();
    for (const value of values(5)) disk.add(value);
    await disk.flush();
    assert.equal(failures.length, 3);
    assert.equal(failures[0], undefined);
    for (const text of failures.slice(1)) assert.match(String(text), /ENOTDIR/);
    rmSync(folder);
    mkdirSync(folder);
    await disk.flush();
    assert.deepEqual([failures.at(-1), disk.counters.dropped], [undefined, 0]);
    assert.deepEqual(
      await load(),
      values(5).flatMap((value) => [value, value]),
    );
  });

  it('give the correlator the same map after a restart', async () => {
    const references = ['a', 'b', 'c'].map((phase) => ({ meter: `R${phase}`, transformer: 'T1', phase }));
    const settings = readCorrelatorSettings({ days: 1, references });
    const first = new PhaseCorrelator(settings);
    const disk = open('k');
    await first.keepOn(disk);
    const random = randoms(4);
    for (let slot = 0; slot < 288; slot++) {
      const level = [0, 1, 2].map(() => random());
      for (const [k, meter] of ['Ra', 'Rb', 'Rc', 'm1', 'm2', 'm3'].entries()) {
        const reading = { values: { va: 230 + level[k % 3] + 0.2 * random() }, quality: 'good' } as const;
        first.push({ kind: 'reading', meter, time: NOW - DAY + slot * 300_000, ...reading }, NOW);
      }
    }
    await disk.flush();
    const second = new PhaseCorrelator(settings);
    await second.keepOn(open('k'));
    assert.deepEqual(second.run(NOW), first.run(NOW));
    assert.equal(second.run(NOW).map.run.match, 3);
    await second.reset();
    const third = new PhaseCorrelator(settings);
    await third.keepOn(open('k'));
    assert.equal(third.status.meters, 0);
  });
});
