import assert from 'node:assert/strict';
import { Board, type Section } from '../../src/desk';
import { type PqEvent, type Reading, voltageEvent, WaveformFrame } from '../../src/record';

const LIMITS = { meters: 3, events: 4, powers: 2, maps: 2, captures: 100_000 };
const reading = (meter: string, time: number, values: object = { va: 230 }): Reading =>
  ({ kind: 'reading', meter, time, values, quality: 'good' }) as Reading;

function event(meter: string, time: number, state: PqEvent['state'] = 'end', samples = 0): PqEvent {
  const capture = samples
    ? WaveformFrame.build({ meter, time, rate: 1000 }, ['va'], samples, ([va]) => va.fill(7))
    : undefined;
  return voltageEvent({
    meter,
    time,
    type: 'sag',
    state,
    duration: 0.1,
    cycles: 5,
    reference: 230,
    extreme: 0.6,
    perPhase: {},
    flags: [],
    capture,
  });
}

describe('board', () => {
  it('knows meters by their newest values, those with something to tell first', () => {
    const board = new Board();
    board.take('poll', reading('b', 1000));
    board.take('poll', reading('a', 2000, { va: 229, p: 100 }));
    board.take('poll', reading('a', 3000, { va: 231 }));
    board.take('detector', event('b', 4000, 'start'));
    const { count, faults, meters } = board.meters();
    assert.deepEqual([count, faults], [2, 1]);
    assert.deepEqual(
      meters.map(({ meter, open, values }) => [meter, open, values.va, values.p]),
      [
        ['b', 'sag', 230, undefined],
        ['a', undefined, 231, 100],
      ],
    );
    board.take('detector', event('b', 4000, 'end'));
    assert.equal(board.meters().faults, 0);
    assert.deepEqual(
      board.meters('A').meters.map(({ meter }) => meter),
      ['a'],
    );
  });

  it('keeps a fault until it is over', () => {
    const board = new Board();
    const tell = (code: string, severity: string, text: string) =>
      board.take('poll', {
        kind: 'diagnostic',
        meter: 'm',
        time: 1,
        code,
        severity,
        text,
        hint: '',
        detail: {},
      } as never);
    tell('TIMEOUT_ERROR', 'error', 'no answer in time');
    tell('REGISTER_WRITTEN', 'info', 'written');
    assert.equal(board.meters().meters[0].fault?.code, 'TIMEOUT_ERROR');
    tell('TIMEOUT_ERROR', 'info', 'over: no answer in time');
    assert.equal(board.meters().meters[0].fault, undefined);
  });

  it('is bounded everywhere, and counts what it forgot', async () => {
    const board = new Board(LIMITS);
    for (let k = 0; k < 10; k++) {
      board.take('poll', reading(`m${k}`, k));
      board.take('detector', event('m', 1000 * k, 'end', 5000));
    }
    assert.equal(board.meters().count, 3);
    assert.equal(board.events().length, 4);
    assert.deepEqual(
      board.events().map(({ time }) => time),
      [9000, 8000, 7000, 6000],
    );
    assert.ok((board.dropped.meters ?? 0) >= 7 && board.dropped.events === 6);
    // 20 kB a capture: of four the newest fit, the others are there without.
    const held = await Promise.all(board.events().map(({ id }) => board.event(id)));
    assert.ok(held.every((one) => one !== undefined));
    assert.equal(held[0]?.capture?.length, 5000);
    assert.equal(await board.event('nowhere'), undefined);
  });

  it('asks the node where an event came from for a capture that it does not hold', async () => {
    const board = new Board(LIMITS);
    const whole = event('m', 1000, 'end', 200);
    const { capture, ...bare } = whole;
    board.provide('detector', { event: async (id) => (id === whole.id ? whole : undefined) });
    board.take('detector', bare);
    assert.equal((await board.event(whole.id))?.capture, capture);
    board.forget('detector');
    assert.equal((await board.event(whole.id))?.capture, undefined);
  });

  it('puts events that come late in their place, and the end of one in that of its start', () => {
    const board = new Board();
    for (const [time, state] of [
      [3000, 'start'],
      [1000, 'end'],
      [2000, 'end'],
      [3000, 'end'],
    ] as const)
      board.take('detector', event('m', time, state));
    assert.deepEqual(
      board.events().map(({ time, state }) => [time, state]),
      [
        [3000, 'end'],
        [2000, 'end'],
        [1000, 'end'],
      ],
    );
  });

  it('holds copies: what becomes of a record later changes nothing', () => {
    const board = new Board();
    const values = { va: 230 };
    board.take('poll', reading('m', 1, values));
    values.va = 1;
    assert.equal(board.meters().meters[0].values.va, 230);
  });

  it('tells of changes by section, until nobody listens', () => {
    const board = new Board();
    const heard: Section[] = [];
    const end = board.onChange((section) => heard.push(section));
    board.take('poll', reading('m', 1));
    board.queue('publish', { name: 'p', target: 't', state: 'connected', queued: 0, age: 0 });
    board.forget('publish');
    end();
    board.take('poll', reading('m', 2));
    assert.deepEqual(heard, ['meters', 'queues', 'queues']);
    assert.deepEqual(board.queues, []);
  });
});
