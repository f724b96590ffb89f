import assert from 'node:assert/strict';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { parseRecord, type Reading } from '../../src/record';
import { seeded } from '../signal/signals';

const DAY = 86_400_000;
const NOW = 2e12;

function reading(meter: string, time: number, va: number): Reading {
  return { kind: 'reading', meter, time, values: { va }, quality: 'good' };
}

const REFERENCES = ['a', 'b', 'c'].map((phase) => ({ meter: `R${phase}`, transformer: 'T1', phase }));

/** A day of five-minute voltages: each phase wanders by itself, meters follow theirs with noise. */
function simulated(meters: Record<string, string>, noise = 0.2): Reading[] {
  const random = seeded(9);
  const noises = seeded(10);
  const readings: Reading[] = [];
  const level: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let slot = 0; slot < 288; slot++) {
    for (const phase of ['a', 'b', 'c']) level[phase] = 0.95 * level[phase] + (random(2001) - 1000) / 1000;
    const time = NOW - DAY + slot * 300_000;
    for (const [meter, phase] of Object.entries(meters)) {
      readings.push(reading(meter, time, 230 + level[phase] + (noise * (noises(2001) - 1000)) / 1000));
    }
  }
  return readings;
}

function run(settings: object, readings: Reading[]) {
  const correlator = new PhaseCorrelator(
    readCorrelatorSettings({ days: 1, references: REFERENCES, ...settings }),
  );
  for (const one of readings) correlator.push(one, NOW);
  const { map, diagnostics } = correlator.run(NOW);
  parseRecord(map);
  for (const one of diagnostics) parseRecord(one);
  return { map, diagnostics, counters: correlator.counters };
}

const METERS = { Ra: 'a', Rb: 'b', Rc: 'c', m1: 'a', m2: 'b', m3: 'c' };

