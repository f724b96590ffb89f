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
import type { StoredValue } from '../../src/phasing/disk/blocks';
import { randoms } from '../power/tones';

const DAY = 86_400_000;
const START = 1_700_006_400_000;
const NOW = START + 2 * DAY;

describe('series on disk', () => {
  let folder: string;
  let warnings: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pq-series-'));
    warnings = [];
    failures = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  let failures: (string | undefined)[] = [];
  let believed: number | undefined;
  const open = (secret?: string) => {
    const listener = {
      aside: (text: string) => warnings.push(text),
      failing: (text: string | undefined) => failures.push(text),
    };
    return new SeriesDisk(folder, { interval: 300, days: 7 }, secret, listener, () => believed);
  };
  const load = async (secret?: string) => {
    const found: StoredValue[] = [];
    await open(secret).load((value) => found.push(value));
    return found;
  };
  const values = (count: number, from = START / 300_000): StoredValue[] =>
    Array.from({ length: count }, (_, k) => ({
      meter: `secret-meter-${k % 7}`,
      slot: from + k,
      volts: 230 + k / 8,
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
        assert.deepEqual(await load(secret), first, `cut at ${cut}`);
      }
      writeFileSync(path, Buffer.concat([all, Buffer.from('not a block at all')]));
      assert.deepEqual(await load(secret), [...first, ...second]);
      rmSync(path);
    }
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
    assert.deepEqual(await load(), [...values(5), ...values(5)]);
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
