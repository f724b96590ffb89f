import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();

/** Of what Node-RED audits (log.js of @node-red/util). */
const AUDIT = 98;
/** Who asks by HTTP, as `http in` hands it on behind a login. */
const OPERATOR = { user: { username: 'operator' }, path: '/limits', ip: '192.0.2.7' };

/** A simulated meter behind a link, and a node that writes to it. */
async function metering(link: object = {}): Promise<Flow> {
  const port = await freePort();
  cleanUp(endFlow);
  const flow = await runFlow([
    { id: 'sim', type: 'meter-simulator', port, meters: 1 },
    { id: 'link', type: 'modbus-link', transport: 'tcp', host: '127.0.0.1', port, timeout: 2000, ...link },
    // Past the guard of the link: what the meter really holds.
    { id: 'open', type: 'modbus-link', transport: 'tcp', host: '127.0.0.1', port, timeout: 2000 },
    { id: 'fleet', type: 'meter-fleet', link: 'link', meters: [{ id: 'm1', unit: 1 }] },
    { id: 'poll', type: 'meter-poll', fleet: 'fleet', interval: 3600, wires: [['readings'], [], ['said']] },
    { id: 'readings', type: 'helper' },
    { id: 'said', type: 'helper' },
    { id: 'complete', type: 'complete', scope: ['poll'], wires: [['done']] },
    { id: 'done', type: 'helper' },
  ]);
  await until(() => flow.got('readings').length > 0, 'the meter to answer');
  return flow;
}

type Line = Record<string, unknown> & { level: number };
const lines = () => (helper.log() as unknown as { args: [Line][] }).args.map(([line]) => line);
/** The audit so far, without the time and the level. */
const audit = () =>
  lines()
    .filter(({ level, event }) => level === AUDIT && event === 'power-quality.write')
    .map(({ level, timestamp, ...line }) => line);
/** The same in the log, for people. */
const logged = () =>
  lines()
    .filter(({ level, id }) => level !== AUDIT && id === 'poll')
    .map(({ msg }) => String(msg))
    .filter((text) => text.startsWith('write to '));

/** Sends a command and waits until it is done or refused; gives the errors of it. */
async function perform(flow: Flow, message: object): Promise<(string | undefined)[]> {
  const ended = () => flow.got('done').length + flow.got('errors').length;
  const [before, errors] = [ended(), flow.got('errors').length];
  flow.send('poll', message);
  await until(() => ended() > before, 'the end of the command');
  return flow
    .got('errors')
    .slice(errors)
    .map(({ error }) => error?.message);
}

/** What a register of the meter holds. */
async function held(flow: Flow, address: number): Promise<number> {
  const { link } = flow.node('open') as unknown as { link: { read(...args: number[]): Promise<number[]> } };
  const [word] = await link.read(1, address, 1);
  return word;
}

const V_SAG_VAL = 4001;
const V_SWELL_VAL = 4002;

