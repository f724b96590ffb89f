import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outbox } from '../../src/publishing';
import type { Finding } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { reading } from './records';

const cleanUp = cleanUpAfterEach();
const SETTINGS = { maxAge: 1e12, maxBytes: 1e12 };
const ALL = { records: 1e6, bytes: 1e9 };

/** A disk of its own of some MB; undefined where none may be mounted. */
function smallDisk(megabytes: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pq-disk-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    console.log('      skipped: no disk may be mounted here');
    return undefined;
  }
  cleanUp(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

describe('a disk that is full', function () {
  this.timeout(60_000);

  const standing = new Map<string, Finding>();
  const listener = {
    dropped() {},
    told() {},
    condition: (name: string, finding: Finding | undefined) => {
      if (finding) standing.set(name, finding);
      else standing.delete(name);
    },
  };
  const numbers = async (box: Outbox) => {
    const { envelopes } = await box.read(box.first, ALL);
    return envelopes.map(({ time }) => time - 1.7e12);
  };
  /** Adds records until one is refused; gives the numbers of those that were taken, and the error. */
  const fill = async (box: Outbox, from: number) => {
    const taken: number[] = [];
    for (let n = from; ; n++) {
      const record = { ...reading(n), meter: 'm'.repeat(200) };
      const error = await box.add(record).then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (error) return { taken, error };
      taken.push(n);
    }
  };

  it('is not filled to its end: records are refused before, with a word, and taken again when there is room', async function () {
    const disk = smallDisk(48);
    if (!disk) this.skip();
    const box = await Outbox.open(join(disk, 'box'), SETTINGS, listener);
    cleanUp(() => box.close());
    const first = [0, 1, 2];
    for (const n of first) await box.add(reading(n));
    writeFileSync(join(disk, 'filler'), Buffer.alloc(30e6));
    const { taken, error } = await fill(box, 3);
    assert.match(error.message, /the disk is full: \d+ MB left, 32 MB are needed/);
    assert.equal(standing.get('store')?.code, 'STORE_ERROR');
    assert.ok(statfsSync(disk).bavail > 0);
    rmSync(join(disk, 'filler'));
    await box.add(reading(1e6));
    assert.equal(standing.size, 0);
    assert.deepEqual(await numbers(box), [...first, ...taken, 1e6]);
  });

  it('whose end is hit all the same: what was accepted is there, what is sent goes on, and so does the flow', async function () {
    const disk = smallDisk(48);
    if (!disk) this.skip();
    const folder = join(disk, 'box');
    // As if somebody else took the last bytes between our look and our writing.
    const box = await Outbox.open(folder, SETTINGS, listener, { free: async () => 1e12 });
    const before = [0, 1, 2].map((n) => box.add(reading(n)));
    await Promise.all(before);
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 300_000));
    const { taken, error } = await fill(box, 3);
    assert.match(error.message, /the store takes no records: .*(No space left|space)/i);
    assert.ok(taken.length > 10, `${taken.length} taken`);
    const accepted = [0, 1, 2, ...taken];
    // What is stored can be sent while the disk is full.
    assert.deepEqual(await numbers(box), accepted);
    const { envelopes, to } = await box.read(box.first, { records: 5, bytes: 1e9 });
    box.settle(envelopes, to);
    assert.deepEqual(await numbers(box), accepted.slice(5));
    rmSync(join(disk, 'filler'));
    await until(
      () =>
        box.add(reading(2e6)).then(
          () => true,
          () => false,
        ),
      'the store to take records again',
    );
    assert.equal(standing.size, 0);
    const now = await numbers(box);
    assert.deepEqual(
      accepted.slice(5).filter((n) => !now.includes(n)),
      [],
    );
    assert.equal(now.at(-1), 2e6);
    await box.close();
    const again = await Outbox.open(folder, SETTINGS, listener);
    cleanUp(() => again.close());
    assert.deepEqual(await numbers(again), now);
  });
});
