import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import {
  type Excursion,
  history,
  Journal,
  JournalKeeper,
  type JournalSettings,
  readDetectorSettings,
  replay,
  SagSwellDetector,
  tryThresholds,
} from '../../src/disturbance';
import { type Diagnostic, type EventType, type PqEvent, parseRecord } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { seeded, wave } from '../signal/signals';
import { until } from '../until';
import { frameOf } from './helpers';
import { eventWith } from './journal-events';

const MB = 1e6;
const DAY = 86_400_000;
const cleanUp = cleanUpAfterEach();

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pq-journal-'));
  cleanUp(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function open(
  path = folder(),
  settings: Partial<JournalSettings> = {},
  now?: () => number,
  believed?: () => number | undefined,
) {
  const given = { maxDays: 30, maxBytes: 100 * MB, ...settings };
  const journal = await Journal.open(path, given, now, undefined, believed);
  cleanUp(() => journal.close());
  return journal;
}

const KEPT = { journal: true, maxDays: 30, maxBytes: 100 * MB };

function keeperOf(path: string, given: PqEvent[]): JournalKeeper {
  return new JournalKeeper(
    path,
    KEPT,
    'detector',
    () => {},
    (event) => given.push(event),
  );
}

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER };

async function all<T>(found: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of found) list.push(one);
  return list;
}

/** Detects, and keeps events and excursions. */
function run(settings: object, frames: ReturnType<typeof frameOf>[]) {
  const ends: PqEvent[] = [];
  const excursions: Excursion[] = [];
  const detector = new SagSwellDetector(readDetectorSettings(settings), {
    event: (event) => event.state === 'end' && ends.push(event),
    rms() {},
    diagnostic() {},
    excursion: (excursion) => excursions.push(excursion),
  });
  for (const frame of frames) detector.push(frame);
  detector.finish();
  return { ends, excursions };
}

