import assert from 'node:assert/strict';
import { parseRecord } from '../../src/record';
import { makeNetwork } from './network';
import { runNetwork } from './scenarios';

/** Networks, tables, gaps and settings at random: each meter has an answer that makes sense, or a reason. */
describe('phases of anything', function () {
  this.timeout(120_000);

  it('each meter has one answer: a phase with its numbers, or a reason; in windows of any length and with any settings', () => {
    let state = 11;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)];
    let [meters, wrong] = [0, 0];
    for (let seed = 1; seed <= 300; seed++) {
      const transformers = Array.from({ length: 1 + Math.floor(7 * random()) }, (_, k) => ({
        name: `T${k}`,
        feeder: pick(['F1', 'F2', '']),
        phases: pick(['a', 'b', 'abc', 'ab', 'ca']),
        customers: pick([1, 2, 3, 5, 6, 7, 13, 30]),
        references: pick(['', '', 'a', 'ab', 'abc', 'c']),
      }));
      const sensors = Object.entries(pick([{}, { F1: 'abc' }, { F2: 'a' }])) as [string, string][];
      const network = makeNetwork({
        seed,
        transformers,
        days: pick([0.02, 0.1, 1, 3, 7]),
        interval: pick([300, 900, 1800]),
        strength: pick([1, 4]),
        own: pick([1, 0.3]),
        blank: pick([0, 0, 0.1, 0.4]),
        sensors: Object.fromEntries(
          sensors.filter(([feeder]) => transformers.some((one) => one.feeder === feeder)),
        ),
        wrongRecords: pick([0, 0.1, 0.4]),
        accuracy: pick([0.2, 1]),
      });
      for (const series of network.series.values()) {
        const fate = random();
        if (fate < 0.05) series.fill(Number.NaN);
        else if (fate < 0.1) series.fill(230);
        else if (fate < 0.13) series.fill(Number.NaN, 0, series.length >> 1);
      }
      const settings = {
        method: pick(['auto', 'auto', 'auto', 'pearson', 'kmeans']),
        clusters: pick([3, 3, 3, 2, 5, 9]),
        gaps: pick(['exclude', 'mask']),
        components: pick([0, 0, 3]),
        lowPass: pick([0, 0, 5]),
        maxGap: pick([3, 12]),
      };
      const given = { references: random() < 0.8, records: random() < 0.7 };
      const { assignments, diagnostics, surelyWrong } = runNetwork(network, settings, given);
      assert.equal(assignments.length, network.meters.length);
      for (const one of assignments) {
        const text = `${seed}: ${JSON.stringify(one)}`;
        if (one.grade === 'excluded') {
          assert.ok(one.reason !== '' && one.phase === null && one.confidence === null, text);
        } else {
          assert.ok(one.phase !== null && one.score !== null && Math.abs(one.score) <= 1, text);
          assert.ok((one.confidence as number) >= 0 && (one.confidence as number) < 1, text);
        }
      }
      for (const one of diagnostics) parseRecord(one);
      meters += assignments.length;
      wrong += surelyWrong;
    }
    console.log(`      ${meters} meters, ${wrong} wrong as a match or with 0.99 and more`);
    assert.ok(wrong <= 0.001 * meters, `${wrong} of ${meters}`);
  });
});
