import assert from 'node:assert/strict';
import {
  createEventLogReader,
  faultOf,
  isRefusal,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import { type PqEvent, parseRecord } from '../../src/record';
import {
  bytesOf,
  decodeEigCapture,
  decodeEigPq,
  decodeEigStatus,
  decodeLogEntry,
  EIG,
  EIG_CAPTURE_BYTES,
  EIG_TRIGGERS,
  genericPq,
  type Profile,
  readProfiles,
  shark200,
} from '../../src/registers';
import {
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { until } from '../until';
import { butClocks, collect } from './collect';

const NOMINAL = 230;
const START = 1_700_000_000_000;
/** A clock that the test moves. */
let now = START;
const clock = () => now;

const cleanUp = cleanUpAfterEach();
beforeEach(() => {
  now = START;
});

type Disturbance = {
  type: string;
  at: number;
  duration: number;
  residual: number;
  phases?: string;
  every?: number;
};

function meterOf(profile: Profile, disturbances: Disturbance[], logged = 0, rate?: number): SimulatedMeter {
  const source = new SyntheticSource(readSyntheticSettings({ disturbances, rate }));
  return new SimulatedMeter({ profile, source, nominal: NOMINAL, fifoBlocks: 4000, start: now, logged });
}

async function serve(meter: SimulatedMeter) {
  const meters = new Map([[1, meter]]);
  const server = await SimulatorServer.listen(meters, 0, clock);
  const link = new ModbusLink(
    readLinkSettings({ host: '127.0.0.1', port: server.port, timeout: 500, retries: 0 }),
  );
  cleanUp(async () => {
    await link.close();
    await server.close();
  });
  return { meters, server, link };
}

/** Time goes on in steps that a meter can follow. */
function pass(meter: SimulatedMeter, seconds: number): void {
  const end = now + seconds * 1000;
  while (now < end) {
    now = Math.min(end, now + 500);
    meter.advance(now);
  }
}

function readerOf(profile: Profile, position?: unknown, row: object = {}) {
  const rows = [{ id: 'm1', link: 'shared', profile: profile.name, nominal: NOMINAL, ...row }];
  const [meter] = readFleet(rows);
  const reader = createEventLogReader(meter, position);
  assert.ok(reader);
  return reader;
}

/** Reads until nothing more waits. */
async function drain(reader: ReturnType<typeof readerOf>, link: ModbusLink) {
  const events: PqEvent[] = [];
  const codes: string[] = [];
  const findings: { code: string; detail: Record<string, unknown> }[] = [];
  for (let more = true; more; ) {
    const batch = await reader.read(link);
    events.push(...batch.events.map((event) => parseRecord(event) as PqEvent));
    findings.push(...batch.findings);
    codes.push(...batch.findings.map(({ code }) => code));
    more = batch.more;
  }
  return { events, codes, findings };
}

const SAG: Disturbance = { type: 'sag', at: 3, duration: 0.12, residual: 0.5, phases: 'ab' };
const SWELL: Disturbance = { type: 'swell', at: 6, duration: 0.1, residual: 1.2, phases: 'c' };

/** Both families: what they have in common. `grain` is what their times resolve, s. */
const FAMILIES: { profile: Profile; grain: number }[] = [
  { profile: genericPq, grain: 0.012 },
  { profile: shark200, grain: 1 },
];

for (const { profile, grain } of FAMILIES) {
  describe(`the event log of ${profile.title}`, () => {
    it('brings new entries only, with what happened and its waveform', async () => {
      const meter = meterOf(profile, [SAG, SWELL]);
      const { link } = await serve(meter);
      const reader = readerOf(profile);
      meter.advance(now);
      assert.deepEqual(await drain(reader, link), { events: [], codes: [], findings: [] });
      pass(meter, 5);
      const first = await drain(reader, link);
      assert.deepEqual(first.codes, []);
      assert.deepEqual(
        first.events.map(({ type, phases }) => [type, phases.join('')]),
        [['sag', 'ab']],
      );
      pass(meter, 3);
      const second = await drain(reader, link);
      assert.deepEqual(
        second.events.map(({ type, phases }) => [type, phases.join('')]),
        [['swell', 'c']],
      );
      assert.deepEqual(await drain(reader, link), { events: [], codes: [], findings: [] });
      for (const [event, truth] of [
        [first.events[0], SAG],
        [second.events[0], SWELL],
      ] as const) {
        assert.equal(event.state, 'end');
        assert.ok(Math.abs(event.time - (START + truth.at * 1000)) <= grain * 1000, `${event.time - START}`);
        assert.ok(Math.abs(event.duration - truth.duration) < 0.015, `${event.duration} s`);
        assert.ok(Math.abs(event.extreme - truth.residual) < 0.005, `${event.extreme} pu`);
        assert.ok(Math.abs(event.reference - NOMINAL) < 0.01);
        assert.match(event.category.ieee1159 ?? '', /^instantaneous/);
        assert.ok(event.flags.includes('meter log'));
        checkCapture(event, truth);
      }
    });

    it('goes on where it stood after a restart of the gateway: nothing twice, nothing missed', async () => {
      const meter = meterOf(profile, [{ ...SAG, at: 1, every: 2 }]);
      const { link } = await serve(meter);
      const before = readerOf(profile);
      meter.advance(now);
      await drain(before, link);
      pass(meter, 4);
      const ids = (await drain(before, link)).events.map(({ id }) => id);
      const position = JSON.parse(JSON.stringify(before.position));
      pass(meter, 6);
      const after = readerOf(profile, position);
      ids.push(...(await drain(after, link)).events.map(({ id }) => id));
      assert.equal(ids.length, 5);
      assert.equal(new Set(ids).size, 5);
    });

    it('begins at the newest entry of a log that is full of old ones, and says so; capture fetches those', async () => {
      const meter = meterOf(profile, [{ ...SAG, at: 1, every: 2 }]);
      const { link } = await serve(meter);
      pass(meter, 10);
      const reader = readerOf(profile);
      const { events, codes } = await drain(reader, link);
      assert.deepEqual([events.length, codes], [0, ['EVENT_LOG_BEGUN']]);
      const latest = await reader.latest(link, 3);
      assert.equal(latest.length, 3);
      assert.ok(latest.every((event, i) => i === 0 || event.time > latest[i - 1].time));
      assert.ok(latest[2].capture);
      // It is not taken for read, nor unread, by that.
      assert.deepEqual((await drain(reader, link)).events, []);
    });

    it('tells a restart of the meter, and reads what it has logged since', async () => {
      const meter = meterOf(profile, [{ ...SAG, at: 1, every: 1.5 }]);
      const { link, meters } = await serve(meter);
      const reader = readerOf(profile);
      meter.advance(now);
      await drain(reader, link);
      pass(meter, 8);
      assert.equal((await drain(reader, link)).events.length, 5);
      const anew = meterOf(profile, [{ ...SAG, at: 1, every: 2 }]);
      meters.set(1, anew);
      pass(anew, 4);
      const { events, findings } = await drain(reader, link);
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['EVENT_COUNT_RESET'],
      );
      assert.equal(events.length, 2);
    });

    it('follows a count that runs over its 32 bits', async () => {
      const meter = meterOf(profile, [{ ...SAG, at: 1, every: 1.5, phases: 'a' }], 2 ** 32 - 3);
      const { link } = await serve(meter);
      const reader = readerOf(profile);
      pass(meter, 2);
      await drain(reader, link);
      pass(meter, 6);
      const { events, codes } = await drain(reader, link);
      assert.equal(events.length, 4);
      assert.deepEqual(codes, ['EVENT_COUNT_WRAPPED']);
    });

    it('says how many entries were overwritten before they were read', async () => {
      const meter = meterOf(
        profile,
        [{ type: 'sag', at: 1, duration: 0.05, residual: 0.5, phases: 'a', every: 0.5 }],
        0,
        2000,
      );
      const { link } = await serve(meter);
      const reader = readerOf(profile);
      meter.advance(now);
      await drain(reader, link);
      pass(meter, 80);
      const { events, findings } = await drain(reader, link);
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['EVENT_LOG_OVERRUN'],
      );
      // 159 sags: 100 entries held, or 128 of which each makes two records.
      const held = profile === genericPq ? 100 : 128;
      const perEvent = profile === genericPq ? 1 : 2;
      assert.equal(events.length, held);
      const lost = findings[0].detail.lost as number;
      assert.ok(Math.abs(lost / perEvent + held - 158) <= 1, `${lost} lost`);
    });
  });
}

