import assert from 'node:assert/strict';
import type { Diagnostic } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { until } from '../until';
import { startTestBroker } from './broker';
import { openPublisher } from './helpers';
import { reading, sag, upTo } from './records';

const cleanUp = cleanUpAfterEach();
/** Codes of what was said, `-` before one that is over. */
const codes = (diagnostics: Diagnostic[]) =>
  diagnostics.map(({ code, text }) => (text.startsWith('over: ') ? `-${code}` : code));

describe('records that were given up', function () {
  this.timeout(60_000);
  const DAY = 86_400_000;
  /** The publisher looks after what is too old this often, ms. */
  const LOOK = 60_000;

  /** A publisher that is paused, and lives by clocks that the test moves. */
  async function paused(publish: object) {
    let now = Date.UTC(2027, 0, 1);
    const clock = { wall: () => now, steady: () => now, boot: 'one' };
    const looks: (() => void)[] = [];
    const real = globalThis.setInterval;
    globalThis.setInterval = ((act: () => void, ms: number) => {
      if (ms === LOOK) looks.push(act);
      return real(ms === LOOK ? () => {} : act, ms);
    }) as typeof setInterval;
    const { publisher, receipts, diagnostics } = await openPublisher(cleanUp, {
      endpoint: { protocol: 'http', url: 'http://127.0.0.1:1' },
      publish,
      clock,
    }).finally(() => {
      globalThis.setInterval = real;
    });
    publisher.pause();
    return {
      publisher,
      dropped: () => receipts.filter(({ state }) => state === 'dropped').length,
      said: () => diagnostics.filter(({ code }) => code === 'RECORDS_DROPPED'),
      addThatAge: async (count: number) => {
        for (const n of upTo(count)) await publisher.accept(reading(n));
        now += 1.1 * DAY;
      },
      /** As if a minute had passed. */
      look: () => {
        for (const one of looks) one();
      },
    };
  }

  it('are said when it begins, over when there are no more, and said again the next time', async () => {
    const { publisher, dropped, said, addThatAge, look } = await paused({ maxAge: 1 });
    await addThatAge(3);
    assert.deepEqual(said(), []);
    look();
    await until(() => dropped() === 3, 'the first to be dropped');
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED']);
    const [{ severity, text, meter }] = said();
    assert.deepEqual([severity, meter], ['error', 'publish']);
    assert.match(text, /dropped unsent: older than maxAge/);

    // As long as it goes on it is not said again.
    await addThatAge(2);
    look();
    await until(() => dropped() === 5, 'the next to be dropped');
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED']);

    look();
    look();
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED', '-RECORDS_DROPPED']);
    assert.equal(said()[1].severity, 'info');
    look();
    assert.equal(said().length, 2);

    await addThatAge(4);
    look();
    await until(() => dropped() === 9, 'those after that');
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED', '-RECORDS_DROPPED', 'RECORDS_DROPPED']);
    // How many they are, all together, is in the counters.
    assert.equal(publisher.losses.droppedByAge, 9);
  });

  it('because the store was full are said as that, and over as well', async () => {
    const { publisher, dropped, said, look } = await paused({ maxSize: 1 });
    const fill = async () => {
      const before = dropped();
      for (let n = 0; dropped() === before; n++) await publisher.accept(sag(n, 'm1', 10_000));
    };
    await fill();
    await fill();
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED']);
    assert.match(said()[0].text, /dropped unsent: the store was full \(maxSize\)/);
    look();
    look();
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED', '-RECORDS_DROPPED']);
    await fill();
    assert.deepEqual(codes(said()), ['RECORDS_DROPPED', '-RECORDS_DROPPED', 'RECORDS_DROPPED']);
    assert.equal(publisher.losses.droppedBySize, dropped());
  });

  it('are said with their number, each time with the new one', async () => {
    const { dropped, said, addThatAge, look } = await paused({ maxAge: 1 });
    await addThatAge(3);
    look();
    await until(() => dropped() === 3, 'the first to be dropped');
    assert.match(said()[0].text, /\b3 records\b/);
    look();
    look();
    await addThatAge(4);
    look();
    await until(() => dropped() === 7, 'those after that');
    assert.doesNotMatch(said()[2].text, /\b3 records\b/);
    assert.match(said()[2].text, /\b(4|7) records\b/);
  });
});