describe('journal', function () {
  this.timeout(30_000);

  it('gives back events with their captures, and excursions, exactly, also after it was closed', async () => {
    const path = folder();
    const first = await Journal.open(path, { maxDays: 30, maxBytes: MB });
    const events = [3, 1, 2].map((k) => eventWith(1e12 + k * 1000.25));
    for (const event of events) await first.addEvent(event);
    const sag = wave({ rate: 3200, seconds: 2, frequency: 50, rms: 230, gain: (t) => (t > 1 ? 0.93 : 1) });
    const [excursion] = run({}, [frameOf({ va: sag }, 3200, 5e11)]).excursions;
    await first.addExcursion(excursion);
    await first.close();

    const journal = await open(path);
    assert.equal(journal.status.entries, 4);
    const found = await all(journal.events(ALL, () => true));
    assert.deepEqual(
      JSON.parse(JSON.stringify(found)),
      JSON.parse(JSON.stringify([events[1], events[2], events[0]])),
    );
    assert.ok(found[0].capture?.data.equals(events[1].capture?.data as Buffer));
    assert.deepEqual(await all(journal.excursions(ALL)), [excursion]);
    assert.equal((await all(journal.events(ALL)))[0].capture, undefined);
    assert.equal((await all(journal.events({ ...ALL, from: 1e12 + 1500, to: 1e12 + 2500 }))).length, 1);
    assert.equal((await all(journal.events({ ...ALL, meter: 'm2' }))).length, 0);
  });

  it('lets go of the oldest beyond its size and its age', async () => {
    let now = 1e12;
    const path = folder();
    let isBelieved = true;
    const believed = () => (isBelieved ? now : undefined);
    const journal = await open(path, { maxBytes: MB, maxDays: 30 }, () => now, believed);
    // Captures of 2 x 12,500 samples: 100 kB.
    for (let i = 0; i < 25; i++) await journal.addEvent(eventWith(1e12 + i, 12_500));
    const { entries, bytes } = journal.status;
    assert.ok(bytes <= MB && entries === 9, `${entries} of ${bytes} bytes`);
    assert.deepEqual(
      (await all(journal.events(ALL))).map(({ time }) => time - 1e12),
      [16, 17, 18, 19, 20, 21, 22, 23, 24],
    );
    now += 29 * DAY;
    await journal.addEvent(eventWith(5e11));
    assert.equal(journal.status.entries, 10);
    // A clock that was set makes nothing too old.
    now += 60 * DAY;
    isBelieved = false;
    await journal.addEvent(eventWith(1e12 + 98));
    assert.equal(journal.status.entries, 11);
    isBelieved = true;
    now -= 58 * DAY;
    await journal.addEvent(eventWith(1e12 + 99));
    assert.deepEqual(
      (await all(journal.events(ALL))).map(({ time }) => time),
      [5e11, 1e12 + 98, 1e12 + 99],
    );
    // Twice at once: each entry is counted as gone once.
    await Promise.all([1, 1].map((maxBytes) => journal.configure({ maxBytes, maxDays: 30 })));
    assert.deepEqual(journal.status, { entries: 0, bytes: 0, dropped: 0 });
  });

  it('writes what comes together in few batches, and drops what the disk cannot follow, counted', async () => {
    const journal = await open();
    const writes = Array.from({ length: 300 }, (_, i) => journal.addEvent(eventWith(1e12 + i, 10)));
    await Promise.all(writes);
    assert.equal(journal.status.entries, 300);
    const big = Array.from({ length: 12 }, (_, i) => journal.addEvent(eventWith(1e12 + i, 1e6)));
    const results = await Promise.allSettled(big);
    const refused = results.filter(({ status }) => status === 'rejected').length;
    assert.ok(refused >= 3 && refused <= 5, `${refused} refused`);
    assert.equal(journal.status.dropped, refused);
  });

  it('loses nothing that it acknowledged when the process is killed', async () => {
    const killAfter = async (patience: number) => {
      const path = folder();
      const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'journal-writer.ts'), path]);
      let told = '';
      await new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (data) => {
          told += data;
          if (told.split('\n').length > patience) child.kill('SIGKILL');
        });
        child.on('exit', () => resolve());
        child.on('error', reject);
      });
      const acknowledged = told.split('\n').slice(0, -1);
      assert.ok(acknowledged.length >= patience);
      const journal = await open(path);
      const found = new Map((await all(journal.events(ALL, () => true))).map((event) => [event.id, event]));
      for (const id of acknowledged) {
        const event = found.get(id);
        assert.equal(event?.capture?.length, 400, id);
      }
    };
    await Promise.all([1, 40, 150].map(killAfter));
  });

  it('begins anew where the files are damaged, and keeps them aside', async () => {
    const path = join(folder(), 'journal');
    const first = await Journal.open(path, { maxDays: 30, maxBytes: MB });
    await first.addEvent(eventWith(1e12));
    await first.close();
    for (const name of readdirSync(path)) {
      if (/^(MANIFEST|CURRENT)/.test(name)) writeFileSync(join(path, name), 'not what was here');
    }
    const journal = await open(path, {}, () => 7);
    assert.equal(journal.status.entries, 0);
    await journal.addEvent(eventWith(1e12));
    assert.deepEqual(readdirSync(dirname(path)).sort(), ['journal', 'journal.damaged-7']);
  });

  it('passes over an entry that was damaged on disk, and says so where it counts', async () => {
    const path = join(folder(), 'journal');
    const first = await Journal.open(path, { maxDays: 30, maxBytes: MB });
    const gain = (t: number) => (t > 1 && t < 1.4 ? 0.6 : 1);
    const va = wave({ rate: 3200, seconds: 3, frequency: 50, rms: 230, gain });
    const { ends, excursions } = run({ nominal: 230, rvc: 0 }, [frameOf({ va }, 3200, 1e12)]);
    for (const event of ends) await first.addEvent(event);
    for (const excursion of excursions) await first.addExcursion(excursion);
    await first.addEvent(eventWith(1e12 + 60_000));
    await first.close();
    const db = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer' });
    const numbers: string[] = [];
    for await (const key of db.keys({ gt: 'd/', lt: 'd0' })) numbers.push(key);
    // The excursion, and the last event.
    await db.put(numbers[1], Buffer.from('nothing'));
    await db.put(numbers[numbers.length - 1], Buffer.alloc(3));
    await db.close();
    const journal = await open(path);
    assert.equal((await all(journal.events(ALL))).length, ends.length);
    const { old, doubts, exact } = await tryThresholds(journal, { sag: 0.5 }, readDetectorSettings({}));
    assert.deepEqual(old.types, {}, 'what cannot be judged anew is not compared');
    assert.equal(exact, false);
    assert.deepEqual(doubts, [
      `${ends.length} events are left out: their voltages are not, or not yet, kept`,
      '2 entries of the journal cannot be read',
    ]);
  });

  it('that cannot be kept is said once, stops nobody, and opens when it can', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const told: Diagnostic[] = [];
    const given: string[] = [];
    const keeper = new JournalKeeper(
      join(file, 'journal'),
      { journal: true, maxDays: 30, maxBytes: MB },
      'detector',
      (diagnostic) => told.push(parseRecord(diagnostic) as Diagnostic),
      (event) => given.push(event.state),
    );
    keeper.addEvent({ ...eventWith(1e12), state: 'start' });
    keeper.addEvent(eventWith(1e12));
    await assert.rejects(keeper.journal);
    keeper.note([eventWith(1e12)]);
    await until(() => keeper.lost === 1, 'a lost end');
    await until(() => given.length === 2, 'both events');
    assert.deepEqual(given, ['start', 'end']);
    assert.equal(told.length, 1);
    assert.equal(told[0].code, 'JOURNAL_ERROR');
    assert.match(told[0].text, /^the journal takes no events: /);
    assert.match(String(keeper.failure), /ENOTDIR/);
    // It opens by itself when it can.
    rmSync(file);
    await until(() => told.length === 2, 'the end of it');
    assert.match(told[1].text, /^over: /);
    keeper.addEvent(eventWith(1e12 + 5));
    await until(async () => (await keeper.journal).status.entries === 1, 'the event');
    await keeper.close();
  });

  it('ends what a kill has cut also where it opens late, and not what goes on', async () => {
    const path = folder();
    const before = await open(path);
    const [one, other] = [eventWith(1e12), eventWith(2e12)].map((event) => ({
      ...event,
      capture: undefined,
      state: 'start' as const,
    }));
    await before.begin([one, other]);
    // Somebody has it open still.
    const events: PqEvent[] = [];
    const keeper = keeperOf(path, events);
    const done = keeper.endCut(new Set([other.id]));
    await until(() => keeper.failure !== undefined, 'the first try to fail');
    await before.close();
    await done;
    assert.deepEqual(
      events.map(({ id, state, flags, duration }) => [id, state, flags.at(-1), duration]),
      [[one.id, 'end', 'cut', one.duration]],
    );
    await until(async () => (await keeper.journal).status.entries === 1, 'the end in the history');
    const inProgress = async () => (await (await keeper.journal).inProgress()).map(({ id }) => id);
    await until(async () => (await inProgress()).join() === other.id, 'the other alone to be in progress');
    await keeper.close();
  });

  it('gives a start on only when a kill would find it, and an end again that was cut off', async () => {
    const path = folder();
    const events = [1e12, 2e12].map((time) => eventWith(time));
    /** What a kill at this moment leaves behind. */
    const killed: string[] = [];
    const keeper = new JournalKeeper(
      path,
      KEPT,
      'detector',
      () => {},
      () => {
        killed.push(folder());
        cpSync(path, killed[killed.length - 1], { recursive: true });
      },
    );
    for (const event of events) keeper.addEvent({ ...event, capture: undefined, state: 'start' });
    await until(() => killed.length === 2, 'both starts');
    keeper.addEvent(events[0]);
    assert.equal(killed.length, 3);
    await until(async () => (await keeper.journal).status.entries === 1, 'the end on disk');
    keeper.addEvent({ ...events[1], flags: ['test'] });
    const afterwards = async (copy: string): Promise<string[]> => {
      const found: PqEvent[] = [];
      const next = keeperOf(copy, found);
      await next.endCut(new Set());
      await next.close();
      return found.map(({ id, flags }) => [events.findIndex((one) => one.id === id), ...flags].join());
    };
    assert.deepEqual((await afterwards(killed[0])).slice(0, 1), ['0,cut']);
    assert.deepEqual(await afterwards(killed[1]), ['0,cut', '1,cut']);
    // Its end is on disk, and may not have been heard of: it is said again as it was.
    assert.deepEqual(await afterwards(killed[3]), ['0', '1,cut']);
    await keeper.close();
    assert.deepEqual(await afterwards(path), []);
  });

  it('an end that waits behind a start for the disk is there after a kill, however long it waits', async () => {
    const path = folder();
    const given: PqEvent[] = [];
    const keeper = keeperOf(path, given);
    const [first, second] = [eventWith(1e12), eventWith(1e12 + 10_000)];
    keeper.addEvent({ ...first, capture: undefined, state: 'start' });
    await until(() => given.length === 1, 'the first start');
    const journal = await keeper.journal;
    // The disk takes ends, and not this start.
    journal.begin = () => new Promise<void>(() => {});
    keeper.addEvent({ ...second, state: 'start' });
    keeper.addEvent(first);
    await until(() => journal.status.entries === 1, 'the end on disk');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const copy = folder();
    cpSync(path, copy, { recursive: true });
    // On a machine that is slow enough it has not had to wait until now.
    const hasWaited = given.length === 1;
    const found: PqEvent[] = [];
    const next = keeperOf(copy, found);
    await next.endCut(new Set());
    const ends = found.map(({ id, state, flags }) => [id, state, flags]);
    if (hasWaited) assert.deepEqual(ends[0], [first.id, 'end', []]);
    await next.close();
    keeper.release();
    await keeper.close();
  });

  it('holds no start for longer than two seconds where the disk does not answer', async () => {
    const given: PqEvent[] = [];
    const keeper = keeperOf(folder(), given);
    const journal = await keeper.journal;
    let answer = () => {};
    journal.begin = () => new Promise<void>((resolve) => (answer = resolve));
    for (const time of [1e12, 2e12]) keeper.addEvent({ ...eventWith(time), state: 'start' });
    assert.equal(given.length, 0);
    await until(() => given.length === 2, 'both starts', 10_000);
    assert.equal(keeper.failure, 'the disk has not answered for 2 s');
    answer();
    await keeper.close();
  });

  it('gives everything on when it is closed in order', async () => {
    const given: PqEvent[] = [];
    const keeper = keeperOf(folder(), given);
    keeper.addEvent({ ...eventWith(1e12), state: 'start' });
    keeper.release();
    assert.equal(given.length, 1);
    await keeper.close();
    assert.equal(given.length, 1);
  });

  it('refuses a folder that somebody else has open', async () => {
    const path = folder();
    await open(path);
    await assert.rejects(open(path));
  });
});

