import assert from 'node:assert/strict';
import { ModbusLink, Poller, readFleet, readLinkSettings, readPollerSettings } from '../../src/metering';
import { genericPq } from '../../src/registers';
import {
  ModbusException,
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { butClocks, collect } from './collect';
import { type SlowLine, startSlowLine } from './slow-line';

const cleanUp = cleanUpAfterEach();

/** Samples of a block with the six channels of the simulated signal. */
const PER_BLOCK = 19;

/** A meter that samples in real time behind a line, polled. */
async function sampled(
  signal: object,
  line: Parameters<typeof startSlowLine>[1],
  { fifoBlocks = 4000, prepare = (_: SimulatedMeter) => {}, settings = {}, link: more = {} } = {},
) {
  const meter = new SimulatedMeter({
    profile: genericPq,
    source: new SyntheticSource(readSyntheticSettings(signal)),
    nominal: 230,
    fifoBlocks,
    start: Date.now(),
  });
  prepare(meter);
  const server = await SimulatorServer.listen(new Map([[1, meter]]), 0);
  cleanUp(() => server.close());
  const slow = await startSlowLine(server.port, line);
  cleanUp(() => slow.close());
  const link = new ModbusLink(
    readLinkSettings({ host: '127.0.0.1', port: slow.port, timeout: 5000, ...more }),
  );
  cleanUp(() => link.close());
  const { got, output } = collect(butClocks);
  const poller = new Poller(
    readFleet([{ id: 'm1', unit: 1, link: 'x' }]),
    () => link,
    readPollerSettings({ interval: 3600, eventInterval: 3600, waveformInterval: 0.1, ...settings }),
    output,
  );
  cleanUp(() => poller.stop());
  return { meter, link, slow, poller, ...got };
}

type Run = Awaited<ReturnType<typeof sampled>>;

const samplesOf = ({ frames }: Run) => frames.reduce((sum, { length }) => sum + length, 0);
const withCode = ({ diagnostics }: Run, code: string) => diagnostics.filter((one) => one.code === code);
const carriedSince = (slow: SlowLine) => {
  const before = slow.carried;
  return () => slow.carried - before;
};

/** Stretches of frames without a gap, s. */
function runsOf({ frames }: Run): number[] {
  const runs: number[] = [];
  frames.forEach((frame, i) => {
    const isNext = i > 0 && Math.abs(frame.time - frames[i - 1].endTime) < 0.05;
    const seconds = frame.length / frame.rate;
    if (isNext) runs[runs.length - 1] += seconds;
    else runs.push(seconds);
  });
  return runs;
}

describe('waveforms over a line that is slower than the meter', function () {
  this.timeout(60_000);

  it('a long way of 10 ms loses nothing: several requests are in flight', async () => {
    const run = await sampled({ rate: 10_000 }, { delay: 10 });
    await until(() => samplesOf(run) > 40_000, 'four seconds of samples', 30_000);
    assert.equal(withCode(run, 'BUFFER_OVERFLOW').length, 0);
    assert.equal(runsOf(run).length, 1);
  });

  it('a thin line: what it carries is used, in runs that hold events, and every block lost is counted', async () => {
    // 211 blocks a second, of which some 90 fit; the memory holds 3 s.
    const run = await sampled({ rate: 4000 }, { service: 10 }, { fifoBlocks: 600 });
    await until(() => withCode(run, 'BUFFER_OVERFLOW').length > 0, 'the first loss', 30_000);
    const carried = carriedSince(run.slow);
    const had = samplesOf(run);
    const began = performance.now();
    await until(() => withCode(run, 'BUFFER_OVERFLOW').length > 3, 'further losses', 40_000);
    const seconds = (performance.now() - began) / 1000;
    const share = (samplesOf(run) - had) / PER_BLOCK / carried();
    console.log(`      ${(100 * share).toFixed(1)} % of the requests gave samples`);
    assert.ok(share > 0.9, `${share} of the requests gave samples`);
    run.poller.stop();
    const losses = withCode(run, 'BUFFER_OVERFLOW');
    assert.ok(losses.length - 1 <= seconds + 1, `${losses.length} messages in ${seconds} s`);
    // What was lost is what the times say is missing.
    const { frames } = run;
    const made = (frames[frames.length - 1].endTime - frames[0].time) * 4;
    const lost = losses.reduce((sum, { detail }) => sum + (detail.lost as number), 0) * PER_BLOCK;
    const missing = made - samplesOf(run);
    assert.ok(lost >= missing - 1 && lost - missing < 600 * PER_BLOCK, `${lost} lost, ${missing} missing`);
    const runs = runsOf(run);
    assert.ok(runs.length > 2, `${runs.length} runs`);
    for (const one of runs.slice(0, -1)) assert.ok(one >= 0.24, `a run of ${one} s`);
    const [overload] = withCode(run, 'WAVEFORM_OVERLOAD');
    assert.ok(overload, 'the overload is reported');
    assert.equal(overload.detail.made, 211);
    assert.ok((overload.detail.carried as number) < 130, `${overload.detail.carried} carried`);
    assert.equal(overload.detail.fittingChannels, 2);
  });

  it('a thin line: the meter is asked for fewer samples where the settings say so, and then all comes', async () => {
    // Some 90 of 211 blocks a second fit: 1333 samples a second on six channels.
    const run = await sampled(
      { rate: 4000 },
      { service: 10 },
      { fifoBlocks: 600, settings: { waveformFit: true } },
    );
    await until(() => withCode(run, 'REGISTER_WRITTEN').length > 0, 'the lower rate', 40_000);
    const [{ detail, text }] = withCode(run, 'REGISTER_WRITTEN');
    assert.deepEqual([detail.register, detail.before], ['LOG_DIVIDER', 1]);
    const rate = 4000 / (detail.value as number);
    assert.ok(rate >= 1000 && rate < 2000, text);
    await until(() => run.frames.some((frame) => frame.rate === rate), 'samples at it', 30_000);
    const losses = withCode(run, 'BUFFER_OVERFLOW').length;
    const slow = () => run.frames.filter((frame) => frame.rate === rate);
    await until(() => slow().reduce((sum, { length }) => sum + length, 0) > 6 * rate, 'six seconds', 30_000);
    assert.equal(withCode(run, 'REGISTER_WRITTEN').length, 1);
    assert.ok(withCode(run, 'BUFFER_OVERFLOW').length <= losses + 1);
    // The voltage is that of before.
    const rms = (frame: (typeof run.frames)[number]) => {
      const va = frame.channel('va') as Float32Array;
      const cycles = va.subarray(0, Math.floor(va.length / (frame.rate / 50)) * (frame.rate / 50));
      return Math.sqrt(cycles.reduce((sum, x) => sum + x * x, 0) / cycles.length);
    };
    const long = slow().find((frame) => frame.length > rate / 5);
    assert.ok(long && Math.abs(rms(long) - 230) < 1, `${long && rms(long)} V`);
  });

  it('a meter that has no lower rate says so once', async () => {
    const run = await sampled(
      { rate: 4000 },
      { service: 10 },
      {
        fifoBlocks: 600,
        settings: { waveformFit: true },
        prepare: (meter) => {
          const read = meter.read.bind(meter);
          meter.read = (address, count) => {
            if (address <= 4007 && address + count > 4007) throw new ModbusException(2);
            return read(address, count);
          };
        },
      },
    );
    const refusals = () => withCode(run, 'WAVEFORM_FIT_UNAVAILABLE').length;
    await until(() => refusals() > 0, 'the report', 40_000);
    const losses = withCode(run, 'BUFFER_OVERFLOW').length;
    await until(() => withCode(run, 'BUFFER_OVERFLOW').length > losses + 1, 'further losses', 40_000);
    assert.equal(refusals(), 1);
    assert.equal(withCode(run, 'REGISTER_WRITTEN').length, 0);
  });

  it('one that was away for a while is caught up with, and loses no more than it must', async () => {
    const run = await sampled({ rate: 4000 }, {}, { fifoBlocks: 400 });
    await until(() => samplesOf(run) > 2000, 'samples');
    // The memory holds 1.9 s.
    const blocked = new Promise((resolve) => setTimeout(resolve, 4000));
    const read = run.link.readBurst.bind(run.link);
    run.link.readBurst = async (...args) => {
      await blocked;
      return await read(...args);
    };
    await until(() => withCode(run, 'BUFFER_OVERFLOW').length > 0, 'the loss', 20_000);
    const [{ detail }] = withCode(run, 'BUFFER_OVERFLOW');
    const missing = 4 * (run.frames.at(-1)!.endTime - run.frames[0].time) - samplesOf(run);
    assert.ok(
      Math.abs((detail.lost as number) * PER_BLOCK - missing) < 1,
      `${detail.lost} lost, ${missing} missing`,
    );
    assert.equal(withCode(run, 'WAVEFORM_OVERLOAD').length, 0);
  });
});

describe('a meter that does not sample', function () {
  this.timeout(30_000);

  const off = (meter: SimulatedMeter) => meter.write(4005, [0]);

  it('is reported once, and its return too', async () => {
    const run = await sampled({ rate: 2000 }, {}, { prepare: off });
    await until(() => withCode(run, 'WAVEFORM_OFF').length > 0, 'the report', 20_000);
    assert.match(withCode(run, 'WAVEFORM_OFF')[0].text, /LOG_CTRL/);
    assert.equal(samplesOf(run), 0);
    await run.poller.write('m1', { LOG_CTRL: 1 });
    await until(() => samplesOf(run) > 0 && withCode(run, 'WAVEFORM_OFF').length === 2, 'samples');
    assert.deepEqual(
      withCode(run, 'WAVEFORM_OFF').map(({ severity }) => severity),
      ['warning', 'info'],
    );
    await run.poller.write('m1', { LOG_CTRL: 0 });
    await until(() => withCode(run, 'WAVEFORM_OFF').length === 3, 'the report that it was switched off');
    assert.equal(withCode(run, 'END_OF_WAVEFORM').length, 1);
  });

  it('is switched on where the settings say so, and the write is reported', async () => {
    const run = await sampled({ rate: 2000 }, {}, { prepare: off, settings: { waveformOn: true } });
    await until(() => samplesOf(run) > 0, 'samples', 20_000);
    assert.deepEqual(
      withCode(run, 'REGISTER_WRITTEN').map(({ detail }) => [detail.register, detail.before, detail.value]),
      [['LOG_CTRL', 0, 1]],
    );
    assert.equal(withCode(run, 'WAVEFORM_OFF').length, 0);
  });
});

describe('a waveform memory that makes no sense', function () {
  this.timeout(30_000);

  /** Answers with what is given where the status lies, and with a block of so many samples. */
  async function garbled(change: (words: number[], address: number) => void) {
    const run = await sampled({ rate: 2000 }, {});
    await until(() => samplesOf(run) > 0, 'samples');
    for (const name of ['read', 'writeAndRead', 'readBurst'] as const) {
      const real = (run.link[name] as (...args: unknown[]) => Promise<unknown>).bind(run.link);
      (run.link as unknown as Record<string, unknown>)[name] = async (...args: unknown[]) => {
        const words = (await real(...args)) as number[] | number[][];
        if (name === 'readBurst') {
          (args[1] as number[]).forEach((address, i) => {
            change((words as number[][])[i], address);
          });
        } else change(words as number[], (name === 'read' ? args[1] : args[3]) as number);
        return words;
      };
    }
    await until(() => withCode(run, 'WAVEFORM_UNREADABLE').length > 0, 'the report', 20_000);
    for (const frame of run.frames) {
      const va = frame.channel('va') as Float32Array;
      assert.ok(va.every((x) => Number.isFinite(x)));
    }
    return withCode(run, 'WAVEFORM_UNREADABLE')[0];
  }

  for (const [name, place, change] of [
    ['more samples than a block holds', 10_000, (words) => words.fill(200, 3, 4)],
    ['a time in the year 300,000', 10_000, (words) => words.fill(0x7fff, 4, 5)],
    ['a rate that is no number', 4100, (words) => words.fill(0x7ff8, 6, 7)],
    ['a rate of 0', 4100, (words) => words.fill(0, 6, 10)],
    ['no channels', 4100, (words) => words.fill(0, 10, 11)],
    ['a scale of 0', 4100, (words) => words.fill(0, 12, 14)],
    ['blocks of other numbers', 10_000, (words) => words.fill(0x1234, 0, 1)],
  ] as [string, number, (words: number[]) => void][]) {
    it(`is reported and not read: ${name}`, async () => {
      let asked = 0;
      const { severity } = await garbled((words, at) => {
        asked++;
        if (place === 4100 ? at === place : at >= place) change(words);
      });
      assert.equal(severity, /numbers/.test(name) ? 'warning' : 'error');
      // And not asked without end.
      assert.ok(asked < 500, `${asked} requests`);
    });
  }
});

describe('requests in flight', function () {
  this.timeout(30_000);

  it('as many as the other side takes', async () => {
    const run = await sampled({ rate: 4000 }, { delay: 5 });
    await until(() => run.slow.most === 16, 'sixteen in flight', 20_000);
  });

  it('a meter that takes one at a time is found out, and read one by one', async () => {
    const run = await sampled({ rate: 960 }, { service: 2, takes: 1 }, { link: { timeout: 1500 } });
    await until(() => run.slow.dropped > 0, 'a request that was dropped', 20_000);
    const { dropped } = run.slow;
    const had = samplesOf(run);
    await until(() => samplesOf(run) > had + 2000, 'samples', 20_000);
    assert.equal(run.slow.dropped, dropped);
    assert.equal(run.link.requestsInFlight, 1);
    assert.equal(runsOf(run).length, 1);
    assert.equal(withCode(run, 'TIMEOUT_ERROR').length, 0);
  });
});
