import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Envelope, Outbox, type OutboxOptions, type OutboxSettings } from '../../src/publishing';
import type { Finding, PqRecord } from '../../src/record';
import { type Clock, systemClock } from '../../src/shared';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { newFolder as newStoreFolder } from './helpers';
import { frame, reading, sag } from './records';

const cleanUp = cleanUpAfterEach();
const SETTINGS: OutboxSettings = { maxAge: 30 * 86_400_000, maxBytes: 100e6 };
const ALL = { records: 1e6, bytes: 1e9 };

const newFolder = () => newStoreFolder(cleanUp);

function listener() {
  const told: Finding[] = [];
  const dropped: { ids: string[]; reason: string }[] = [];
  const standing = new Map<string, Finding>();
  return {
    told,
    dropped,
    standing,
    on: {
      dropped: (envelopes: readonly Envelope[], reason: string) =>
        dropped.push({ ids: envelopes.map(({ id }) => id), reason }),
      condition: (name: string, finding: Finding | undefined) => {
        if (finding) standing.set(name, finding);
        else standing.delete(name);
      },
      told: (finding: Finding) => told.push(finding),
    },
  };
}

async function open(folder: string, settings = SETTINGS, options: OutboxOptions = {}) {
  const heard = listener();
  const box = await Outbox.open(folder, settings, heard.on, options);
  let open = true;
  const close = async () => {
    if (open) await box.close();
    open = false;
  };
  cleanUp(close);
  return { box, close, ...heard };
}

/** Both clocks of a machine that never stops, which show a time since it began. */
const clockOf = (ms: () => number): Clock => ({ wall: ms, steady: ms, boot: 'one' });

/** As JSON, without the id that is made for a record which has none. */
const plain = (record: PqRecord) => {
  const { id, ...rest } = JSON.parse(JSON.stringify(record));
  return record.kind === 'event' ? { id, ...rest } : rest;
};
const numbers = (envelopes: Envelope[]) => envelopes.map(({ time }) => time - 1.7e12);

/** Files of a store as somebody finds them whose Node-RED was killed: all that was acknowledged is synced. */
function snapshot(folder: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(folder, to, { recursive: true });
}

