import { FieldError } from '../record';
import type { Written } from './commands';
import type { FleetMeter } from './fleet';
import type { ModbusLink } from './link';
import { PolledMeter } from './polled-meter';
import type { PollerSettings } from './poller-settings';
import { Semaphore } from './semaphore';
import type { PollerMemory, PollerOutput } from './tasks';

/** Meters begin in steps of so many ms. */
const STEP = 100;

/** A memory that lasts as long as the process. */
function forgetful(): PollerMemory {
  const positions = new Map<string, unknown>();
  return { get: (meter) => positions.get(meter), set: (meter, position) => positions.set(meter, position) };
}

/**
 * Polls the meters of a fleet, each at its own pace; one that does not answer is left alone for longer
 * and longer, and its neighbours keep their interval.
 */
export class Poller {
  private readonly meters: PolledMeter[];

  /**
   * @param links the link of each meter, shared by those behind one gateway
   * @param memory keeps how far each meter's event log was read
   */
  constructor(
    fleet: readonly FleetMeter[],
    links: (meter: FleetMeter) => ModbusLink,
    settings: PollerSettings,
    output: PollerOutput,
    memory: PollerMemory = forgetful(),
  ) {
    const slots = new Semaphore(settings.concurrency);
    const neighbours = { away: 0 };
    const now = performance.now();
    this.meters = fleet.map((meter, i) => {
      // Spread over the interval, so that thousands of meters are not asked in the same moment; in steps, since a
      // processor that sleeps in between is woken less often.
      const spread = (Math.min(1, settings.interval) * 1000 * i) / fleet.length;
      const first = now + Math.floor(spread / STEP) * STEP;
      return new PolledMeter(meter, links(meter), settings, slots, output, memory, neighbours, first);
    });
  }

  get status(): { meters: number; answering: number } {
    return { meters: this.meters.length, answering: this.meters.filter((meter) => meter.answering).length };
  }

  /**
   * Reads a meter (all of them, without a name) now.
   * @throws FieldError for a meter that is not in the fleet
   */
  async poll(name?: string): Promise<void> {
    await Promise.all(this.chosen(name).map((meter) => meter.pollNow()));
  }

  /**
   * Writes registers of a meter, idempotently, and tells each on the diagnostics.
   * @param values by register name of the profile
   * @param done hears of each that was written, also where a later one fails
   * @throws FieldError for an unknown meter or register; the fault of the link
   */
  async write(name: string, values: unknown, done: (written: Written) => void = () => {}): Promise<void> {
    await this.find(name).write(values, done);
  }

  /** Clears the buffer overflow of a meter. Errors as in {@link write}. */
  async clearBuffer(name: string, done: (written: Written) => void = () => {}): Promise<void> {
    await this.find(name).clearBuffer(done);
  }

  /** Sends the newest logged events of a meter again, with their captures. Errors as in {@link write}. */
  async capture(name: string, count: number): Promise<void> {
    await this.find(name).capture(count);
  }

  /** Tells what became of the requests to a meter, or to each of them. */
  tellStatistics(name?: string): void {
    for (const meter of this.chosen(name)) meter.tellStatistics();
  }

  /** Stops at once; what is under way ends with its link. */
  stop(): void {
    for (const meter of this.meters) meter.stop();
  }

  private chosen(name: string | undefined): PolledMeter[] {
    return name === undefined ? this.meters : [this.find(name)];
  }

  private find(name: string): PolledMeter {
    const found = this.meters.find(({ meter }) => meter.id === name);
    if (found) return found;
    const some = this.meters.slice(0, 5).map(({ meter }) => meter.id);
    const more = this.meters.length > some.length ? ' …' : '';
    throw new FieldError('msg.meter', `a meter of the fleet (${some.join(', ')}${more})`, name);
  }
}