/** The capture shows the voltage before, and what was left of it. */
function checkCapture({ capture, time }: PqEvent, truth: Disturbance): void {
  assert.ok(capture);
  const name = `v${truth.phases?.[0]}` as 'va';
  const samples = capture.channel(name);
  assert.ok(samples);
  const rms = (from: number, to: number) => {
    const a = Math.round((from * capture.rate) / 1000);
    const part = samples.subarray(a, Math.round((to * capture.rate) / 1000));
    return Math.sqrt(part.reduce((sum, x) => sum + x * x, 0) / part.length);
  };
  // Whole cycles, one away from the onset, which the meter's log knows to a cycle.
  const at = time - capture.time;
  const before = rms(at - 51, at - 11);
  const during = rms(at + 31, at + 71);
  assert.ok(Math.abs(before / NOMINAL - 1) < 0.02, `${before} V before`);
  assert.ok(Math.abs(during / (truth.residual * NOMINAL) - 1) < 0.02, `${during} V in it`);
}

describe('the log of Electro Industries as its manual has it', () => {
  // E149701, B-23: the answer to reading the status block of a log.
  it('reads the status block of the example', () => {
    const hex = '00000100 00000064 0012 0002 060717101511 060718101511 0000000000000000';
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const words = Array.from({ length: 16 }, (_, i) => bytes.readUInt16BE(2 * i));
    assert.deepEqual(decodeEigStatus(words), {
      max: 256,
      used: 100,
      recordSize: 18,
      availability: 2,
      first: Date.UTC(2006, 6, 23, 16, 21, 17),
      last: Date.UTC(2006, 6, 24, 16, 21, 17),
    });
  });

  // B-46: the beginning of a waveform capture; channel blocks follow after 388 reserved bytes.
  it('reads the header of the example capture', () => {
    const bytes = Buffer.alloc(EIG_CAPTURE_BYTES);
    const header = '01800600004702000000 07FF 074C00260021002000220025 D321196C1CB00264D3AA1AF3';
    Buffer.from(header.replaceAll(' ', ''), 'hex').copy(bytes);
    ['AN', 'IA', 'BN', 'IB', 'CN', 'IC'].forEach((id, i) => {
      bytes.write(id, 424 + 4098 * i, 'latin1');
    });
    // The first samples of AN, as printed.
    Buffer.from('00001A7019501888177816601580149813', 'hex').copy(bytes, 426);
    const capture = decodeEigCapture(bytes);
    assert.ok(capture);
    const { rate, number, cycleTag, trigger, channels } = capture;
    assert.deepEqual([rate, number, cycleTag], [64 * 60, 0x47, 512]);
    const triggers = EIG_TRIGGERS.filter((_, bit) => trigger & (1 << bit));
    // In the example B and C have no voltage (33 and 34 counts), A has 1868.
    assert.deepEqual(
      triggers.map(({ phase, type }) => phase + type),
      ['bsag', 'csag'],
    );
    assert.deepEqual(Object.keys(channels), ['va', 'ia', 'vb', 'ib', 'vc', 'ic']);
    const va = channels.va as Float32Array;
    assert.ok(Math.abs(va[1] - va[2] - (0x1a70 - 0x1950) * 0.054049) < 1e-3);
  });

  it('engages, and lets go of, a log with the words of the example', async () => {
    const written: [number, number[]][] = [];
    const meter = meterOf(shark200, [SAG]);
    const { link } = await serve(meter);
    const write = link.write.bind(link);
    link.write = async (unit, address, words) => {
      written.push([address, words]);
      await write(unit, address, words);
    };
    pass(meter, 5);
    await readerOf(shark200, { sequence: 0, seen: '', open: {} }).read(link);
    const sessions = written
      .filter(([address]) => address === EIG.session)
      .map(([, [word]]) => word.toString(16));
    // Log 10 in image scope, let go, log 11 in normal scope, let go.
    assert.deepEqual(sessions, ['a82', '0', 'b80', '0']);
  });
});

