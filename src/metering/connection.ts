import { absencePause } from './absence';
import type { LinkSettings } from './link-settings';
import { type LineCounters, openWire, type Wire } from './wire';

/** Who hears of a connection. */
export interface ConnectionListener {
  /** A connection was made. */
  connected(): void;
  /** As in {@link WireListener}. */
  late(unit: number, ms: number): void;
}

/** After the first attempt to connect that failed, ms. */
const FIRST_PAUSE = 500;
/** Consecutive connections without any answer, after which the other side is left alone for a while. */
const MOST_MISSES = 5;

/**
 * The wire of one link: opened when it is needed, and again after it was lost, for ever, with growing
 * and jittered pauses, so that a gateway that comes back is not stormed by all who wait for it.
 */
export class ModbusConnection {
  private wire: Wire | undefined;
  private opening: NodeJS.Timeout | undefined;
  private failures = 0;
  private failingSince = 0;
  private notBefore = 0;
  private lastError: Error | undefined;
  /** Ends whatever is under way: requests of a connection that was cut are never answered. */
  private cut: (reason: Error) => void = () => {};
  private closed = false;
  /** Consecutive connections that were lost or gave garbage before the other side answered as a meter does. */
  private misses = 0;
  connects = 0;

  constructor(
    private readonly settings: LinkSettings,
    private readonly listener: ConnectionListener,
  ) {}

  /** As {@link Wire.maxInFlight}; 1 where there is no wire yet. */
  get maxInFlight(): number {
    return this.wire?.maxInFlight ?? 1;
  }

  /** ms until the next attempt to connect; 0 where there is a connection, or the next request makes one. */
  get retryIn(): number {
    return this.wire?.isOpen || !this.lastError ? 0 : Math.max(0, this.notBefore - performance.now());
  }

  /**
   * One request over the wire.
   * @throws what the wire or the device says; where no connection could be made the reason, marked
   *   `linkDown`, and within the pause after it the same again, at once
   */
  async exchange<T>(request: (wire: Wire) => Promise<T>): Promise<T> {
    const work = async () => {
      const wire = await this.open();
      try {
        const answer = await request(wire);
        this.prove();
        return answer;
      } catch (error) {
        // An exception is an answer, too.
        if ((error as { modbusCode?: number }).modbusCode !== undefined) this.prove();
        throw error;
      }
    };
    return await new Promise<T>((resolve, reject) => {
      this.cut = reject;
      work().then(resolve, reject);
    });
  }

  /** ms for which a unit is not to be asked, as {@link Wire.quarantine}. */
  quarantine(unit: number): number {
    return this.wire?.quarantine(unit) ?? 0;
  }

  /** As {@link Wire.line}, of the present wire. */
  get line(): LineCounters | undefined {
    return this.wire?.line;
  }

  /** Lets go of the wire; the next request opens it again. */
  async drop(): Promise<void> {
    clearTimeout(this.opening);
    const { wire } = this;
    this.wire = undefined;
    await wire?.close();
  }

  /** Gives up what is under way and closes the wire for good. */
  async close(): Promise<void> {
    this.closed = true;
    this.cut(new Error('the link is closed'));
    await this.drop();
  }

  private async open(): Promise<Wire> {
    if (this.closed) throw new Error('the link is closed');
    if (this.wire?.isOpen) return this.wire;
    if (this.lastError && performance.now() < this.notBefore) throw this.lastError;
    await this.drop();
    let wire: Wire;
    try {
      wire = await this.inTime(this.openWire());
    } catch (error) {
      this.pause(error as Error);
      await this.drop();
      throw error;
    }
    if (this.closed) {
      await this.drop();
      throw new Error('the link is closed');
    }
    this.lastError = undefined;
    this.connects++;
    this.listener.connected();
    return wire;
  }

  private async openWire(): Promise<Wire> {
    let opened: Wire | undefined;
    let isGone = false;
    const closed = (error: Error) => {
      isGone = true;
      if (opened && this.wire !== opened) return;
      this.miss(error);
      this.cut(error);
      void this.drop();
    };
    opened = await openWire(this.settings, { closed, late: this.listener.late });
    if (isGone) await opened.close();
    else this.wire = opened;
    return opened;
  }

  private prove(): void {
    this.misses = 0;
    this.failures = 0;
  }

  /** A connection without an answer: after some of them the other side is left alone, for longer and longer. */
  private miss(error: Error): void {
    if (++this.misses >= MOST_MISSES) this.pause(error);
  }

  private pause(error: Error): void {
    const now = performance.now();
    if (this.failures++ === 0) this.failingSince = now;
    this.notBefore = now + absencePause(FIRST_PAUSE, this.failures, now - this.failingSince);
    this.lastError = Object.assign(error, { linkDown: true });
  }

  /** The wire opened, or given up after the link's timeout or when it is closed; what opens after that is closed. */
  private async inTime(opened: Promise<Wire>): Promise<Wire> {
    let isLate = false;
    opened.then(
      async (wire) => {
        if (!isLate) return;
        if (this.wire === wire) this.wire = undefined;
        await wire.close();
      },
      () => {},
    );
    return await new Promise<Wire>((resolve, reject) => {
      const late = () => {
        isLate = true;
        reject(Object.assign(new Error('Timed out'), { code: 'ETIMEDOUT' }));
      };
      this.opening = setTimeout(late, this.settings.timeout);
      opened.then(resolve, reject);
    }).finally(() => clearTimeout(this.opening));
  }
}
