import assert from 'node:assert/strict';
import {
  MeterLinks,
  ModbusLink,
  Poller,
  readFleet,
  readLinkSettings,
  readPollerSettings,
} from '../../src/metering';
import { absencePause } from '../../src/metering/absence';
import { GatewayPatience } from '../../src/metering/gateway-patience';
import { InFlight } from '../../src/metering/in-flight';
import { ProbeTurns } from '../../src/metering/probe-turns';
import { ResponseTimes } from '../../src/metering/response-times';
import { cleanUpAfterEach } from '../clean-up';
import { until } from '../until';
import { collect, PLAIN } from './collect';
import { startGateway } from './gateway';

const cleanUp = cleanUpAfterEach();
const never = () => new AbortController().signal;

describe('turns of the units that do not answer', () => {
  /** A line on which every probe costs 100 ms, by the line's own count. */
  function line(isAnswering: boolean) {
    const state = { silentTime: 0, isAnswering };
    const turns = new ProbeTurns(state);
    cleanUp(() => turns.close());
    const probe = async (isUnknown = false) => {
      const end = await turns.take(isUnknown, never());
      state.silentTime += 100;
      end();
    };
    return { turns, state, probe };
  }

  it('together take a tenth of the time, and no more than 0.3 s at once', async () => {
    const { turns, state, probe } = line(true);
    const began = performance.now();
    let probes = 0;
    const all = Array.from({ length: 30 }, () => probe().then(() => probes++));
    await until(() => probes >= 6, '6 probes', 20_000);
    const elapsed = performance.now() - began;
    assert.ok(state.silentTime <= 300 + 0.1 * elapsed + 200, `${state.silentTime} ms in ${elapsed} ms`);
    assert.ok(turns.length > 0);
    void all;
  });

  it('have no pauses where nobody answers', async () => {
    const { state, probe } = line(false);
    await Promise.all(Array.from({ length: 1000 }, () => probe(true)));
    assert.equal(state.silentTime, 100_000);
  });

  it('come in the order in which they were asked for, one at a time, and are given up', async () => {
    const { turns } = line(false);
    const order: number[] = [];
    const endFirst = await turns.take(false, never());
    const giveUp = new AbortController();
    const second = turns.take(false, giveUp.signal).then(() => order.push(2));
    const third = turns.take(false, never()).then((end) => {
      order.push(3);
      end();
    });
    const fourth = turns.take(false, never()).then(() => order.push(4));
    giveUp.abort(new Error('not wanted'));
    await assert.rejects(second, /not wanted/);
    assert.deepEqual(order, []);
    endFirst();
    await Promise.all([third, fourth]);
    assert.deepEqual(order, [3, 4]);
    await assert.rejects(turns.take(false, giveUp.signal), /not wanted/);
  });
});

describe('how long a gateway waits for a silent unit', () => {
  for (const patience of [100, 250, 700, 1000, 2500]) {
    it(`${patience} ms is found, and kept`, () => {
      const found = new GatewayPatience(1000);
      const late: number[] = [];
      for (let i = 0; i < 400; i++) {
        const waited = Math.max(found.value, 50);
        const excess = Math.max(0, patience - waited);
        if (excess > 0.25 * patience) late.push(i);
        found.observe(waited, excess);
      }
      assert.ok(found.value > 0.6 * patience && found.value < 1.3 * patience + 30, `${found.value} ms`);
      // Neighbours are kept waiting seldom.
      assert.ok(late.length < 20, `${late.length} of 400 answers late by a quarter of the patience`);
    });
  }
});

describe('what a unit that does not answer is given', () => {
  it('a unit whose answer came late gets the time that it took', () => {
    const times = new ResponseTimes(1000);
    times.answered(1, 10);
    for (let i = 0; i < 20; i++) for (const unit of [1, 2]) times.answered(unit, 10);
    times.unanswered(2);
    assert.equal(times.allowance(2, true), 100);
    times.late(2, 600);
    assert.equal(times.allowance(2, true), 1000);
    assert.equal(times.allowance(1, true), 1000);
  });

  it('a unit never heard of has the whole timeout where it is alone, a short one where others wait', () => {
    const times = new ResponseTimes(1000);
    assert.equal(times.allowance(1, false), 1000);
    assert.equal(times.allowance(1, true), 120);
    assert.equal(times.allowance(1, true, 500), 500);
  });
});