describe('the outbox', () => {
  it('gives back what it was given, in order, over a restart', async () => {
    const folder = newFolder();
    const records = [
      reading(0),
      sag(1),
      frame(50, 'm2', ['va', 'ib']),
      sag(2, 'm3', 0),
      reading(5, 'Zähler/7'),
    ];
    const first = await open(folder);
    for (const record of records) await first.box.add(record);
    await first.close();
    const { box } = await open(folder);
    const { envelopes, to } = await box.read(0, ALL);
    assert.deepEqual(
      envelopes.map((e) => plain(e.record())),
      records.map(plain),
    );
    assert.deepEqual([to, box.queued, box.first, box.next], [5, 5, 0, 5]);
    assert.deepEqual(
      envelopes.map(({ meter, kind }) => [meter, kind]),
      [
        ['m1', 'reading'],
        ['m1', 'event'],
        ['m2', 'waveform'],
        ['m3', 'event'],
        ['Zähler/7', 'reading'],
      ],
    );
  });

  it('writes JSON with samples as base64 that comes back exactly, as numbers, or as they are', async () => {
    const { box } = await open(newFolder());
    const event = sag(1);
    await box.add(event);
    await box.add(reading(2));
    const { envelopes } = await box.read(0, ALL);
    const packed = JSON.parse(envelopes[0].text('base64').toString());
    const bytes = Buffer.from(packed.capture.channels.va, 'base64');
    const samples = event.capture?.channel('va') as Float32Array;
    assert.equal(packed.capture.length, samples.length);
    samples.forEach((x, n) => {
      assert.equal(bytes.readFloatLE(4 * n), x);
    });
    assert.deepEqual(JSON.parse(envelopes[0].text('numbers').toString()), plain(event));
    const { body, type } = envelopes[0].message('binary');
    assert.equal(type, 'application/vnd.power-quality.capture');
    assert.equal(body.toString('latin1', 0, 4), 'PQC1');
    const end = 8 + body.readUInt32LE(4);
    const head = JSON.parse(body.toString('utf8', 8, end));
    assert.deepEqual(head.samples, {
      meter: 'm1',
      time: 1.7e12,
      rate: 10_000,
      length: 100,
      channels: ['va'],
    });
    assert.equal(head.capture, undefined);
    samples.forEach((x, n) => {
      assert.equal(body.readFloatLE(end + 4 * n), x);
    });
    assert.equal(envelopes[1].message('binary').type, 'application/json');
    for (const form of ['base64', 'numbers'] as const) assert.ok(!envelopes[0].text(form).includes('"0":'));
  });

  it('forgets what has arrived, keeps the rest, and knows a repetition by its id', async () => {
    const folder = newFolder();
    const first = await open(folder);
    const ids = [];
    for (let n = 0; n < 10; n++) ids.push((await first.box.add(reading(n))).id);
    assert.equal((await first.box.add(reading(3))).id, ids[3]);
    assert.equal(new Set(ids).size, 10);
    const { envelopes, to } = await first.box.read(0, { records: 4, bytes: 1e9 });
    first.box.settle(envelopes, to);
    await first.close();
    const { box } = await open(folder);
    assert.deepEqual(numbers((await box.read(box.first, ALL)).envelopes), [4, 5, 6, 7, 8, 9, 3]);
    const rest = await box.read(box.first, ALL);
    box.settle(rest.envelopes, rest.to);
    await box.written();
    assert.deepEqual([box.queued, box.status.bytes], [0, 0]);
  });

  it('takes an id that is none for what it is: one is made, and stands once in the JSON', async () => {
    const { box } = await open(newFolder());
    for (const id of [5, '', 'x'.repeat(300), null, {}]) {
      await box.add({ ...reading(1), id } as never);
    }
    const { envelopes } = await box.read(0, ALL);
    for (const envelope of envelopes) {
      const text = String(envelope.text('base64'));
      assert.equal(text.match(/"id":/g)?.length, 1, text);
      assert.equal(JSON.parse(text).id, envelope.id);
      assert.match(envelope.id, /^[0-9a-f]{32}$/);
    }
  });

  it('start and end of an event are two messages of one id', async () => {
    const { box } = await open(newFolder());
    await box.add({ ...sag(1), state: 'start' });
    await box.add(sag(1));
    const [start, end] = (await box.read(0, ALL)).envelopes;
    assert.equal(start.id, end.id);
    assert.notEqual(start.messageId, end.messageId);
  });

  it('drops the oldest beyond its size, says which, and stays within it', async () => {
    const { box, dropped } = await open(newFolder(), { ...SETTINGS, maxBytes: 100_000 });
    const ids: string[] = [];
    for (let n = 0; n < 1000; n++) {
      ids.push((await box.add(sag(n))).id);
      assert.ok(box.status.bytes <= 100_000, `${box.status.bytes} bytes`);
      if (n % 50 === 0) await box.written();
    }
    const gone = dropped.flatMap((one) => one.ids);
    assert.equal(gone.length + box.queued, 1000);
    assert.deepEqual(gone, ids.slice(0, gone.length));
    assert.equal(box.status.dropped.size, gone.length);
    assert.match(dropped[0].reason, /maxSize/);
    assert.ok(box.queued > 80, `${box.queued} kept`);
    await assert.rejects(box.add(frame(30_000)), /more than the store may hold/);
  });

  it('drops what is too old, also at the start, and counts it', async () => {
    const folder = newFolder();
    let now = 0;
    const settings = { ...SETTINGS, maxAge: 1000 };
    const first = await open(folder, settings, { clock: clockOf(() => now) });
    for (let n = 0; n < 500; n++) {
      now = n;
      await first.box.add(reading(n));
      if (n === 0) await first.box.written();
    }
    now = 1200;
    await first.box.dropOld();
    const left = first.box.queued;
    assert.equal(left, 300);
    assert.equal(first.box.status.dropped.age, 200);
    await first.close();
    now = 1400;
    const { box, dropped } = await open(folder, settings, { clock: clockOf(() => now) });
    assert.equal(box.queued, 100);
    assert.equal(dropped.flatMap(({ ids }) => ids).length, 200);
    assert.equal(box.status.dropped.age, 400);
  }).timeout(30_000);

  it('seals what it stores: nothing of it can be read, and only its key opens it', async () => {
    const folder = newFolder();
    const first = await open(folder, SETTINGS, { secret: 'storage key' });
    for (let n = 0; n < 20; n++) await first.box.add(reading(n, 'secret-meter'));
    await first.close();
    for (const name of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, name)).includes('secret-meter'), name);
    }
    const second = await open(folder, SETTINGS, { secret: 'storage key' });
    assert.equal((await second.box.read(0, ALL)).envelopes.length, 20);
    await second.close();
    const { box, told } = await open(folder, SETTINGS, { secret: 'another key' });
    assert.equal(told[0].code, 'STORE_KEY');
    assert.match(told[0].text, /key does not fit.*put aside as .*damaged-/);
    assert.ok(!told[0].text.includes('another key'));
    assert.ok(existsSync(String(told[0].detail.aside)));
    await box.add(reading(1));
    assert.equal(box.queued, 1);
  });

  it('takes a key later: what was stored plain before still goes out', async () => {
    const folder = newFolder();
    const first = await open(folder);
    await first.box.add(reading(0));
    await first.close();
    const { box, told } = await open(folder, SETTINGS, { secret: 'key' });
    await box.add(reading(1));
    assert.deepEqual(numbers((await box.read(0, ALL)).envelopes), [0, 1]);
    assert.deepEqual(told, []);
  });

  it('keeps rejected records with the answer, bounded, and sends them again when told', async () => {
    const folder = newFolder();
    const first = await open(folder);
    for (let n = 0; n < 5; n++) await first.box.add(sag(n));
    const { envelopes, to } = await first.box.read(0, { records: 2, bytes: 1e9 });
    for (const one of envelopes) await first.box.reject(one, '422 the meter is not known');
    first.box.settle(envelopes, to);
    await first.close();
    const { box } = await open(folder);
    const list = await box.rejected(2000);
    assert.deepEqual(
      list.map(({ envelope, answer }) => [plain(envelope.record()), answer]),
      [0, 1].map((n) => [plain(sag(n)), '422 the meter is not known']),
    );
    assert.equal(await box.requeue(), 2);
    assert.deepEqual([box.status.rejected, box.queued], [0, 5]);
    const again = await box.read(box.first, ALL);
    assert.deepEqual(
      again.envelopes.map(({ time }) => (time - 1.7e12) / 1000),
      [2, 3, 4, 0, 1],
    );
    box.settle(again.envelopes, again.to);
    await box.written();
    assert.deepEqual(await box.rejected(2000), []);
    assert.equal(box.status.bytes, 0);
  });

  it('bounds the list of rejected records: half of the store', async () => {
    const { box } = await open(newFolder(), { ...SETTINGS, maxBytes: 8e5 });
    await Promise.all(Array.from({ length: 1500 }, (_, n) => box.add(reading(n))));
    const { envelopes, to } = await box.read(0, ALL);
    for (const one of envelopes) await box.reject(one, '400');
    box.settle(envelopes, to);
    const list = await box.rejected(2000);
    const { rejected, bytes, dropped } = box.status;
    assert.equal(list.length, rejected);
    assert.equal(rejected + dropped.size, 1500);
    assert.ok(bytes <= 0.4e6 && bytes > 0.39e6, `${bytes} bytes`);
    assert.equal(list.at(-1)?.envelope.time, 1.7e12 + 1499);
    assert.equal(list[0].envelope.time, 1.7e12 + dropped.size);
  });

  it('keeps what a node wants to keep, with the records of the same moment', async () => {
    const folder = newFolder();
    const first = await open(folder);
    first.box.keep('summary m1', Buffer.from('one'));
    first.box.keep('summary m1', Buffer.from('two'));
    first.box.keep('summary m2', Buffer.from('three'));
    await first.box.add(reading(1));
    first.box.keep('summary m2', undefined);
    await first.close();
    const { box } = await open(folder);
    assert.deepEqual(
      [...(await box.kept())].map(([name, bytes]) => [name, String(bytes)]),
      [['summary m1', 'two']],
    );
  });

  it('takes nothing when the disk is nearly full, harms nothing stored, and goes on when there is room', async () => {
    const folder = newFolder();
    let free = 1e9;
    const { box, standing } = await open(folder, SETTINGS, { free: async () => free });
    await box.add(reading(0));
    free = 1e6;
    await until(
      () =>
        box.add(reading(99)).then(
          () => false,
          (error: Error) => /the disk is full: 1 MB left, 32 MB are needed/.test(error.message),
        ),
      'a refusal',
    );
    assert.match(standing.get('store')?.text ?? '', /the disk is full/);
    await assert.rejects(box.add(reading(1)), /the disk is full/);
    const taken = box.queued;
    const { envelopes, to } = await box.read(0, ALL);
    assert.equal(envelopes.length, taken);
    box.settle(envelopes, to);
    free = 1e9;
    await box.add(reading(2));
    assert.equal(standing.size, 0);
    assert.deepEqual(numbers((await box.read(box.first, ALL)).envelopes), [2]);
  });

  it('refuses what the disk cannot follow, with a bound on memory', async () => {
    const { box } = await open(newFolder());
    const results = Array.from({ length: 80 }, () =>
      box.add(frame(250_000)).then(
        () => 'stored',
        (error: Error) => error.message,
      ),
    );
    const said = await Promise.all(results);
    const refused = said.filter((text) => /the disk does not follow/.test(text)).length;
    assert.ok(refused >= 16, `${refused} refused`);
    assert.equal(refused, box.status.refused);
    assert.equal(said.filter((text) => text === 'stored').length, 80 - refused);
  });

  it('refuses to share a store', async () => {
    const folder = newFolder();
    await open(folder);
    await assert.rejects(open(folder), (error: Error) =>
      /lock/i.test(String((error.cause as Error)?.message)),
    );
  });
});

