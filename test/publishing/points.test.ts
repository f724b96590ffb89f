import assert from 'node:assert/strict';
import { pointsOf } from '../../src/publishing';
import { frame, reading, sag } from './records';

describe('records as points of a time series', () => {
  it('a reading, and one that stands for several', () => {
    assert.deepEqual(pointsOf(reading(3)), [
      {
        name: 'reading',
        tags: { meter: 'm1' },
        fields: { va: 230.3, f: 50, quality: 'good' },
        time: 1.7e12 + 3,
      },
    ]);
    const summary = { period: 60, count: 2, min: { va: 229 }, max: { va: 231 }, last: { va: 231 } };
    const [{ fields }] = pointsOf({ ...reading(3), summary });
    assert.deepEqual([fields.va, fields.va_min, fields.va_max, fields.va_last], [230.3, 229, 231, 231]);
  });

  it('values of half cycles, one point each', () => {
    const points = pointsOf({
      kind: 'rms',
      meter: 'm1',
      time: 1000,
      window: 'half-cycle',
      step: 0.01,
      values: { va: [230, 120, 118], vb: [231, 232] },
      flagged: true,
    });
    assert.deepEqual(
      points.map(({ time, fields }) => [time, fields]),
      [
        [1000, { va: 230, vb: 231, flagged: true }],
        [1010, { va: 120, vb: 232, flagged: true }],
        [1020, { va: 118, flagged: true }],
      ],
    );
    assert.deepEqual(points[0].tags, { meter: 'm1', window: 'half-cycle' });
  });

  it('power: totals, phases, and a spectrum for each channel; VAR and THD with their time', () => {
    const points = pointsOf({
      kind: 'power',
      meter: 'm1',
      time: 5,
      window: 0.2,
      frequency: 50,
      phases: { a: { p: 1, q: 2, s: 3, thdV: 1.5, v1: { mag: 230, angle: 0 } } },
      total: { p: 1, q: 2, s: 3 },
      harmonics: { va: [0, 230, 2] },
      energy: { import: 1, export: 0, q1: 2, q2: 0, q3: 0, q4: 0, seconds: 9 },
      flags: ['a', 'b'],
    });
    assert.deepEqual(points, [
      {
        name: 'power',
        tags: { meter: 'm1' },
        fields: {
          window: 0.2,
          frequency: 50,
          flags: 'a b',
          p: 1,
          q: 2,
          s: 3,
          energy_import: 1,
          energy_export: 0,
          energy_q1: 2,
          energy_q2: 0,
          energy_q3: 0,
          energy_q4: 0,
          energy_seconds: 9,
        },
        time: 5,
      },
      {
        name: 'power_phase',
        tags: { meter: 'm1', phase: 'a' },
        fields: { p: 1, q: 2, s: 3, thdV: 1.5, v1_mag: 230, v1_angle: 0 },
        time: 5,
      },
      { name: 'harmonics', tags: { meter: 'm1', channel: 'va' }, fields: { h0: 0, h1: 230, h2: 2 }, time: 5 },
    ]);
  });

  it('an event without its samples, assignments of a phase map, diagnostics; of a waveform nothing', () => {
    const [event] = pointsOf(sag(1));
    assert.deepEqual(event.tags, { meter: 'm1', type: 'sag', state: 'end' });
    assert.deepEqual(
      [event.fields.extreme, event.fields.extreme_a, event.fields.phases, event.fields.id],
      [0.41, 0.41, 'a', sag(1).id],
    );
    assert.ok(!Object.keys(event.fields).some((name) => name.startsWith('capture')));
    const [assignment] = pointsOf({
      kind: 'phase-map',
      meter: '',
      time: 1,
      run: {},
      assignments: [
        {
          meter: 'm7',
          transformer: 'T1',
          phase: 'b',
          score: 0.91,
          margin: 0.2,
          grade: 'match',
          recorded: null,
          agrees: null,
          reason: '',
        },
      ],
      transformers: [],
    });
    assert.deepEqual(assignment.tags, { meter: 'm7', transformer: 'T1' });
    assert.deepEqual(assignment.fields, { phase: 'b', score: 0.91, margin: 0.2, grade: 'match', reason: '' });
    assert.deepEqual(pointsOf(frame(5)), []);
  });
});
