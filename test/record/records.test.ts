import assert from 'node:assert/strict';
import { FieldError, KINDS, kindOf, parseRecord, QUANTITIES } from '../../src/record';

const READING = {
  kind: 'reading',
  meter: 'm1',
  time: 1e12,
  values: { va: 230.1, f: 50.01 },
  quality: 'good',
};
const EVENT = {
  kind: 'event',
  meter: 'm1',
  time: 1e12,
  id: 'm1:sag:x',
  type: 'sag',
  state: 'end',
  phases: ['a'],
  duration: 0.2,
  cycles: 10,
  reference: 230,
  extreme: 0.6,
  depth: 0.4,
  perPhase: { a: { extreme: 0.6, time: 1e12, duration: 0.2 } },
  category: { ieee1159: 'instantaneous sag' },
  flags: [],
};
const DIAGNOSTIC = {
  kind: 'diagnostic',
  meter: 'm1',
  time: 1e12,
  code: 'TIMEOUT_ERROR',
  severity: 'error',
  text: 'no answer',
  hint: 'Check power.',
  detail: {},
};
const RECEIPT = { kind: 'receipt', time: 1, id: 'x', target: 'broker', state: 'delivered', attempts: 1 };
const PHASE_MAP = {
  kind: 'phase-map',
  time: 1,
  run: {},
  assignments: [
    {
      meter: 'm1',
      transformer: 'T1',
      phase: 'a',
      score: 0.9,
      margin: 0.2,
      grade: 'match',
      recorded: null,
      agrees: null,
      reason: '',
    },
  ],
  transformers: [],
};
const RMS = { kind: 'rms', meter: 'm1', time: 1, window: '10-cycle', values: { va: 230 }, flagged: false };
const PHASE_POWER = {
  v: 230,
  i: 5,
  p: 1000,
  q: 500,
  s: 1150,
  p1: 1000,
  q1: 500,
  s1: 1118,
  v1: { mag: 230, angle: 0 },
  i1: { mag: 5, angle: -26 },
};
const POWER = {
  kind: 'power',
  meter: 'm1',
  time: 1,
  window: 0.2,
  frequency: 50,
  phases: { a: PHASE_POWER },
  total: { p: 1000, q: 500, s: 1150 },
  harmonics: { va: [0, 230] },
  flags: [],
};
const WAVEFORM = { kind: 'waveform', meter: 'm1', time: 0, rate: 1000, channels: { va: [0, 1] } };

const SUMMARY = {
  kind: 'summary',
  meter: 'm1',
  time: 1,
  file: 'a.cfg',
  format: 'COMTRADE 1999 ASCII',
  seconds: 2,
  samples: 3200,
  channels: [{ index: 1, name: 'VA' }],
  meters: [{ meter: 'm1', channels: { va: 1 }, nominal: 230, reason: 'given', confidence: 1 }],
  sections: [{ from: 0, to: 3200 }],
  doubts: [{ code: 'GAP', text: '1 s' }],
  sent: { waveforms: 10, readings: 0, refused: 0 },
};

/** A record with one field replaced, by a path such as `values.va`. */
function changed(record: object, path: string, value: unknown): unknown {
  const copy = structuredClone(record) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() as string;
  const holder = names.reduce((o, name) => o[name] as Record<string, unknown>, copy);
  holder[last] = value;
  return copy;
}