describe('a damaged store', function () {
  this.timeout(600_000);

  /** A store with a table, a log, rejected and arrived records, as a kill leaves it. */
  async function damagedStore(count: number): Promise<{ image: string; left: number[] }> {
    const folder = newFolder();
    for (const part of [0, 1]) {
      const { box, close } = await open(folder);
      for (let n = 0; n < count / 2; n++) await box.add(reading((part * count) / 2 + n));
      if (part === 0) {
        const { envelopes, to } = await box.read(0, { records: 3, bytes: 1e9 });
        await box.reject(envelopes[0], '400');
        box.settle(envelopes, to);
        await box.written();
        await close();
      } else {
        const image = `${folder}-image`;
        snapshot(folder, image);
        return { image, left: Array.from({ length: count - 3 }, (_, n) => n + 3) };
      }
    }
    throw new Error('never');
  }

  const DATA = /\.(ldb|log)$|^MANIFEST|^CURRENT$/;

  /**
   * Opens a copy of the image with one file changed.
   * @returns what is left, and what was said
   */
  async function withDamage(image: string, name: string, bytes: Buffer) {
    const folder = newFolder();
    snapshot(image, folder);
    writeFileSync(join(folder, name), bytes);
    const heard = listener();
    const box = await Outbox.open(folder, SETTINGS, heard.on);
    try {
      const { envelopes } = await box.read(box.first, ALL);
      // It still works.
      await box.add(reading(1e6));
      const after = await box.read(box.first, ALL);
      assert.equal(after.envelopes.at(-1)?.time, 1.7e12 + 1e6);
      return { found: numbers(envelopes), told: heard.told };
    } finally {
      await box.close();
      rmSync(join(folder, '..'), { recursive: true, force: true });
    }
  }

  /** 0 to `count` - 1, some at a time: most of the time is waiting for the disk. */
  async function eachAtOnce(count: number, check: (i: number) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < count) await check(next++);
    };
    await Promise.all(Array.from({ length: 12 }, worker));
  }

  /** Records whose bytes in a file lie, whole or in part, from `from` on (and before `to`). */
  function coveredBy(file: Buffer, from: number, to: number): Set<number> {
    const covered = new Set<number>();
    // The time of a reading stands in its JSON; between two of them its frame ends.
    for (const match of file.toString('latin1').matchAll(/PQOB/g)) {
      const at = match.index;
      if (file[at + 8] !== 1) continue;
      const end = at + 24 + file.readUInt32LE(at + 12);
      const [, n] =
        /"time":1700000(\d{6})/.exec(file.toString('latin1', at, Math.min(end, file.length))) ?? [];
      if (n !== undefined && end > from && at < to) covered.add(Number(n));
    }
    return covered;
  }

  it('mended, and stopped in the middle of that at any step: all is there the next time', async () => {
    const { image, left } = await damagedStore(20);
    const table = readdirSync(image).find((name) => name.endsWith('.ldb')) as string;
    const steps: [string, (folder: string) => void][] = [
      [
        'while the new store is made',
        (folder) => {
          cpSync(image, `${folder}.new`, { recursive: true });
          writeFileSync(join(`${folder}.new`, 'CURRENT'), 'half');
          const bytes = readFileSync(join(folder, table));
          bytes[bytes.length - 60] ^= 1;
          writeFileSync(join(folder, table), bytes);
        },
      ],
      ['before the new one takes its place', (folder) => renameSync(folder, `${folder}.new`)],
      [
        'while it is looked at',
        (folder) => {
          cpSync(image, `${folder}.check`, { recursive: true });
        },
      ],
    ];
    for (const [what, stop] of steps) {
      const folder = newFolder();
      snapshot(image, folder);
      stop(folder);
      const { box, close } = await open(folder);
      assert.deepEqual(numbers((await box.read(box.first, ALL)).envelopes), left, what);
      await close();
      assert.ok(!existsSync(`${folder}.new`) && !existsSync(`${folder}.check`), what);
    }
  });

  it('a record that goes bad while the store is open: that one is lost and told, the others are read', async () => {
    const { image, left } = await damagedStore(20);
    const folder = newFolder();
    snapshot(image, folder);
    // Opened once, all of it is in tables.
    await (await open(folder)).close();
    const { box, told } = await open(folder);
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.ldb'))) {
      const bytes = readFileSync(join(folder, name));
      const at = bytes.indexOf(`"time":${1.7e12 + 12}`);
      if (at < 0) continue;
      bytes[at + 3] ^= 4;
      writeFileSync(join(folder, name), bytes);
    }
    const { envelopes } = await box.read(box.first, ALL);
    assert.deepEqual(
      numbers(envelopes),
      left.filter((n) => n !== 12),
    );
    assert.match(told[0].text, /records 12 to 12 cannot be read.*16 records saved, 1 lost \(numbers 12\)/);
    assert.deepEqual([told.length, box.status.lost], [1, 1]);
    // It is told once.
    await box.read(box.first, ALL);
    assert.equal(told.length, 1);
  });

  it('keeps two damaged stores beside it, no more', async () => {
    const { image } = await damagedStore(8);
    const folder = newFolder();
    for (let round = 0; round < 4; round++) {
      snapshot(image, folder);
      rmSync(join(folder, 'CURRENT'));
      const { told, close } = await open(folder, SETTINGS, {
        clock: { ...systemClock, wall: () => 1000 + round },
      });
      assert.equal(told[0].code, 'STORE_DAMAGED');
      assert.match(told[0].text, /CURRENT is missing.*5 records saved, 0 lost$/);
      await close();
    }
    const beside = readdirSync(join(folder, '..')).filter((name) => name.includes('damaged'));
    assert.deepEqual(beside, ['box.damaged-1002', 'box.damaged-1003']);
  });

  it('cut at any byte: opens, loses what was cut off and no more, and says so', async () => {
    const { image, left } = await damagedStore(8);
    let cases = 0;
    let lossy = 0;
    for (const name of readdirSync(image).filter((one) => DATA.test(one))) {
      const file = readFileSync(join(image, name));
      await eachAtOnce(file.length, async (length) => {
        const { found, told } = await withDamage(image, name, file.subarray(0, length));
        const covered = coveredBy(file, length, file.length);
        const lost = left.filter((n) => !found.includes(n));
        assert.ok(
          lost.every((n) => covered.has(n)),
          `${name} cut at ${length}: lost ${lost}, cut off ${[...covered]}`,
        );
        // What is there is in order; arrived ones may come again.
        assert.deepEqual(
          [...found].sort((a, b) => a - b),
          found,
        );
        const boundary = told.length === 0;
        if (lost.length > 0) lossy++;
        // A log that ends between two batches looks like one to which nothing more was written.
        if (boundary && lost.length > 0)
          assert.match(name, /\.log$/, `${name} cut at ${length} without a word`);
        cases++;
      });
    }
    console.log(
      `      ${cases} cuts, ${lossy} of them with records lost: only those whose bytes were cut off`,
    );
    assert.ok(cases > 2500 && lossy > 100, `${cases} cuts, ${lossy} with losses`);
  });

  it('with any bit turned: opens, loses at most the records it is in, and says so', async () => {
    const { image, left } = await damagedStore(60);
    const files = readdirSync(image).filter((one) => DATA.test(one));
    const sizes = files.map((name) => readFileSync(join(image, name)).length);
    const all = sizes.reduce((sum, n) => sum + n, 0);
    let lossy = 0;
    let silent = 0;
    await eachAtOnce(1000, async (i) => {
      let at = randomBytes(4).readUInt32LE(0) % all;
      const which = sizes.findIndex((size) => {
        if (at < size) return true;
        at -= size;
        return false;
      });
      const name = files[which];
      const file = readFileSync(join(image, name));
      const covered = coveredBy(file, at, at + 1);
      file[at] ^= 1 << (i % 8);
      const { found, told } = await withDamage(image, name, file);
      const lost = left.filter((n) => !found.includes(n));
      assert.ok(
        lost.every((n) => covered.has(n)),
        `${name} bit at ${at}: lost ${lost}, in ${[...covered]}; ${told.map(({ text }) => text)}`,
      );
      if (lost.length > 0) {
        lossy++;
        assert.match(
          told[0]?.code ?? '',
          /STORE_DAMAGED|STORE_CUT/,
          `${name} bit at ${at}: lost ${lost} without a word`,
        );
      } else if (told.length === 0) silent++;
    });
    console.log(`      1000 bits: ${lossy} lost the record they were in, ${silent} did no harm at all`);
    assert.ok(lossy > 100, `${lossy} with losses`);
  });
});
