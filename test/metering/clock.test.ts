import assert from 'node:assert/strict';
import {
  ClockCheck,
  gatewaySync,
  ModbusLink,
  readChrony,
  readFleet,
  readLinkSettings,
  readTimedatectl,
} from '../../src/metering';
import { genericPq } from '../../src/registers';
import {
  readSyntheticSettings,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
} from '../../src/simulation';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { startFaultProxy } from './fault-proxy';

const cleanUp = cleanUpAfterEach();

/** A meter whose clock is off by `offset()` ms. */
async function meterWith(offset: () => number) {
  const clock = () => Date.now() + offset();
  const source = new SyntheticSource(readSyntheticSettings({}));
  const meter = new SimulatedMeter({
    profile: genericPq,
    source,
    nominal: 230,
    fifoBlocks: 100,
    start: clock(),
  });
  const server = await SimulatorServer.listen(new Map([[1, meter]]), 0, clock);
  cleanUp(() => server.close());
  return server.port;
}

function checkOf(port: number) {
  const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port, timeout: 2000 }));
  cleanUp(() => link.close());
  const [meter] = readFleet([{ id: 'm1', link: 'x' }]);
  return { link, check: new ClockCheck(meter) };
}

describe('clocks of meters', () => {
  const CASES: [offset: number, code: string | undefined, text: RegExp][] = [
    [0, undefined, /^$/],
    [60, 'CLOCK_DRIFT', /is \d+ ms ahead of the gateway's/],
    [-200, 'CLOCK_DRIFT', /behind the gateway's/],
    [-3000, 'CLOCK_ALARM', /\d+ ms behind the gateway's/],
  ];
  for (const [offset, code, text] of CASES) {
    it(`off by ${offset} ms: ${code ?? 'nothing to tell'}`, async () => {
      const { link, check } = checkOf(await meterWith(() => offset));
      const { state, finding } = await check.look(link);
      assert.ok(Math.abs(state.offset - offset) <= state.uncertainty + 2, `${state.offset} ms`);
      assert.equal(finding?.code, code);
      assert.match(finding?.text ?? '', text);
      if (finding) assert.match(finding.hint, /gateway/);
    });
  }

  it('does not blame the meter for a slow wire: half the round trip is taken off, and allowed for', async () => {
    const port = await meterWith(() => 0);
    const proxy = await startFaultProxy(port, seeded(1));
    cleanUp(() => proxy.close());
    // The answer alone is late, by 400 ms: the worst case, half of it looks like an offset.
    proxy.fault = 'late';
    const { link, check } = checkOf(proxy.port);
    const { state, finding } = await check.look(link);
    assert.ok(state.uncertainty >= 200, `+-${state.uncertainty} ms`);
    assert.ok(Math.abs(state.offset) <= state.uncertainty + 2, `${state.offset} ms`);
    assert.equal(finding, undefined);
  });

  it('tells the drift a day', async () => {
    // A meter that gains 0.1 s in a minute, watched for two minutes of a clock that the test moves.
    const { check } = checkOf(await meterWith(() => 0));
    const begun = Date.now();
    let elapsed = 0;
    const words = (value: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(Math.round(value)));
      return [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at));
    };
    const link = {
      timed: async () => {
        const sent = begun + elapsed;
        return { words: words(sent + 5 + 20 + (elapsed / 60_000) * 100), sent, received: sent + 10 };
      },
    } as unknown as ModbusLink;
    let last = await check.look(link);
    assert.equal(last.state.driftPerDay, undefined);
    for (; elapsed <= 120_000; elapsed += 10_000) last = await check.look(link);
    // 100 ms a minute are 144 s a day.
    assert.ok(Math.abs((last.state.driftPerDay ?? 0) - 144_000) < 3000, `${last.state.driftPerDay} ms a day`);
    assert.match(last.finding?.text ?? '', /ms a day$/);
  });

  it('reads what chrony and systemd say of the gateway', async () => {
    const tracking = (leap: string) =>
      `Reference ID    : C0A80001 (gw)\nStratum         : 3\nLeap status     : ${leap}\n`;
    assert.equal(readChrony(tracking('Normal')), 'synchronised');
    assert.equal(readChrony(tracking('Insert second')), 'synchronised');
    assert.equal(readChrony(tracking('Not synchronised')), 'not synchronised');
    assert.equal(readChrony('506 Cannot talk to daemon'), 'unknown');
    assert.equal(readTimedatectl('yes\n'), 'synchronised');
    assert.equal(readTimedatectl('no\n'), 'not synchronised');
    assert.equal(readTimedatectl(''), 'unknown');
    assert.match(await gatewaySync(), /^(synchronised|not synchronised|unknown)$/);
  });
});
