import assert from 'node:assert/strict';
import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { type Diagnostic, type PqEvent, type Reading, WaveformFrame } from '../../src/record';

const RATE = 1600;
const LENGTH = 320;

/** 0.2 s of a meter at 50 Hz, at 0.6 of the voltage in a sag. */
function frame(meter: string, n: number, isSag: boolean): WaveformFrame {
  const time = 1e12 + n * 200;
  return WaveformFrame.build({ meter, time, rate: RATE }, ['va', 'ia'], LENGTH, ([va, ia]) => {
    for (let i = 0; i < LENGTH; i++) {
      const angle = (2 * Math.PI * 50 * i) / RATE;
      va[i] = (isSag ? 0.6 : 1) * 325 * Math.cos(angle);
      ia[i] = 7 * Math.cos(angle - 0.5);
    }
  });
}

describe('one meter too many', function () {
  this.timeout(60_000);

  it('is refused by detector and calculator with one diagnostic; those served have each event once, and no gap', () => {
    const events: PqEvent[] = [];
    const said: Diagnostic[] = [];
    const detector = new SagSwellDetector(readDetectorSettings({ maxMeters: 40, rvc: 0 }), {
      event: (event) => events.push(event),
      rms() {},
      diagnostic: (diagnostic) => said.push(diagnostic),
    });
    const windows = new Map<string, number>();
    const energies = new Map<string, number>();
    const findings: string[] = [];
    const calculator = new PowerCalculator(readCalculatorSettings({ maxMeters: 40, wiring: '1P2W' }), {
      power: ({ meter, energy }) => {
        windows.set(meter, (windows.get(meter) ?? 0) + 1);
        assert.ok((energy?.seconds ?? 0) > (energies.get(meter) ?? 0), 'energies go on');
        energies.set(meter, energy?.seconds ?? 0);
      },
      finding: (meter, _time, { code }) => {
        if (code !== 'LIMITS_EXCEEDED') findings.push(`${meter} ${code}`);
      },
    });
    for (let n = 0; n < 10; n++) {
      for (let m = 0; m < 41; m++) {
        const one = frame(`m${m}`, n, n === 5);
        assert.equal(detector.push(one), m < 40);
        assert.equal(calculator.push(one), m < 40);
      }
    }
    assert.deepEqual(detector.status, { meters: 40, open: 0 });
    detector.finish();
    detector.close();
    calculator.close();
    const served = Array.from({ length: 40 }, (_, m) => `m${m}`);
    for (const state of ['start', 'end']) {
      assert.deepEqual(
        events.filter((event) => event.state === state).map(({ meter }) => meter),
        served,
      );
    }
    assert.deepEqual([...windows.keys()], served);
    assert.equal(new Set(windows.values()).size, 1);
    const over = said.filter(({ code }) => code === 'METERS_OVER_LIMIT');
    assert.deepEqual([over.length, over[0].detail.meters, over[0].detail.refused], [1, ['m40'], 1]);
    assert.ok(findings.includes('m40 METERS_OVER_LIMIT'));
    assert.equal(detector.counters.recordsRefused, 10);
    assert.equal(calculator.counters.recordsRefused, 10);
  });

  it('20,000 meters that give readings are served, the next is not', () => {
    let starts = 0;
    const said: Diagnostic[] = [];
    const detector = new SagSwellDetector(readDetectorSettings({ maxMeters: 20_000 }), {
      event: ({ state }) => {
        if (state === 'start') starts++;
      },
      rms() {},
      diagnostic: (diagnostic) => said.push(diagnostic),
    });
    for (let n = 0; n < 3; n++) {
      for (let m = 0; m < 20_001; m++) {
        const reading: Reading = {
          kind: 'reading',
          meter: `m${m}`,
          time: 1e12 + n * 1000,
          values: { va: n === 2 ? 150 : 230 },
          quality: 'good',
        };
        detector.pushReading(reading);
      }
    }
    assert.equal(starts, 20_000);
    assert.deepEqual(detector.status, { meters: 20_000, open: 20_000 });
    assert.equal(detector.standing.length, 20_000);
    detector.close();
    assert.deepEqual(
      said.map(({ code, detail }) => [code, detail.meters]),
      [['METERS_OVER_LIMIT', ['m20000']]],
    );
  });
});