describe('history', () => {
  it('gives the newest events of a time, and says when there are more', async () => {
    const journal = await open();
    for (let i = 0; i < 10; i++) await journal.addEvent(eventWith(1e12 + 1000 * i, 50, i % 2 ? 'm2' : 'm1'));
    const { events, more } = await history(journal, { limit: 3, captures: true });
    assert.deepEqual(
      events.map(({ time, capture }) => [time - 1e12, capture?.length]),
      [
        [7000, 50],
        [8000, 50],
        [9000, 50],
      ],
    );
    assert.equal(more, true);
    const part = await history(journal, {
      from: new Date(1e12 + 2000).toISOString(),
      to: 1e12 + 6000,
      meter: 'm1',
    });
    assert.deepEqual(
      part.events.map(({ time }) => time - 1e12),
      [2000, 4000, 6000],
    );
    assert.equal(part.more, false);
    assert.equal(part.events[0].capture, undefined);
    for (const [query, error] of [
      [{ limit: 1e9 }, /^payload\.limit: /],
      [{ limit: 500, captures: true }, /^payload\.limit: .* to 100/],
      [{ from: 'yesterday' }, /^payload\.from: .*ISO 8601/],
      [[], /^payload: expected an object/],
    ] as const) {
      await assert.rejects(history(journal, query), (e: Error) => error.test(e.message));
    }
  });
});

