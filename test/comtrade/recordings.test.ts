import assert from 'node:assert/strict';
import { WindowAnalyser } from '../../src/power';
import { itWith } from '../shared-data';
import { readFiles } from './whole';

/** Facts of ../shared/recordings/README.md, found by others than this reader. */
describe('recordings of others', () => {
  itWith('recordings/f1_1b274run.cfg', 'f1_1b274run: COMTRADE 2013 float32', async (path) => {
    const r = await readFiles(path);
    assert.equal(r.config.revision, 2013);
    assert.equal(r.config.format, 'FLOAT32');
    assert.equal(r.count, 40_001);
    assert.equal(r.config.frequency, 50);
    assert.deepEqual(r.warnings, []);
    assert.deepEqual(r.rates, [{ rate: 100_000, from: 0, to: 40_001 }]);
  });

  itWith(
    'recordings/substation-110kv.cfg',
    'substation-110kv: COMTRADE 1999 BINARY, Windows-1251',
    async (path) => {
      const r = await readFiles(path);
      assert.equal(r.encoding, 'windows-1251');
      assert.equal(r.config.analog.length, 55);
      assert.equal(r.config.status.length, 112);
      assert.equal(r.config.analog[0].id, 'Ua_1СШ-110_ТН_110кВ');
      // The header says 19,679; one more record lies in the file.
      assert.equal(r.count, 19_680);
      assert.match(r.warnings.join(), /promises 19679 samples, the data holds 19680/);
      assert.deepEqual(r.rates, [{ rate: 1200, from: 0, to: 19_680 }]);
      assert.ok(Math.abs(r.count / 1200 - 16.4) < 0.001);
    },
  );

  itWith(
    'recordings/keating.cfg',
    'keating: RMS, power and power factor of its README within 0.05 %',
    async (path) => {
      const r = await readFiles(path);
      assert.equal(r.count, 2048);
      assert.equal(r.rates[0].rate, 30_707.244140625);
      // 2048 samples are four cycles: the whole record is one window.
      const names = ['U1', 'I1', 'U2', 'I2', 'U3', 'I3'];
      // The kernels at the window's ends look beyond it: it is periodic.
      const samples = names.map((n) => {
        const once = r.analog[r.config.analog.findIndex(({ id }) => id === n)];
        return Float64Array.from({ length: 4096 }, (_, k) => once[(k + 1024) % 2048]);
      });
      const { phases } = new WindowAnalyser(2048, 4, 3, 40).analyse(
        { samples, start: 1024, length: 2048 },
        {
          phases: ['a', 'b', 'c'],
          highest: 40,
          noLoad: 0.1,
          demand: 100,
          threeWire: false,
          displacement: 0,
          detail: false,
        },
      );
      const facts = {
        a: { v: 348.95, i: 126.1, p: 40_500, pf: 0.92, q: 16_300 },
        b: { v: 352.22, i: 151.8, p: 49_500, pf: 0.926, q: 16_900 },
        c: { v: 345.95, i: 166.7, p: 53_630, pf: 0.93, q: 20_800 },
      };
      for (const [phase, fact] of Object.entries(facts)) {
        for (const [name, value] of Object.entries(fact)) {
          // Q1 is given to three digits only: half of its last one.
          const tolerance = name === 'q' ? 50 / value : 0.0005;
          const found = phases[phase][name as 'v'] as number;
          assert.ok(Math.abs(found / value - 1) <= tolerance, `${name} of ${phase}: ${found} for ${value}`);
        }
      }
    },
  );
});
