import assert from 'node:assert/strict';
import { AgeClock, type Clock, type ClockMark } from '../../src/shared';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2027, 2, 1);

/** A machine whose clocks are turned by hand. */
class Machine implements Clock {
  private on = 0;
  constructor(
    private time: number,
    public boot: string | undefined = 'first',
  ) {}
  wall = () => this.time;
  steady = () => this.on;
  passes(ms: number): void {
    this.time += ms;
    this.on += ms;
  }
  isSetTo(time: number): void {
    this.time = time;
  }
}

/** Runs for a time, looked at each minute as the outbox does it. */
function run(machine: Machine, ages: AgeClock, ms: number): void {
  for (let left = ms; left > 0; left -= MINUTE) {
    machine.passes(Math.min(MINUTE, left));
    ages.now();
  }
}

describe('age by evidence', () => {
  it('goes on evenly while the clock is set by NTP, forward by years, back, or by a minute', () => {
    const machine = new Machine(0);
    const steps: number[] = [];
    const ages = new AgeClock(machine, (by) => steps.push(by));
    run(machine, ages, HOUR);
    for (const time of [NOW, NOW + 60 * DAY, 0, NOW, machine.wall() + MINUTE]) {
      const before = ages.now();
      machine.isSetTo(time);
      assert.equal(ages.now(), before);
      run(machine, ages, 3 * HOUR);
      assert.equal(ages.now(), before + 3 * HOUR);
    }
    assert.equal(steps.length, 5);
    assert.equal(steps[0], NOW - HOUR);
  });

  it('is not disturbed by a clock that is slewed', () => {
    const machine = new Machine(NOW);
    const steps: number[] = [];
    const ages = new AgeClock(machine, (by) => steps.push(by));
    for (let n = 0; n < 1000; n++) {
      machine.isSetTo(machine.wall() + 30);
      run(machine, ages, MINUTE);
    }
    assert.deepEqual(steps, []);
    assert.equal(ages.now(), 1000 * MINUTE);
  });

  /** What a clock shows after a restart of the machine, ms, by how it stood before and how it stands then. */
  const restarted = (mark: ClockMark, machine: Machine) => {
    const ages = new AgeClock(machine);
    ages.resume(mark);
    return ages;
  };
  const markAfter = (machine: Machine, ms: number) => {
    const ages = new AgeClock(machine);
    run(machine, ages, ms);
    return ages.mark;
  };

  it('counts all of a restart of Node-RED alone, to the millisecond, whatever the wall clock shows', () => {
    const machine = new Machine(NOW);
    const mark = markAfter(machine, HOUR);
    machine.passes(5 * MINUTE);
    machine.isSetTo(NOW + 60 * DAY);
    assert.equal(restarted(mark, machine).now(), HOUR + 5 * MINUTE);
  });

  it('counts the time that the machine was off once the clock has stood for ten minutes', () => {
    const mark = markAfter(new Machine(NOW), HOUR);
    const machine = new Machine(NOW + HOUR + 2 * DAY, 'second');
    const ages = restarted(mark, machine);
    assert.equal(ages.now(), HOUR);
    run(machine, ages, 10 * MINUTE);
    assert.equal(ages.now(), HOUR + 2 * DAY + 10 * MINUTE);
  });

  it('counts it an hour after NTP has set the clock, not before', () => {
    const mark = markAfter(new Machine(NOW), HOUR);
    const machine = new Machine(0, 'second');
    const ages = restarted(mark, machine);
    run(machine, ages, MINUTE);
    machine.isSetTo(NOW + HOUR + 2 * DAY + MINUTE);
    run(machine, ages, 59 * MINUTE);
    assert.equal(ages.now(), HOUR + 60 * MINUTE);
    run(machine, ages, 2 * MINUTE);
    assert.equal(ages.now(), HOUR + 2 * DAY + 62 * MINUTE);
  });

  it('does not count it where either clock was not one to believe in', () => {
    for (const [name, mark, machine] of [
      [
        'set long before the build at the end',
        markAfter(new Machine(1000), HOUR),
        new Machine(NOW, 'second'),
      ],
      ['never set after the start', markAfter(new Machine(NOW), HOUR), new Machine(1000, 'second')],
      ['a minute of life before', markAfter(new Machine(NOW), MINUTE), new Machine(NOW + DAY, 'second')],
      ['back in time', markAfter(new Machine(NOW), HOUR), new Machine(NOW - DAY, 'second')],
    ] as const) {
      const ages = restarted(mark, machine);
      run(machine, ages, 3 * HOUR);
      assert.equal(ages.now(), mark.age + 3 * HOUR, name);
    }
  });
});