describe('event logs of meters that answer anything', () => {
  it('takes random words for entries, records and captures without falling, and passes on none that is not one', () => {
    const random = seeded(21);
    let entries = 0;
    for (let round = 0; round < 3000; round++) {
      const words = Array.from({ length: 128 }, () => (random(3) ? random(0x10000) : random(4)));
      const entry = decodeLogEntry(words);
      if (entry) {
        entries++;
        assert.ok(Number.isFinite(entry.extreme) && entry.reference > 0);
        assert.doesNotThrow(() => new Date(entry.time).toISOString());
      }
      const bytes = bytesOf(words);
      const { time, worst } = decodeEigPq(bytes);
      assert.ok(Number.isFinite(time) && worst.every(Number.isFinite));
      const capture = new Uint8Array(EIG_CAPTURE_BYTES);
      capture.set(bytes, 0);
      assert.equal(decodeEigCapture(capture), undefined);
    }
    assert.ok(entries > 10);
  });

  it('tells an entry that makes no sense, and goes on behind it', async () => {
    const meter = meterOf(genericPq, [{ ...SAG, at: 1, every: 1.5 }]);
    const { link } = await serve(meter);
    const reader = readerOf(genericPq);
    meter.advance(now);
    await drain(reader, link);
    pass(meter, 5);
    // The second entry of the window comes with a time beyond all dates.
    const read = link.read.bind(link);
    link.read = async (unit, address, count, table) => {
      const words = await read(unit, address, count, table);
      return address === 4300 ? words.map((word, i) => (i === 44 ? 0xffff : word)) : words;
    };
    const { events, findings } = await drain(reader, link);
    assert.deepEqual(
      findings.map(({ code, detail }) => [code, detail.numbers]),
      [['EVENT_LOG_UNREADABLE', [2]]],
    );
    assert.equal(events.length, 2);
  });

  it('begins anew where what it kept is not what it once wrote', async () => {
    for (const profile of [genericPq, shark200]) {
      const kept = [
        null,
        5,
        'x',
        {},
        { count: -1 },
        { count: 'x' },
        { sequence: 1, seen: '', open: { sag: 5 } },
      ];
      for (const position of kept) assert.equal(readerOf(profile, position).position, undefined);
    }
  });

  it('a log that another program has engaged is a fault of that task alone', async () => {
    const meter = meterOf(shark200, [SAG]);
    const { link } = await serve(meter);
    pass(meter, 5);
    const read = link.read.bind(link);
    // The meter says that port 2 has it.
    link.read = async (unit, address, count, table) => {
      const words = await read(unit, address, count, table);
      return address === 0xc797 ? words.map((word, i) => (i === 5 ? 2 : word)) : words;
    };
    await assert.rejects(readerOf(shark200, { sequence: 0, seen: '', open: {} }).read(link), (error) => {
      assert.equal(faultOf(error).code, 'EVENT_LOG_IN_USE');
      assert.equal(isRefusal(error), true);
      return true;
    });
  });
});