describe('records', () => {
  it('takes a well-formed record of every kind', () => {
    const records = [READING, EVENT, DIAGNOSTIC, RECEIPT, PHASE_MAP, RMS, POWER, WAVEFORM, SUMMARY];
    assert.deepEqual(records.map(({ kind }) => kind).sort(), [...KINDS].sort());
    for (const record of records) assert.equal(parseRecord(record).kind, record.kind);
  });

  const BAD: [object, string, unknown, RegExp][] = [
    [READING, 'kind', 'banana', /^payload\.kind: expected one of waveform, .*, got "banana"$/],
    [READING, 'kind', undefined, /^payload\.kind: .* got nothing$/],
    [READING, 'meter', '', /^payload\.meter: expected text/],
    [READING, 'meter', 7, /^payload\.meter: expected text .* got 7$/],
    [READING, 'time', '2026', /^payload\.time: expected a finite number \(ms since 1970\), got "2026"$/],
    [READING, 'values.va', Number.NaN, /^payload\.values\.va: expected a finite number, got NaN$/],
    [READING, 'values.volts', 230, /^payload\.values\.volts: expected a known name/],
    [READING, 'values.constructor', 1, /^payload\.values\.constructor: expected a known name/],
    [READING, 'values', [1], /^payload\.values: expected an object, got an array of 1$/],
    [READING, 'quality', 'fine', /^payload\.quality: expected one of good, uncertain, bad, got "fine"$/],
    [EVENT, 'type', 'dip', /^payload\.type: expected one of sag/],
    [EVENT, 'duration', -1, /^payload\.duration: expected a finite number \(s\) not below 0, got -1$/],
    [EVENT, 'perPhase.a.extreme', null, /^payload\.perPhase\.a\.extreme: .* got null$/],
    [EVENT, 'capture', { kind: 'reading' }, /^payload\.capture\.kind: expected waveform/],
    [DIAGNOSTIC, 'hint', undefined, /^payload\.hint: /],
    [RECEIPT, 'state', 'lost', /^payload\.state: /],
    [SUMMARY, 'meters.0.channels', { vx: 1 }, /^payload\.meters\[0\]\.channels\.vx: expected a known name/],
    [SUMMARY, 'meters.0.confidence', 2, /^payload\.meters\[0\]\.confidence: /],
    [SUMMARY, 'doubts.0.text', 5, /^payload\.doubts\[0\]\.text: /],
    [SUMMARY, 'seconds', Number.NaN, /^payload\.seconds: /],
    [PHASE_MAP, 'assignments.0.grade', 'sure', /^payload\.assignments\[0\]\.grade: /],
    [RMS, 'values.va', [1, Number.NaN], /^payload\.values\.va\[1\]: /],
    [RMS, 'flagged', 'no', /^payload\.flagged: expected true or false/],
    [POWER, 'phases.a.q1', undefined, /^payload\.phases\.a\.q1: /],
    [POWER, 'phases.a.v1', undefined, /^payload\.phases\.a\.v1: /],
    [POWER, 'window', 0, /^payload\.window: .*got 0$/],
    [POWER, 'energy', { import: 'all' }, /^payload\.energy\.import: /],
    [POWER, 'harmonics.va', 3, /^payload\.harmonics\.va: expected an array, got 3$/],
  ];
  for (const [record, path, value, message] of BAD) {
    it(`names ${path} when it is ${JSON.stringify(value) ?? 'missing'}`, () => {
      assert.throws(
        () => parseRecord(changed(record, path, value)),
        (error) => error instanceof FieldError && message.test(error.message),
        String(message),
      );
    });
  }

  it('refuses what is no object at all', () => {
    for (const payload of [undefined, null, 5, 'x', [], true]) {
      assert.throws(() => kindOf(payload), /^payload: expected an object/);
    }
  });

  it('never repeats more than a glimpse of a hostile value', () => {
    const error = (() => {
      try {
        parseRecord({ ...READING, quality: 'x'.repeat(1e6) });
      } catch (e) {
        return e as Error;
      }
      throw new Error('taken');
    })();
    assert.ok(error.message.length < 200);
  });

  it('has a unit and a label for every quantity of the design, and for unbalance', () => {
    const names =
      'va vb vc vab vbc vca ia ib ic in p pa pb pc q qa qb qc s sa sb sc pf pfa pfb pfc f u2 u0 thd_va thd_vb thd_vc thd_ia thd_ib thd_ic energy_import energy_export var_import var_export';
    assert.deepEqual(Object.keys(QUANTITIES), names.split(' '));
    for (const { unit, label } of Object.values(QUANTITIES)) assert.ok(unit && label);
  });
});