describe('traces', () => {
  it('come with the history where asked for: the course of the voltages beyond the watch band', async () => {
    const journal = await open();
    const va = wave({
      rate: 3200,
      seconds: 3,
      frequency: 50,
      rms: 230,
      gain: (t) => (t > 1 && t < 1.5 ? 0.93 : 1),
    });
    const { excursions, ends } = run({ rvc: 0 }, [frameOf({ va }, 3200, 1e12)]);
    assert.deepEqual([ends.length, excursions.length], [0, 1]);
    await journal.addExcursion(excursions[0]);
    const { events, traces = [] } = await history(journal, { traces: true });
    assert.deepEqual([events.length, traces.length], [0, 1]);
    const [{ window, values, step }] = traces;
    assert.equal(window, 'half-cycle');
    assert.ok(Math.abs((step as number) - 0.01) < 1e-6);
    for (const u of (values.va as number[]).slice(2, -3)) assert.ok(Math.abs(u - 0.93 * 230) < 0.05);
  });
});

describe('other thresholds tried on the past', function () {
  this.timeout(60_000);
  const RATE = 1600;

  /** Ten minutes of a restless grid: dips and rises of any depth and length, of any phases. */
  function restless(seed: number) {
    const random = seeded(seed);
    const between = (a: number, b: number) => a + ((b - a) * random(1e6)) / 1e6;
    const steps: { from: number; to: number; level: number; phases: number }[] = [];
    for (let t = 2; t < 160; t += between(0.3, 6)) {
      const deep = random(6) === 0 ? between(0, 0.5) : between(0.78, 1.22);
      steps.push({
        from: t,
        to: t + between(0.005, random(9) === 0 ? 70 : 0.8),
        level: deep,
        phases: 1 + random(7),
      });
    }
    const gain = (phase: number) => (t: number) => {
      for (const { from, to, level, phases } of steps) {
        if (t >= from && t < to && phases & (1 << phase)) return level;
      }
      return 1;
    };
    return Array.from({ length: 163 }, (_, s) => {
      const [va, vb, vc] = [0, 1, 2].map((k) =>
        wave({
          rate: RATE,
          seconds: 1,
          frequency: 50,
          rms: 230,
          phase: -120 * k,
          gain: (t) => gain(k)(s + t),
        }),
      );
      return frameOf({ va, vb, vc }, RATE, 1e12 + s * 1000);
    });
  }

  /** Counts in one order. */
  const sorted = ({ types, categories }: { types: object; categories: object }) =>
    [types, categories].map((of) => Object.entries(of).sort());

  /** What the journal answers of a detector that was given readings, in stretches, with gaps or restarts between. */
  const tryReadings = async (
    stretches: Record<string, number>[][],
    query: object,
    step = 10_000,
    restarts = false,
  ) => {
    const journal = await open();
    const settings = readDetectorSettings({});
    const ends: PqEvent[] = [];
    const excursions: Excursion[] = [];
    const output = {
      event: (event: PqEvent) => void (event.state === 'end' && ends.push(event)),
      rms: () => undefined,
      diagnostic: () => undefined,
      excursion: (excursion: Excursion) => void excursions.push(excursion),
    };
    let detector = new SagSwellDetector(settings, output);
    let time = 1_700_000_000_000;
    for (const values of stretches) {
      for (const one of values) {
        detector.pushReading({ kind: 'reading', meter: 'm1', time, values: one, quality: 'good' });
        time += step;
      }
      if (restarts) detector = new SagSwellDetector(settings, output, detector.suspend(true).meters);
      else time += 10 * step;
    }
    detector.finish();
    for (const event of ends) await journal.addEvent(event);
    for (const excursion of excursions) await journal.addExcursion(excursion);
    return { answer: await tryThresholds(journal, query, settings), ends };
  };

  const count = (ends: PqEvent[]) => {
    const types: Partial<Record<EventType, number>> = {};
    const categories: Record<string, number> = {};
    for (const { type, category } of ends) {
      types[type] = (types[type] ?? 0) + 1;
      const name = category.ieee1159 as string;
      categories[name] = (categories[name] ?? 0) + 1;
    }
    return { types, categories };
  };

  it('give what the detector would have given, exactly, anywhere outside the watch band', async () => {
    for (const seed of [1, 2]) {
      const frames = restless(seed);
      const { excursions, ends } = run({ rvc: 0, maxCapture: 0 }, frames);
      assert.ok(ends.length > 15, `${ends.length}`);
      for (const changes of [
        {},
        { sag: 0.88 },
        { sag: 0.92 },
        { sag: 0.95, swell: 1.05 },
        { sag: 0.7, swell: 1.15, minCycles: 3 },
        { interruption: 0.3, swellWindow: 20 },
        { hysteresis: 0 },
        { sag: 0.8, swell: 1.2, hysteresis: 0.1 },
      ]) {
        const settings = readDetectorSettings({ rvc: 0, maxCapture: 0, ...changes });
        const { counts, doubts } = await replay(excursions, settings);
        assert.deepEqual(counts, count(run(settings, frames).ends), JSON.stringify(changes));
        assert.deepEqual(doubts, []);
      }
    }
  });

  it('say so where they lie inside the watch band, and where it went on for too long', async () => {
    const frames = restless(3);
    const { excursions } = run({ rvc: 0, maxCapture: 0 }, frames);
    const doubtsOf = async (changes: object) =>
      (await replay(excursions, readDetectorSettings(changes))).doubts;
    assert.match(
      (await doubtsOf({ sag: 0.97 })).join(),
      /sag 0\.97 pu is above the watch band, which began at 0\.95/,
    );
    assert.match((await doubtsOf({ swell: 1.03 })).join(), /swell 1\.03 pu is below the watch band/);
    assert.match((await doubtsOf({ sag: 0.94, hysteresis: 0.05 })).join(), /hysteresis of sags is wider/);
    assert.match((await doubtsOf({ mode: '10-cycle' })).join(), /recorded in mode cycle/);
    const low = Array.from({ length: 130 }, (_, s) => {
      const va = wave({
        rate: RATE,
        seconds: 1,
        frequency: 50,
        rms: 230,
        gain: (t) => (s + t > 1 ? 0.93 : 1),
      });
      return frameOf({ va }, RATE, s * 1000);
    });
    const long = run({}, low).excursions;
    assert.equal(long.length, 1);
    assert.ok(long[0].truncated && long[0].cut && long[0].values.length < 121 * 100);
    assert.match(
      (await replay(long, readDetectorSettings({ sag: 0.94 }))).doubts.join(),
      /only 120 s are kept/,
    );
  });

  it('are answered from the journal, old against new', async () => {
    const journal = await open();
    const frames = restless(4);
    const settings = readDetectorSettings({ rvc: 0, maxCapture: 0 });
    const { ends, excursions } = run(settings, frames);
    for (const event of ends) await journal.addEvent(event);
    for (const excursion of excursions) await journal.addExcursion(excursion);
    const answer = await tryThresholds(journal, { sag: 0.88 }, settings);
    assert.deepEqual(answer.old, count(ends));
    assert.deepEqual(answer.new, count(run({ ...settings, sag: 0.88 }, frames).ends));
    assert.ok((answer.old.types.sag as number) > (answer.new.types.sag as number));
    assert.equal(answer.exact, true);
    assert.equal(answer.thresholds.sag, 0.88);
    assert.equal(answer.thresholds.swell, 1.1);
  });

  it('compare the same excursions while events go on', async () => {
    const journal = await open();
    const settings = readDetectorSettings({ rvc: 0, maxCapture: 0 });
    const { ends, excursions } = run(settings, restless(4));
    const sameFor = async (name: string, doubted: number) => {
      const answer = await tryThresholds(journal, { sag: settings.sag }, settings);
      assert.deepEqual(answer.new, answer.old, name);
      assert.deepEqual(answer.doubts.length, doubted, name);
      return Object.values(answer.old.types).reduce((a, b) => a + b, 0);
    };
    const latest = excursions[excursions.length - 1];
    const over = ends.filter(({ time }) => time < latest.time);
    const [last, ...others] = ends.filter(({ time }) => time >= latest.time);
    for (const event of over) await journal.addEvent(event);
    for (const excursion of excursions.slice(0, -1)) await journal.addExcursion(excursion);
    const before = await sameFor('before the last one', 0);
    // An end waits for the samples after it: the voltages are on disk before it.
    await journal.begin([{ ...last, state: 'start' }]);
    for (const event of others) await journal.addEvent(event);
    await journal.addExcursion(latest);
    assert.equal(await sameFor('the last one goes on', others.length ? 1 : 0), before);
    await journal.addEvent(last);
    assert.ok((await sameFor('all are over', 0)) > before);
    // Or the other way round: it is over, and the voltage not back inside the watch band.
    await journal.addEvent({ ...last, id: `${last.id}-2`, time: last.time + 1e6 });
    await sameFor('an event whose voltages are not kept yet', 1);
  });

  it('one sag from readings: unchanged thresholds find it again', async () => {
    const { answer } = await tryReadings([[230, 230, 230, 180, 230, 230].map((va) => ({ va }))], {
      sag: 0.9,
    });
    assert.deepEqual([answer.old.types, answer.new.types], [{ sag: 1 }, { sag: 1 }]);
    assert.deepEqual([answer.exact, answer.doubts], [true, []]);
    const deeper = await tryReadings([[230, 230, 230, 180, 230, 230].map((va) => ({ va }))], { sag: 0.7 });
    assert.deepEqual([deeper.answer.old.types, deeper.answer.new.types], [{ sag: 1 }, {}]);
  });

  it('any history of readings: unchanged thresholds give the old counts, or say why not', async () => {
    let events = 0;
    let exact = 0;
    const below = seeded(5);
    const random = () => below(1e6) / 1e6;
    for (let n = 0; n < 60; n++) {
      const names = (['va', 'vb', 'vc'] as const).slice(0, n % 2 ? 3 : 1);
      const level = names.map(() => 1);
      // Stretches with gaps, pauses and restarts of the detector between them.
      const stretches = Array.from({ length: 1 + (n % 4) }, () =>
        Array.from({ length: 5 + Math.floor(120 * random()) }, () =>
          Object.fromEntries(
            names.map((name, i) => {
              if (random() < 0.15)
                level[i] = [1, 1, 1, 0.93, 0.89, 0.6, 0.05, 0, 1.07, 1.12, 1.3][Math.floor(11 * random())];
              return [name, 230 * (level[i] + 0.01 * (random() - 0.5))];
            }),
          ),
        ),
      );
      const { answer, ends } = await tryReadings(
        stretches,
        { sag: 0.9 },
        [1000, 10_000, 300_000][n % 3],
        n % 5 === 4,
      );
      events += ends.length;
      const same =
        JSON.stringify(sorted(answer.old)) === JSON.stringify(sorted(answer.new)) &&
        JSON.stringify(sorted(answer.old)) === JSON.stringify(sorted(count(ends)));
      assert.ok(same || !answer.exact, `history ${n}: ${JSON.stringify(answer)}`);
      if (answer.exact) exact++;
    }
    assert.ok(events > 300 && exact > 30, `${events} events, ${exact} exact`);
  });

  it('are refused where they make no sense, with the field', async () => {
    const journal = await open();
    const settings = readDetectorSettings({});
    await assert.rejects(
      tryThresholds(journal, {}, settings),
      /payload: expected a threshold to try \(sag, swell/,
    );
    await assert.rejects(tryThresholds(journal, { sag: 'x' }, settings), /payload\.sag: expected a number/);
  });
});
