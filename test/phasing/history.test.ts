import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atOnce, changesText, PhaseHistory } from '../../src/phasing';
import { type Assignment, type PhaseMap, parseRecord } from '../../src/record';
import { cleanUpAfterEach } from '../clean-up';
import { makeNetwork } from './network';
import { correlatorOf } from './scenarios';

const cleanUp = cleanUpAfterEach();
const DAY = 86_400_000;
const NOW = 1_700_006_400_000;

function mapOf(time: number, phases: Record<string, string | null>): PhaseMap {
  return {
    kind: 'phase-map',
    meter: 'fleet',
    time,
    run: {},
    assignments: Object.entries(phases).map(
      ([meter, phase]): Assignment => ({
        ...{ meter, transformer: 'T1', phase, score: 0.9, margin: 0.3, confidence: 0.999, recorded: 'a' },
        ...{ grade: phase === null ? 'excluded' : 'match', agrees: phase === 'a', reason: '' },
      }),
    ),
    transformers: [],
  };
}

const of = (map: PhaseMap, meter: string) => map.assignments.find((one) => one.meter === meter) as Assignment;

describe('history of phases', () => {
  it('says since when and in how many runs a meter stands where it stands', () => {
    const history = new PhaseHistory();
    const maps = ['b', 'b', null, 'b', 'c'].map((phase, k) => mapOf(NOW + k * DAY, { m1: phase, m2: 'a' }));
    for (const map of maps) history.note(map);
    assert.deepEqual(
      maps.map((map) => [of(map, 'm1').since, of(map, 'm1').runs]),
      // A run in which it was left out says nothing against it.
      [
        [NOW, 1],
        [NOW, 2],
        [undefined, undefined],
        [NOW, 3],
        [NOW + 4 * DAY, 1],
      ],
    );
    assert.deepEqual(
      history.kept.map(({ changed, excluded }) => [changed, excluded]),
      [
        [0, 0],
        [0, 0],
        [0, 1],
        [0, 0],
        [1, 0],
      ],
    );
    for (const map of maps) parseRecord(map);
  });

  it('respects what a crew has accepted and rejected, in map and changes', () => {
    const history = new PhaseHistory();
    history.note(mapOf(NOW, { m1: 'b', m2: 'b', m3: 'b' }));
    assert.equal(history.decide('accept', { meter: 'm1', by: 'crew 7' }, NOW).phase, 'b');
    history.decide('reject', { meter: 'm2', phase: 'B', by: 'crew 7', why: 'looked at the pole' }, NOW);
    const map = mapOf(NOW + DAY, { m1: 'b', m2: 'b', m3: 'b' });
    history.note(map);
    const [m1, m2] = ['m1', 'm2'].map((meter) => of(map, meter));
    assert.deepEqual([m1.agrees, m1.recorded, m1.decided?.by], [true, 'b', 'crew 7']);
    assert.match(m1.reason, /accepted by crew 7 on 2023-11-15/);
    assert.deepEqual([m2.grade, m2.decided?.why], ['suspect', 'looked at the pole']);
    assert.deepEqual([map.run.match, map.run.suspect], [2, 1]);
    assert.match(m2.reason, /rejected by crew 7/);
    const rows = atOnce(changesText('csv', map, [], NOW))
      .text.trim()
      .split('\r\n')
      .slice(1);
    assert.deepEqual(
      rows.map((row) => row.split(',')[0]),
      ['m3'],
    );
    // An accepted one that is found elsewhere is a change again.
    const later = mapOf(NOW + 2 * DAY, { m1: 'c' });
    history.note(later);
    assert.match(of(later, 'm1').reason, /b was accepted by crew 7 .* it may have been moved/);
    parseRecord(map);
  });

  it('refuses a word that says nothing, with the field', () => {
    const history = new PhaseHistory();
    for (const [payload, field] of [
      [undefined, 'payload'],
      [{ meter: 'm1', by: 'x' }, 'payload.phase'],
      [{ meter: 'm1', phase: 'q', by: 'x' }, 'payload.phase'],
      [{ meter: 'm1', phase: 'a' }, 'payload.by'],
      [{ phase: 'a', by: 'x' }, 'payload.meter'],
      [{ meter: 'm1', phase: 'a', by: 'x', why: 'y'.repeat(501) }, 'payload.why'],
    ] as const) {
      assert.throws(() => history.decide('accept', payload, NOW), new RegExp(`^${field}:`));
    }
  });

  it('is kept on disk whole, and a damaged file is put aside', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-history-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'history.json');
    const history = new PhaseHistory();
    assert.equal(await history.load(path), undefined);
    history.note(mapOf(NOW, { m1: 'b' }));
    history.decide('reject', { meter: 'm1', by: 'crew' }, NOW);
    await history.save(path);
    const again = new PhaseHistory();
    await again.load(path);
    assert.deepEqual(again.toJSON(), history.toJSON());
    for (const text of ['{"runs":', '[]', '{"runs":[],"standing":7,"decisions":[]}']) {
      writeFileSync(path, text);
      assert.equal(await again.load(path), `${path}.kept`);
      // What is known stays.
      assert.deepEqual(again.toJSON(), history.toJSON());
    }
    assert.deepEqual(readdirSync(folder), ['history.json.kept']);
  });

  it('records of a GIS take the place of those of the table, all or none', () => {
    const transformers = [{ name: 'T1', feeder: 'F1', phases: 'abc', customers: 6, references: 'abc' }];
    const network = makeNetwork({ seed: 2, transformers, wrongRecords: 0 });
    const { correlator, now } = correlatorOf(network);
    const [first, second] = network.meters;
    const wrong = first.phase === 'a' ? 'b' : 'a';
    assert.deepEqual(
      correlator.takeRecords([
        { meter: first.meter, phase: wrong },
        { meter: second.meter, phase: second.phase, transformer: second.transformer },
        { meter: 'new', transformer: 'T1', feeder: 'F1', phase: 'c' },
      ]),
      { added: 1, changed: 1, meters: 7 },
    );
    const { map } = correlator.run(now);
    assert.equal(of(map, first.meter).recorded, wrong);
    assert.equal(of(map, first.meter).agrees, false);
    assert.equal(of(map, 'new').grade, 'excluded');
    assert.throws(
      () =>
        correlator.takeRecords([
          { meter: first.meter, phase: first.phase },
          { meter: 'x', phase: 'a' },
        ]),
      /payload\[1\]\.transformer/,
    );
    assert.equal(of(correlator.run(now).map, first.meter).recorded, wrong, 'none was taken');
    assert.equal(of(correlator.run(now).map, second.meter).runs, 1, 'the same window each time');
  });
});