describe('phase correlator', () => {
  it('finds phases, grades and recorded errors', () => {
    const meters = [
      { meter: 'm1', transformer: 'T1', phase: 'A' },
      { meter: 'm2', transformer: 'T1', phase: 'c' },
      { meter: 'm3', transformer: 'T1' },
    ];
    const { map } = run({ meters }, simulated(METERS));
    assert.deepEqual(
      map.assignments.map(({ meter, phase, grade, recorded, agrees }) => [
        meter,
        phase,
        grade,
        recorded,
        agrees,
      ]),
      [
        ['m1', 'a', 'match', 'a', true],
        ['m2', 'b', 'match', 'c', false],
        ['m3', 'c', 'match', null, null],
      ],
    );
    assert.match(map.assignments[1].reason, /differs from the recorded phase/);
    for (const { score, margin } of map.assignments)
      assert.ok((score as number) > 0.95 && (margin as number) > 0.3);
  });

  it('grades by the thresholds, and says Low Correlation Coefficient', () => {
    const grades = [0.2, 1.6, 2.6, 9].map((noise) => {
      const { map, diagnostics } = run({ meters: [{ meter: 'm1', transformer: 'T1' }] }, [
        ...simulated({ Ra: 'a', Rb: 'b', Rc: 'c' }, 0),
        ...simulated({ Ra: 'a', Rb: 'b', Rc: 'c', m1: 'a' }, noise).filter(({ meter }) => meter === 'm1'),
      ]);
      const [{ score, grade, reason }] = map.assignments;
      const r = score as number;
      assert.equal(grade, r >= 0.85 ? 'match' : r >= 0.7 ? 'suspect' : 'low');
      if (grade === 'suspect') assert.match(reason, /Suspect Phase/);
      assert.equal(diagnostics.length, r < 0.6 ? 1 : 0);
      if (r < 0.6) assert.match(diagnostics[0].text, /^Low Correlation Coefficient: 1 of 1/);
      return grade;
    });
    assert.equal(grades[0], 'match');
    assert.equal(grades[3], 'low');
  });

  it('gives the same map whatever the order of arrival, also when readings come twice', () => {
    const readings = simulated({ ...METERS, m4: 'a', m5: 'c' });
    const first = run({}, readings).map;
    const random = seeded(2);
    for (let round = 0; round < 5; round++) {
      const shuffled = [...readings, ...readings.slice(0, 300)];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = random(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
      }
      assert.deepEqual(run({}, shuffled).map, first);
    }
  });

  it('interpolates short gaps, and leaves a meter with a longer one out of the run', () => {
    const without = (length: number) => {
      let left = length;
      return simulated(METERS).filter(
        ({ meter, time }) => meter !== 'm1' || time < NOW - DAY / 2 || left-- <= 0,
      );
    };
    assert.equal(run({}, without(2)).map.assignments[0].grade, 'match');
    const [assignment] = run({}, without(3)).map.assignments;
    assert.equal(assignment.grade, 'excluded');
    assert.match(assignment.reason, /gap of 3 intervals, at most 2 can be interpolated/);
  });

  it('excludes with a reason: no readings, no reference, a voltage that never changes', () => {
    const meters = [
      { meter: 'm1', transformer: 'T9', feeder: 'F9' },
      { meter: 'm2', transformer: 'T1' },
      { meter: 'm3', transformer: 'T8' },
      { meter: 'silent', transformer: 'T1' },
    ];
    const readings = simulated(METERS).map((one) =>
      one.meter === 'm2' ? reading('m2', one.time, 230) : one,
    );
    const { assignments } = run({ meters }, readings).map;
    const reasonOf = (name: string) => {
      const found = assignments.find(({ meter }) => meter === name);
      return `${found?.grade}: ${found?.reason}`;
    };
    assert.match(
      reasonOf('m1'),
      /^excluded: no usable reference for phase a, b, c at small transformers of F9/,
    );
    // Its feeder has no name: what is found is no more than a hint.
    assert.match(reasonOf('m3'), /^suspect: compared with references whose feeder has no name/);
    assert.match(reasonOf('m2'), /^excluded: voltage never changes/);
    assert.match(reasonOf('silent'), /^excluded: no readings/);
  });

  it('does not let one clock that runs years ahead push everybody out of the window', () => {
    const { map, counters } = run({}, [reading('m9', NOW + 400 * DAY, 230), ...simulated(METERS)]);
    assert.equal(counters.ahead, 1);
    assert.equal(map.run.match, 3);
    assert.equal(
      run({}, [...simulated(METERS), reading('m1', 0, 1), reading('m1', -1e15, 1)]).counters.tooOld,
      2,
    );
  });

  it('names the row of a table that cannot be', () => {
    assert.throws(
      () => readCorrelatorSettings({ references: [{ meter: 'x', transformer: 'T', phase: 'd' }] }),
      /settings\.references\[0\]\.phase: expected one of a, b, c, got "d"/,
    );
    assert.throws(
      () =>
        readCorrelatorSettings({
          meters: [
            { meter: 'x', transformer: 'T' },
            { meter: 'x', transformer: 'T' },
          ],
        }),
      /settings\.meters\[1\]\.meter: expected a name not yet in the table/,
    );
    assert.throws(
      () => readCorrelatorSettings({ match: 0.5 }),
      /settings\.suspect: expected a value between low and match/,
    );
  });

  it('knows meters of two and three phases, whichever input is on which phase', () => {
    const order: Record<string, string> = { m7: 'bca', m8: 'acb', m9: 'ca' };
    const single = simulated({ ...METERS, xa: 'a', xb: 'b', xc: 'c' });
    const readings = single.filter(({ meter }) => !meter.startsWith('x'));
    for (const [meter, phases] of Object.entries(order)) {
      const byTime = new Map<number, Record<string, number>>();
      for (const { meter: source, time, values } of single) {
        const input = source.startsWith('x') ? phases.indexOf(source[1]) : -1;
        if (input < 0) continue;
        const all = byTime.get(time) ?? {};
        all[`v${'abc'[input]}`] = values.va as number;
        byTime.set(time, all);
      }
      for (const [time, values] of byTime) readings.push({ ...reading(meter, time, 0), values });
    }
    const meters = [
      { meter: 'm1', transformer: 'T1' },
      { meter: 'm7', transformer: 'T1', phase: 'BCA' },
      { meter: 'm8', transformer: 'T1', phase: 'abc' },
      { meter: 'm9', transformer: 'T1' },
    ];
    const { assignments, transformers } = run({ meters }, readings).map;
    assert.deepEqual(
      assignments.map(({ meter, phase, grade, recorded, agrees }) => [meter, phase, grade, recorded, agrees]),
      [
        ['m1', 'a', 'match', null, null],
        ['m7', 'bca', 'match', 'bca', true],
        ['m8', 'acb', 'match', 'abc', false],
        ['m9', 'ca', 'match', null, null],
      ],
    );
    assert.deepEqual([transformers[0].a, transformers[0].b, transformers[0].c], [4, 2, 3]);
  });

  it('leaves garbage out, each with its reason: one sample, other intervals, years off, equal, twice in the table', () => {
    const good = simulated(METERS);
    const at = (meter: string, keep: (slot: number) => boolean) =>
      good
        .filter((one) => one.meter === 'm1' && keep(Math.round((one.time - NOW + DAY) / 300_000)))
        .map((one) => ({ ...one, meter }));
    const garbage = [
      ...at('once', (slot) => slot === 100),
      ...at('hourly', (slot) => slot % 12 === 0),
      ...at('flat', () => true).map((one) => ({ ...one, values: { va: 231 } })),
      ...at('past', () => true).map((one) => ({ ...one, time: one.time - 900 * DAY })),
      ...at('millivolts', () => true).map((one) => ({ ...one, values: { va: 1000 * (one.values.va ?? 0) } })),
      ...at('future', () => true).map((one) => ({ ...one, time: one.time + 900 * DAY })),
    ];
    const names = ['m1', 'once', 'hourly', 'flat', 'past', 'future', 'millivolts', 'silent'];
    const meters = names.map((meter) => ({ meter, transformer: 'T1' }));
    const { map, diagnostics } = run({ meters }, [...garbage, ...good]);
    const reasons = Object.fromEntries(
      map.assignments.map(({ meter, grade, reason }) => [meter, `${grade}: ${reason}`]),
    );
    assert.deepEqual(reasons, {
      m1: 'match: ',
      once: 'excluded: gap of 187 intervals, at most 2 can be interpolated',
      hourly: 'excluded: Inconsistent Sampling Frequency: a reading every 12 intervals',
      flat: 'excluded: voltage never changes',
      past: 'excluded: no readings',
      future: 'excluded: no readings',
      millivolts: 'excluded: implausible voltage: 2.30e+5 V where the others have 230 V',
      silent: 'excluded: no readings',
    });
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['INCONSISTENT_SAMPLING'],
    );
    assert.throws(
      () => readCorrelatorSettings({ meters: [meters[0], { meter: 'm1', transformer: 'T2' }] }),
      /settings\.meters\[1\]\.meter: expected a name not yet in the table, got "m1"/,
    );
  });

  it('adds up what meters draw on each phase, and tells a transformer that is too full', () => {
    const readings = simulated(METERS).map((one) =>
      one.meter === 'm1' || one.meter === 'm2'
        ? { ...one, values: { ...one.values, p: one.meter === 'm1' ? 9500 : -1900 } }
        : one,
    );
    const meters = ['m1', 'm2', 'm3'].map((meter) => ({
      meter,
      transformer: 'T1',
      kva: meter === 'm1' ? '15' : '',
    }));
    const { map, diagnostics } = run({ meters }, readings);
    const { loading, silhouette } = map.transformers[0] as unknown as {
      loading: { peak: object; load: number; phaseLoad: number; known: number };
      silhouette: number;
    };
    assert.deepEqual(loading.peak, { a: 10_000, b: 2000, c: 0 });
    assert.ok(
      Math.abs(loading.load - 0.8) < 1e-6 && Math.abs(loading.phaseLoad - 2) < 1e-6 && loading.known === 2,
    );
    assert.ok(silhouette > 0.8, String(silhouette));
    const [{ code, meter, text }] = diagnostics;
    assert.deepEqual([code, meter], ['PHASE_LOADING', 'T1']);
    assert.match(
      text,
      /^transformer T1: 80 % of its rating, its fullest phase 200 %, hottest spot \d+ degrees$/,
    );
  });

  it('sets missing readings against distance and collector', () => {
    const names = Array.from({ length: 8 }, (_, k) => `m${k + 1}`);
    const phases = Object.fromEntries(names.map((name, k) => [name, 'abc'[k % 3]]));
    // The farther, the more is missing: one reading in 40, 80 ... of the near ones.
    const kept = simulated({ ...METERS, ...phases }).filter(({ meter, time }) => {
      const k = names.indexOf(meter);
      return k < 0 || ((time - NOW) / 300_000) % (40 * (8 - k)) !== 0;
    });
    const meters = names.map((meter, k) => ({
      ...{ meter, transformer: 'T1', distance: String(100 * k) },
      collector: k < 4 ? 'north' : 'south',
    }));
    const { missing } = run({ meters }, kept).map.run as unknown as {
      missing: {
        missing: number;
        withDistance: number;
        byDistance: { upTo: number; meters: number; missing: number }[];
        byCollector: Record<string, { meters: number; missing: number }>;
      };
    };
    assert.ok(missing.withDistance > 0.7, String(missing.withDistance));
    assert.deepEqual(
      missing.byDistance.map(({ upTo, meters: count }) => [upTo, count]),
      [
        [100, 2],
        [300, 2],
        [500, 2],
        [700, 2],
      ],
    );
    const { north, south } = missing.byCollector;
    assert.deepEqual([north.meters, south.meters], [4, 4]);
    assert.ok(south.missing > 2 * north.missing);
    assert.ok(Math.abs((north.missing + south.missing) / 2 - missing.missing) < 1e-12);
  });

  it('takes the references of the feeder where a transformer has none, clusters where there are none at all', () => {
    const names = Array.from({ length: 9 }, (_, k) => `n${k}`);
    const phases = Object.fromEntries(names.map((name, k) => [name, 'abc'[k % 3]]));
    const readings = simulated({ ...METERS, ...phases });
    const meters = [
      { meter: 'm1', transformer: 'T1' },
      ...names.map((meter) => ({ meter, transformer: 'T2' })),
    ];
    const right = (map: ReturnType<typeof run>['map']) =>
      map.assignments.filter(({ meter, phase }) => names.includes(meter) && phase === phases[meter]).length;

    const borrowed = run({ meters }, readings).map;
    assert.equal(right(borrowed), 9);
    assert.deepEqual(
      borrowed.transformers.map(({ method, because }) => [method, because]),
      [
        ['pearson', 'a reference on each phase'],
        ['pearson', 'references of other transformers'],
      ],
    );

    // Clusters are named by what most records say, wrong ones outvoted; without records they have numbers.
    const recorded = meters.map((row, k) => ({ ...row, phase: k === 1 ? 'c' : (phases[row.meter] ?? '') }));
    const clustered = run({ meters: recorded, references: [] }, readings).map;
    assert.equal(right(clustered), 9);
    assert.deepEqual(
      [clustered.transformers[1].method, clustered.transformers[1].because],
      ['kmeans', 'no usable reference for phase a, b, c, named by records'],
    );
    const numbered = run({ meters, references: [] }, readings).map.assignments.filter(
      ({ meter }) => meter !== 'm1',
    );
    assert.deepEqual([...new Set(numbered.map(({ phase }) => phase))].sort(), ['1', '2', '3']);
    for (const one of numbered) {
      for (const other of numbered) {
        assert.equal(one.phase === other.phase, phases[one.meter] === phases[other.meter]);
      }
    }
    const asked = run({ meters, method: 'kmeans' }, readings).map;
    assert.equal(asked.transformers[1].because, 'asked for, named by references');
  });
});
