import assert from 'node:assert/strict';
import { type Section, timeAt, timelineOf } from '../../src/files/timeline';
import { seeded } from '../signal/signals';

/** Stretches of a header: rate and number of samples of each. */
function header(...parts: [rate: number, count: number][]) {
  let at = 0;
  return parts.map(([rate, count]) => {
    at += count;
    return { rate, from: at - count, to: at };
  });
}

const stampsAt = (count: number, time: (n: number) => number) =>
  Float64Array.from({ length: count }, (_, n) => time(n));
const none = (count: number) => stampsAt(count, () => Number.NaN);
const rounded = (time: number, unit: number) => Math.round(time / unit) * unit;
const notAsked = async (): Promise<boolean> => {
  throw new Error('asked although rates and stamps agree');
};

const shape = (sections: readonly Section[]) => sections.map(({ from, to }) => [from, to]);
const codes = (doubts: readonly { code: string }[]) => doubts.map(({ code }) => code);

function near(found: number, meant: number, tolerance: number, what = '') {
  assert.ok(Math.abs(found - meant) <= tolerance, `${what} ${found} for ${meant}`);
}

/** Holds the time of every sample against what was meant. */
function hasTimes(sections: readonly Section[], meant: (n: number) => number, tolerance: number) {
  for (const section of sections) {
    near(section.at, meant(section.from), tolerance, 'section');
    for (let n = section.from; n < section.to; n++)
      near(timeAt(section, n), meant(n), tolerance, `sample ${n}`);
  }
}