describe('event logs through the poller', () => {
  function poll(port: number, profile: string, own = {}, memory?: ConstructorParameters<typeof Poller>[4]) {
    const { got, output } = collect(butClocks);
    const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port, timeout: 500, retries: 0 }));
    const fleet = readFleet([{ id: 'm1', link: 'x', profile, nominal: NOMINAL }], 'meters', undefined, own);
    const settings = readPollerSettings({ interval: 3600, waveformInterval: 0, eventInterval: 0.1 });
    const poller = new Poller(fleet, () => link, settings, output, memory);
    cleanUp(async () => {
      poller.stop();
      await link.close();
    });
    return { poller, events: got.events, diagnostics: got.diagnostics };
  }

  it('sends each event once, over two lives of the poller; capture sends it again', async () => {
    const kept = new Map<string, unknown>();
    const memory = {
      get: (meter: string) => kept.get(meter),
      set: (meter: string, position: unknown) => void kept.set(meter, JSON.parse(JSON.stringify(position))),
    };
    const meter = meterOf(genericPq, [{ ...SAG, at: 1, every: 2 }]);
    const { server } = await serve(meter);
    const first = poll(server.port, 'generic-pq', {}, memory);
    await until(() => kept.size === 1, 'first contact');
    pass(meter, 4);
    await until(() => first.events.length === 2, 'two events');
    first.poller.stop();
    pass(meter, 4);
    const second = poll(server.port, 'generic-pq', {}, memory);
    await until(() => second.events.length === 2, 'two more');
    assert.equal(new Set([...first.events, ...second.events].map(({ id }) => id)).size, 4);
    await second.poller.capture('m1', 1);
    assert.equal(second.events[2].id, second.events[1].id);
    second.poller.tellStatistics('m1');
    const { code, detail } = second.diagnostics[second.diagnostics.length - 1];
    assert.equal(code, 'METER_STATISTICS');
    assert.ok((detail.requests as number) > 3 && detail.requests === detail.answers);
  });

  it('tells that EVENT_COUNT moved where that is all that is known of a meter', async () => {
    const own = readProfiles([
      { profile: 'counter', quantity: 'va', address: 4200, type: 'float32' },
      { profile: 'counter', quantity: 'EVENT_COUNT', address: 4010, type: 'uint32' },
    ]);
    const meter = meterOf(genericPq, [{ ...SAG, at: 1 }]);
    const { server } = await serve(meter);
    pass(meter, 0.5);
    const { diagnostics, poller } = poll(server.port, 'counter', own);
    await until(() => poller.status.answering === 1, 'the meter');
    await new Promise((resolve) => setTimeout(resolve, 300));
    pass(meter, 3);
    await until(() => diagnostics.length > 0, 'the diagnostic');
    assert.equal(diagnostics[0].code, 'EVENT_COUNT');
    assert.match(diagnostics[0].text, /^1 new in the meter's own event log, 1 in all/);
  });
});