describe('the pause before a meter that is away is tried again', () => {
  const longest = (absence: number, away = 1) =>
    Math.max(...Array.from({ length: 500 }, (_, i) => absencePause(1000, i + 1, absence, away)));

  it('is 2 s at most for five minutes, then 10 s, give or take a tenth', () => {
    assert.ok(longest(0) <= 2200 && longest(299_000) > 1900);
    assert.ok(longest(299_000) <= 2200);
    assert.ok(longest(86_400_000) <= 11_000 && longest(86_400_000) > 9000);
  });

  it('grows where thousands are away: together they are tried 400 times a second at most', () => {
    assert.ok(longest(0, 700) <= 2200);
    for (const away of [2000, 20_000]) {
      const pause = absencePause(1000, 50, 0, away);
      assert.ok(away / (pause / 1000) <= 450, `${away} every ${pause} ms`);
    }
  });
});

describe('requests in flight', () => {
  it('double while they are answered, and after a failure stay below half of what failed', () => {
    const found = new InFlight();
    for (let i = 0; i < 8; i++) found.answered(found.size(16), 16);
    assert.equal(found.size(16), 16);
    assert.equal(found.size(1), 1);
    found.failed(16);
    assert.equal(found.size(16), 1);
    for (let i = 0; i < 100; i++) found.answered(found.size(16), 16);
    assert.equal(found.size(16), 8);
    for (let i = 0; i < 3000; i++) found.answered(found.size(16), 16);
    assert.equal(found.size(16), 16);
  });

  it('one that fails alone says nothing of how many are taken', () => {
    const found = new InFlight();
    found.answered(1, 16);
    found.failed(1);
    assert.equal(found.size(16), 2);
  });
});

describe('thirty units behind a gateway, of which one answers', function () {
  this.timeout(60_000);

  for (const place of [1, 30]) {
    it(`the ${place === 1 ? 'first' : 'last'}: the silent ones take no more of the line than their share`, async () => {
      const patience = 200;
      const units = Object.fromEntries(
        Array.from({ length: 30 }, (_, i) => [i + 1, i + 1 === place ? 5 : ('silent' as const)]),
      );
      const gateway = await startGateway({ units, patience });
      cleanUp(() => gateway.close());
      const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port: gateway.port, timeout: 200 }));
      const links = new MeterLinks(() => link);
      cleanUp(() => link.close());
      const { got, output } = collect();
      const fleet = readFleet(
        Object.keys(units).map((unit) => ({ id: unit, unit: Number(unit), profile: 'plain' })),
        'meters',
        'shared',
        PLAIN,
      );
      const settings = readPollerSettings({ interval: 0.1, waveformInterval: 0, eventInterval: 86_400 });
      const poller = new Poller(fleet, (meter) => links.of(meter), settings, output);
      cleanUp(() => poller.stop());
      const silent = () =>
        [...gateway.asked].reduce((sum, [unit, count]) => (unit === place ? sum : sum + count), 0);
      await until(() => got.readings.length > 0, 'the first reading', 30_000);
      const [before, began] = [silent(), performance.now()];
      await until(() => got.readings.length > 80, 'eighty readings', 30_000);
      const spent = (silent() - before) * patience;
      const elapsed = performance.now() - began;
      assert.ok(spent <= 1500 + 0.125 * elapsed + 2 * patience, `${spent} of ${elapsed} ms`);
      assert.ok(got.readings.every(({ meter }) => meter === String(place)));
    });
  }
});

describe('a slow meter among others', () => {
  it('is no fault because its first answer took longer than the first look lasts', async () => {
    const gateway = await startGateway({ units: { 1: 5, 2: 400, 3: 5 }, patience: 5 });
    cleanUp(() => gateway.close());
    const link = new ModbusLink(readLinkSettings({ host: '127.0.0.1', port: gateway.port, timeout: 1000 }));
    cleanUp(() => link.close());
    // What gateways take for silence is known already: much less than this meter needs.
    for (let i = 0; i < 40; i++) (link as unknown as { patience: GatewayPatience }).patience.observe(1, 0);
    const { got, output } = collect();
    const fleet = readFleet(
      [1, 2, 3].map((unit) => ({ id: String(unit), unit, profile: 'plain' })),
      'meters',
      'shared',
      PLAIN,
    );
    const settings = readPollerSettings({ interval: 0.5, waveformInterval: 0, eventInterval: 86_400 });
    const poller = new Poller(fleet, () => link, settings, output);
    cleanUp(() => poller.stop());
    await until(() => got.readings.filter(({ meter }) => meter === '2').length > 2, 'its readings', 20_000);
    assert.deepEqual(got.diagnostics, []);
  }).timeout(30_000);
});