describe('files: timeline', () => {
  it('is that of the rates where there are no stamps, one section of each rate', async () => {
    const { sections, doubts } = await timelineOf(header([1000, 2], [500, 4]), none(6), notAsked);
    assert.deepEqual(shape(sections), [
      [0, 2],
      [2, 6],
    ]);
    assert.deepEqual(
      sections.map(({ rate, gap }) => [rate, gap]),
      [
        [1000, 0],
        [500, 0],
      ],
    );
    hasTimes(sections, (n) => [0, 0.001, 0.002, 0.004, 0.006, 0.008][n], 1e-12);
    assert.deepEqual(codes(doubts), ['NO_STAMPS']);
  });

  const RATES = Array.from({ length: 48 }, (_, k) => 1200 + 0.5 * Math.sin(k));
  const drifting = header(...RATES.map((rate): [number, number] => [rate, 10]));
  const driftedTime = (n: number) => {
    const whole = RATES.slice(0, Math.floor(n / 10)).reduce((sum, rate) => sum + 10 / rate, 0);
    return whole + (n % 10) / RATES[Math.floor(n / 10)];
  };

  for (const [what, stamps] of [
    ['without stamps', none(480)],
    ['with stamps in microseconds', stampsAt(480, (n) => rounded(driftedTime(n), 1e-6))],
  ] as const) {
    it(`takes rates that drift over dozens of segments for one clock, ${what}`, async () => {
      const { sections, doubts } = await timelineOf(drifting, stamps, notAsked);
      assert.deepEqual(shape(sections), [[0, 480]]);
      const seconds = RATES.reduce((sum, rate) => sum + 10 / rate, 0);
      near(480 / sections[0].rate, seconds, 1e-9);
      hasTimes(sections, driftedTime, 1e-9);
      assert.deepEqual(codes(doubts), stamps[0] === 0 ? [] : ['NO_STAMPS']);
    });
  }

  it('takes a rate that changes by 1 % for drift, by 4 % for another rate', async () => {
    for (const [factor, meant] of [
      [1.01, [[0, 200]]],
      [
        1.04,
        [
          [0, 100],
          [100, 200],
        ],
      ],
    ] as const) {
      const time = (n: number) => (n < 100 ? n / 1000 : 0.1 + (n - 100) / (1000 * factor));
      const { sections } = await timelineOf(
        header([1000, 100], [1000 * factor, 100]),
        stampsAt(200, time),
        notAsked,
      );
      assert.deepEqual(shape(sections), meant);
      hasTimes(sections, time, 1e-9);
    }
  });

  it('is that of the stamps where the header has no rate', async () => {
    // As a GE C60 writes them: 800 Hz by the clock of the machine, in whole microseconds.
    const time = (n: number) => n / 800.2;
    const stamps = stampsAt(1360, (n) => rounded(time(n), 1e-6));
    const { sections, doubts } = await timelineOf(header([0, 1360]), stamps, notAsked);
    assert.deepEqual(shape(sections), [[0, 1360]]);
    near(sections[0].rate, 800.2, 0.001);
    hasTimes(sections, time, 2e-6);
    assert.deepEqual(doubts, []);
  });

  it('finds gaps and other rates by the stamps alone', async () => {
    const time = (n: number) => (n < 300 ? n / 1000 : n < 600 ? 2 + n / 1000 : 2.6 + (n - 600) / 200);
    const { sections } = await timelineOf(header([0, 700]), stampsAt(700, time), notAsked);
    assert.deepEqual(shape(sections), [
      [0, 300],
      [300, 600],
      [600, 700],
    ]);
    sections.forEach(({ rate, gap }, i) => {
      near(rate, [1000, 1000, 200][i], 1e-6);
      near(gap, [0, 2, 0][i], 1e-9);
    });
    hasTimes(sections, time, 1e-9);
  });

  it('refuses stamps that give no even rate where the header has none, and stamps that are not there', async () => {
    const random = seeded(3);
    let at = 0;
    const uneven = stampsAt(200, () => {
      at += 1e-3 * (1 + random(20));
      return at;
    });
    await assert.rejects(
      timelineOf(header([0, 200]), uneven, notAsked),
      /time stamps .*(no even|too uneven)/,
    );
    await assert.rejects(
      timelineOf(header([0, 200]), none(200), notAsked),
      /neither a sampling rate in the header nor time stamps/,
    );
    const still = stampsAt(200, () => 0);
    await assert.rejects(timelineOf(header([0, 200]), still, notAsked), /neither a sampling rate/);
  });

  it('places samples right, or refuses, where stamps alone tell and one of them is missing', async () => {
    const stamps = stampsAt(200, (n) => (n === 77 ? Number.NaN : n / 1000));
    const found = await timelineOf(header([0, 200]), stamps, notAsked).catch((error: Error) => error);
    if (found instanceof Error) return assert.match(found.message, /stamps/);
    hasTimes(found.sections, (n) => n / 1000, 1e-9);
    // A section of its own is no loss; samples that are left out are.
    const kept = found.sections.reduce((sum, { from, to }) => sum + to - from, 0);
    assert.ok(kept >= 197, `${kept} of 200 samples`);
  });

  it('sees a step of the stamps as a gap, of one missing sample as of ten minutes', async () => {
    for (const missing of [1, 2, 499, 600_000]) {
      const time = (n: number) => (n < 100 ? n : n + missing) / 1000;
      const { sections, doubts } = await timelineOf(header([1000, 250]), stampsAt(250, time), notAsked);
      assert.deepEqual(shape(sections), [
        [0, 100],
        [100, 250],
      ]);
      near(sections[1].gap, missing / 1000, 1e-9, 'gap');
      assert.equal(sections[0].gap, 0);
      assert.deepEqual(
        sections.map(({ rate }) => rate),
        [1000, 1000],
      );
      hasTimes(sections, time, 1e-9);
      assert.deepEqual(doubts, []);
    }
  });

  it('sees gaps at the edges of sections of the header, and inside them', async () => {
    // A relay tester: eight sections of one rate; the clock jumps between some of them, and once inside one.
    const counts = [289, 217, 361, 178, 406, 178, 183, 287];
    const jumps = new Map([
      [289, 3.28],
      [867, 0.5],
      [1000, 0.02],
      [1629, 6.1],
    ]);
    const total = counts.reduce((a, b) => a + b, 0);
    const times: number[] = [];
    let at = 0;
    for (let n = 0; n < total; n++) {
      at += n === 0 ? 0 : 1 / 1200 + (jumps.get(n) ?? 0);
      times.push(at);
    }
    const stamps = stampsAt(total, (n) => rounded(times[n], 1e-6));
    const parts = header(...counts.map((count): [number, number] => [1200, count]));
    const { sections } = await timelineOf(parts, stamps, notAsked);
    assert.deepEqual(
      sections.map(({ from }) => from),
      [0, ...jumps.keys()],
    );
    [...jumps.values()].forEach((gap, i) => {
      near(sections[i + 1].gap, gap, 2e-6, 'gap');
    });
    hasTimes(sections, (n) => times[n], 1e-5);
  });

  it('keeps a recorder that slows down between faults in step, without gaps', async () => {
    const parts = header([3200, 1280], [50, 36], [3200, 1472], [50, 289]);
    const rateAt = (n: number) => (parts.find(({ to }) => n < to) as { rate: number }).rate;
    const times = [0];
    for (let n = 1; n < 3077; n++) times.push(times[n - 1] + 1 / rateAt(n - 1));
    const { sections, doubts } = await timelineOf(
      parts,
      stampsAt(3077, (n) => rounded(times[n], 1e-6)),
      notAsked,
    );
    assert.deepEqual(
      sections.map(({ from, rate, gap }) => [from, rate, gap]),
      [
        [0, 3200, 0],
        [1280, 50, 0],
        [1316, 3200, 0],
        [2788, 50, 0],
      ],
    );
    hasTimes(sections, (n) => times[n], 1e-9);
    assert.deepEqual(doubts, []);
  });

  for (const [what, tick, rate] of [
    ['milliseconds at 3200 Hz', 1e-3, 3200],
    ['milliseconds at 1200 Hz', 1e-3, 1200],
    ['tens of microseconds at 30,720 Hz', 1e-5, 30_720],
    ['microseconds at 100 kHz', 1e-6, 100_000],
  ] as const) {
    it(`sees no gap in stamps of ${what}, but a real one of a cycle`, async () => {
      const count = 4000;
      const even = stampsAt(count, (n) => rounded(n / rate, tick));
      const whole = await timelineOf(header([rate, count]), even, notAsked);
      assert.deepEqual(shape(whole.sections), [[0, count]]);
      assert.deepEqual(whole.doubts, []);
      const time = (n: number) => n / rate + (n < 2000 ? 0 : 0.02);
      const holed = stampsAt(count, (n) => rounded(time(n), tick));
      const { sections } = await timelineOf(header([rate, count]), holed, notAsked);
      assert.deepEqual(shape(sections), [
        [0, 2000],
        [2000, count],
      ]);
      hasTimes(sections, time, 1.01 * tick);
    });
  }

  it('bridges stamps that are missing, and still sees what gap lies under them', async () => {
    for (const gap of [0, 0.25]) {
      const time = (n: number) => n / 1000 + (n < 100 ? 0 : gap);
      const stamps = stampsAt(250, (n) => (n % 50 === 10 || (n > 92 && n < 98) ? Number.NaN : time(n)));
      const { sections } = await timelineOf(header([1000, 250]), stamps, notAsked);
      assert.deepEqual(
        sections.map(({ from }) => from),
        gap ? [0, 100] : [0],
      );
      hasTimes(sections, time, 1e-9);
    }
  });

  it('takes stamps in the unit that agrees with the rates, and says so', async () => {
    for (const power of [1e-3, 1000, 1e-6]) {
      const time = (n: number) => n / 1000 + (n < 100 ? 0 : 0.25);
      const stamps = stampsAt(250, (n) => time(n) * power);
      const { sections, doubts } = await timelineOf(header([1000, 250]), stamps, notAsked);
      assert.deepEqual(codes(doubts), ['STAMP_UNIT']);
      assert.deepEqual(shape(sections), [
        [0, 100],
        [100, 250],
      ]);
      hasTimes(sections, time, 1e-9);
    }
  });

  for (const [byHeader, byStamps, taken] of [
    [true, true, 1000],
    [true, false, 1000],
    [false, true, 1200],
    [false, false, 1000],
  ] as const) {
    it(`takes ${taken === 1200 ? 'the stamps' : 'the header'} where they contradict each other and the signal fits ${byHeader ? (byStamps ? 'both' : 'the header') : byStamps ? 'the stamps' : 'neither'}`, async () => {
      const asked: number[] = [];
      const isPlausible = async (from: number, to: number, rate: number) => {
        assert.deepEqual([from, to], [0, 300]);
        asked.push(Math.round(rate));
        return Math.round(rate) === 1000 ? byHeader : byStamps;
      };
      const { sections, doubts } = await timelineOf(
        header([1000, 300]),
        stampsAt(300, (n) => n / 1200),
        isPlausible,
      );
      assert.deepEqual(asked, byHeader ? [1000] : [1000, 1200]);
      assert.deepEqual(codes(doubts), ['RATE_MISMATCH']);
      assert.match(doubts[0].text, /header says 1000 Hz, the time stamps 1200 Hz/);
      assert.deepEqual(shape(sections), [[0, 300]]);
      hasTimes(sections, (n) => n / taken, 1e-9);
    });
  }

  it('reports a rate that is a little off the stamps, and takes that of the header', async () => {
    const { sections, doubts } = await timelineOf(
      header([1000, 500]),
      stampsAt(500, (n) => n / 1004),
      notAsked,
    );
    assert.deepEqual(codes(doubts), ['RATE_MISMATCH']);
    assert.match(doubts[0].text, /1000 Hz \(stamps 1004 Hz\); the header is taken/);
    assert.deepEqual(
      sections.map(({ from, to, rate }) => [from, to, rate]),
      [[0, 500, 1000]],
    );
  });

  it('places what follows stamps that run back behind what came before', async () => {
    const stamps = stampsAt(300, (n) => n / 1000 - (n < 150 ? 0 : 0.1));
    const { sections, doubts } = await timelineOf(header([1000, 300]), stamps, notAsked);
    assert.deepEqual(codes(doubts), ['STAMPS_BACK']);
    assert.match(doubts[0].text, /in 1 place:/);
    assert.deepEqual(shape(sections), [[0, 300]]);
    hasTimes(sections, (n) => n / 1000, 1e-9);
  });

  it('is exact after an hour', async () => {
    const rate = 1200.5;
    const count = Math.round(3600 * rate);
    const stamps = stampsAt(count, (n) => rounded(n / rate, 1e-6));
    const { sections } = await timelineOf(header([rate, count]), stamps, notAsked);
    assert.deepEqual(shape(sections), [[0, count]]);
    near(timeAt(sections[0], count - 1), (count - 1) / rate, 1e-6);
  });
});