describe('a line that is away', function () {
  this.timeout(60_000);

  it('is said to be away, not to acknowledge nothing, whatever is spoken on it', async () => {
    for (const [protocol, scheme] of [
      ['mqtt', 'mqtt'],
      ['sparkplug', 'mqtt'],
      ['amqp', 'amqp'],
      ['stomp', 'stomp'],
      ['http', 'http'],
      ['influxdb', 'http'],
      ['prometheus', 'http'],
    ]) {
      const url = `${scheme}://127.0.0.1:${await freePort()}`;
      const { publisher, diagnostics, close, target } = await openPublisher(cleanUp, {
        endpoint: { protocol, url, timeout: 0.3, org: 'o', bucket: 'b', mode: 'remote-write' },
        credentials: { username: 'u', password: 'p' },
      });
      for (const n of upTo(5)) await publisher.accept(reading(n));
      // Those that are posted to have no line of their own: what is away is the answer to a request.
      const wanted = scheme === 'http' ? 'DELIVERY_FAILED' : 'ENDPOINT_UNREACHABLE';
      await until(
        () => diagnostics.at(-1)?.code === wanted,
        () => `${wanted} of ${protocol}: ${codes(diagnostics)}`,
      );
      assert.match(diagnostics.at(-1)?.text ?? '', /nobody listens there/, protocol);
      await publisher.flush();
      await until(() => publisher.standing === 'disconnected', `the status of ${protocol}`);
      assert.ok(!codes(diagnostics).includes('NOT_ACKNOWLEDGED'), protocol);
      assert.equal(publisher.queued, 5, protocol);
      await close();
      await target.close();
    }
  });

  /** A publisher whose broker acknowledged nothing, and is gone then. */
  async function silentAndGone() {
    const broker = await startTestBroker();
    cleanUp(() => (gone ? undefined : broker.close()));
    let gone = false;
    broker.takes = () => false;
    const made = await openPublisher(cleanUp, { endpoint: { url: broker.url, timeout: 0.3 } });
    const { publisher, diagnostics } = made;
    for (const n of upTo(5)) await publisher.accept(reading(n));
    await until(() => publisher.standing === 'silent', 'the silence');
    await until(() => diagnostics.length > 0, 'a word of the silence');
    assert.deepEqual(codes(diagnostics), ['NOT_ACKNOWLEDGED']);
    gone = true;
    await broker.close();
    await until(() => publisher.standing === 'disconnected', 'the status');
    await until(() => codes(diagnostics).includes('ENDPOINT_UNREACHABLE'), 'a word of what it is now');
    return { ...made, port: broker.port };
  }

  it('is no longer said to acknowledge nothing, though it was before', async () => {
    const { publisher, diagnostics, port } = await silentAndGone();
    assert.deepEqual(codes(diagnostics), ['NOT_ACKNOWLEDGED', '-NOT_ACKNOWLEDGED', 'ENDPOINT_UNREACHABLE']);
    assert.match(diagnostics[2].text, /cannot be reached: nobody listens there.*; 5 records wait/);
    const again = await startTestBroker({ port });
    cleanUp(again.close);
    await until(() => publisher.queued === 0, 'all of them');
    await until(() => publisher.standing === 'connected', 'the status at the end');
    await until(() => codes(diagnostics).at(-1)?.startsWith('-') === true, 'the end of it');
    assert.ok(codes(diagnostics).includes('-ENDPOINT_UNREACHABLE'));
  });

  it('is not said to acknowledge nothing once more when it comes back, and takes all', async () => {
    const { publisher, diagnostics, port } = await silentAndGone();
    const again = await startTestBroker({ port });
    cleanUp(again.close);
    await until(() => publisher.queued === 0, 'all of them');
    await until(() => codes(diagnostics).at(-1)?.startsWith('-') === true, 'the end of it');
    assert.deepEqual(codes(diagnostics).slice(2), ['ENDPOINT_UNREACHABLE', '-ENDPOINT_UNREACHABLE']);
  });

  it('is said to be away, also where something was on its way as it broke', async () => {
    const broker = await startTestBroker();
    broker.takes = () => false;
    const { publisher, diagnostics } = await openPublisher(cleanUp, { endpoint: { url: broker.url } });
    for (const n of upTo(5)) await publisher.accept(reading(n));
    await until(() => publisher.standing === 'connected', 'the line');
    await broker.close();
    await until(() => publisher.standing === 'disconnected', 'the status');
    await until(
      () => codes(diagnostics).at(-1) === 'ENDPOINT_UNREACHABLE',
      () => codes(diagnostics).join(),
    );
  });
});