describe('a write to a meter', function () {
  this.timeout(30_000);

  it('leaves a line that says who wrote what, and what stood there before and after', async () => {
    const flow = await metering();
    assert.equal(await held(flow, V_SAG_VAL), 90);
    const command = { command: 'write', meter: 'm1', payload: { V_SAG_VAL: 85 } };
    assert.deepEqual(await perform(flow, { ...command, req: OPERATOR }), []);
    assert.equal(await held(flow, V_SAG_VAL), 85);
    const line = { event: 'power-quality.write', node: 'poll', meter: 'm1' };
    const byOperator = { by: 'operator', ...OPERATOR };
    assert.deepEqual(audit(), [{ ...line, ...byOperator, register: 'V_SAG_VAL', before: 90, after: 85 }]);
    assert.deepEqual(logged(), ['write to m1 by operator: V_SAG_VAL 90 -> 85']);

    // A line for each register, also for one that held the value already; nobody is named where nobody is known.
    assert.deepEqual(await perform(flow, { ...command, payload: { V_SAG_VAL: 85, V_SWELL_VAL: 115 } }), []);
    assert.deepEqual(audit().slice(1), [
      { ...line, by: 'the flow', register: 'V_SAG_VAL', before: 85, after: 85 },
      { ...line, by: 'the flow', register: 'V_SWELL_VAL', before: 110, after: 115 },
    ]);
    assert.deepEqual(logged().slice(1), [
      'write to m1 by the flow: V_SAG_VAL 85 -> 85',
      'write to m1 by the flow: V_SWELL_VAL 110 -> 115',
    ]);
  });

  it('is audited too where it only clears the buffer, whose register nobody reads before', async () => {
    const flow = await metering();
    assert.deepEqual(await perform(flow, { command: 'clear-buffer', meter: 'm1', req: OPERATOR }), []);
    const [{ by, register, before, after }, ...more] = audit();
    assert.deepEqual([by, register, before, after], ['operator', 'CLEAR_OVERFLOW', undefined, 0xff00]);
    assert.deepEqual(more, []);
    assert.deepEqual(logged(), ['write to m1 by operator: CLEAR_OVERFLOW not read -> 65280']);
  });

  it('that is not allowed changes nothing, is refused with the true reason, and that is in the audit', async () => {
    for (const { link, payload, reason } of [
      {
        link: { readOnly: true },
        payload: { V_SAG_VAL: 85 },
        reason: 'msg.command: expected no write: the link is read-only, got 4001',
      },
      {
        link: { writable: '4002-4006, 4099' },
        payload: { V_SAG_VAL: 85 },
        reason: 'msg.payload: expected registers that the link lets be written (4002-4006, 4099), got 4001',
      },
      {
        // Not writable in the profile: a measured value, and a register with a command of its own.
        link: {},
        payload: { V_SAG_VAL: 85, F: 50 },
        reason: /^payload\.F: expected a writable register of generic-pq \(V_SAG_VAL, .*\), got "F"$/,
      },
      {
        link: {},
        payload: { CLEAR_OVERFLOW: 0xff00 },
        reason: /^payload\.CLEAR_OVERFLOW: expected a writable register of generic-pq/,
      },
      {
        link: {},
        payload: { V_SAG_VAL: 70_000 },
        reason: /^payload\.V_SAG_VAL: expected a finite number from 0 to 65535, got 70000$/,
      },
    ]) {
      const flow = await metering(link);
      const what = `${JSON.stringify(payload)} over ${JSON.stringify(link)}`;
      const [said, ...more] = await perform(flow, {
        command: 'write',
        meter: 'm1',
        payload,
        req: OPERATOR,
      });
      if (typeof reason === 'string') assert.equal(said, reason, what);
      else assert.match(said ?? '', reason, what);
      assert.deepEqual(more, [], what);
      assert.equal(await held(flow, V_SAG_VAL), 90, what);
      assert.deepEqual(
        audit(),
        [
          {
            event: 'power-quality.write',
            node: 'poll',
            meter: 'm1',
            by: 'operator',
            ...OPERATOR,
            wanted: inspect(payload),
            error: said,
          },
        ],
        what,
      );
      assert.deepEqual(logged(), [`write to m1 by operator: failed, ${inspect(payload)}: ${said}`]);
      const codes = flow.got('said').map(({ payload: { code } }) => code);
      assert.ok(!codes.includes('REGISTER_WRITTEN'), `${what}: ${codes}`);
      await endFlow();
    }
  });

  it('lets through what the link does allow', async () => {
    const flow = await metering({ writable: '4002-4006, 4099' });
    const command = { command: 'write', meter: 'm1', payload: { V_SWELL_VAL: 115 } };
    assert.deepEqual(await perform(flow, command), []);
    assert.equal(await held(flow, V_SWELL_VAL), 115);
    assert.deepEqual(
      audit().map(({ register, before, after }) => [register, before, after]),
      [['V_SWELL_VAL', 110, 115]],
    );
  });

  it('that is refused half way leaves the line of what was written before', async () => {
    const flow = await metering({ writable: '4002' });
    const command = { command: 'write', meter: 'm1', payload: { V_SWELL_VAL: 115, V_SAG_VAL: 85 } };
    const [said] = await perform(flow, command);
    assert.match(said ?? '', /registers that the link lets be written \(4002\), got 4001/);
    const isWritten = (await held(flow, V_SWELL_VAL)) === 115;
    assert.equal(
      audit().some(
        ({ register, before, after }) => register === 'V_SWELL_VAL' && before === 110 && after === 115,
      ),
      isWritten,
    );
  });

  it('from a dashboard is by its user', async () => {
    const flow = await metering();
    const user = { userId: 'u1', username: 'operator', email: 'o@example.org', name: 'O' };
    const _client = { socketId: 's1', socketIp: '192.0.2.7', user };
    await perform(flow, { command: 'write', meter: 'm1', payload: { V_SAG_VAL: 85 }, _client });
    assert.deepEqual(
      audit().map(({ by }) => by),
      ['operator'],
    );
  });

  it('of what JSON cannot write is refused with the true reason, and audited', async () => {
    const flow = await metering();
    const circle: Record<string, unknown> = {};
    circle.V_SAG_VAL = circle;
    for (const [n, payload] of [{ V_SAG_VAL: 85n }, circle, () => 85].entries()) {
      const [said] = await perform(flow, { command: 'write', meter: 'm1', payload });
      assert.match(said ?? '', /^payload(\.V_SAG_VAL)?: expected /);
      assert.equal(audit()[n]?.error, said);
    }
  });

  it('makes one line of the log, whatever the meter is called', async () => {
    const flow = await metering();
    const meter = 'm1\nwrite to m1 by operator: V_SAG_VAL 90 -> 85';
    await perform(flow, { command: 'write', meter, payload: { V_SAG_VAL: 85 } });
    assert.equal(logged().length, 1);
    assert.ok(!logged()[0].includes('\n'), logged()[0]);
  });
});
