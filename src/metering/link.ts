import type { Finding } from '../record';
import { ModbusConnection } from './connection';
import { isException, isLinkDown, WriteRefused } from './diagnosis';
import { FairQueue } from './fair-queue';
import { GatewayPatience } from './gateway-patience';
import { InFlight } from './in-flight';
import type { LinkSettings } from './link-settings';
import { ProbeTurns } from './probe-turns';
import { ResponseTimes } from './response-times';
import { UnitStatistics } from './unit-statistics';
import type { LineCounters, Table, Wire } from './wire';

/** Requests that may wait on one link; more, and the meters behind it are asked faster than it can carry. */
const MAX_WAITING = 10_000;
/** The exception of a device that does not know a function code. */
const ILLEGAL_FUNCTION = 1;
/** Exceptions after which the same question may be answered the next time: acknowledge, busy. */
const WORTH_RETRYING = new Set([5, 6]);
/** Rounds of requests in flight that one piece of work of a unit may be. */
const BURST_ROUNDS = 8;
/** So many requests on end without any answer, and a connection that looks open is taken for dead. */
const DEAD_AFTER = 3;

type Request<T> = (wire: Wire, timeout: number) => Promise<T>;

/**
 * One Modbus link, shared by all meters behind it: one request at a time, units taking turns. A unit
 * that does not answer is asked again only after its neighbours had the line, and waited for no longer
 * than answers on this link take; so it costs the others one timeout, once.
 */
export class ModbusLink {
  private readonly connection: ModbusConnection;
  private readonly queue: FairQueue;
  private readonly times: ResponseTimes;
  private readonly patience: GatewayPatience;
  private readonly inFlight = new InFlight();
  /** Turns of the units that do not answer. */
  readonly probes: ProbeTurns;
  /** Time spent on requests without an answer, ms. */
  private silentTime = 0;
  /** A gateway is taken up until then by a request that was given up. */
  private busyUntil = 0;
  private gatewayIsFree = () => {};
  /** When the last request left that had no answer. */
  private silentSince = 0;
  private readonly listeners = new Set<() => void>();
  /** Requests that are repeated after a pause. */
  private readonly pauses = new Set<{ timer: NodeJS.Timeout; giveUp: (error: Error) => void }>();
  /** Units that do not know function code 16. */
  private readonly singleWriters = new Set<number>();
  /** By unit id: 256 at most. */
  private readonly units = new Map<number, UnitStatistics>();
  private closed = false;
  private unanswered = 0;
  private echoSaid = false;
  readonly counters = { requests: 0, retries: 0, connects: 0, refused: 0 };

  constructor(private readonly settings: LinkSettings) {
    this.connection = new ModbusConnection(settings, {
      connected: () => {
        this.counters.connects++;
        for (const listener of this.listeners) listener();
      },
      late: (unit, ms) => {
        this.times.late(unit, ms);
        this.gatewayIsFree();
      },
    });
    // RTU looks after the pauses between frames itself.
    this.queue = new FairQueue(settings.transport === 'tcp' ? settings.gap : 0);
    const times = new ResponseTimes(settings.timeout);
    this.times = times;
    this.patience = new GatewayPatience(settings.timeout);
    const silentTime = () => this.silentTime;
    this.probes = new ProbeTurns({
      get silentTime() {
        return silentTime();
      },
      get isAnswering() {
        return times.someAnswer;
      },
    });
  }

  /** Calls back whenever the link was connected; returns what ends that. */
  onConnected(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Holding registers (function code 03) or input registers (04).
   * @returns `count` words
   * @throws the fault of the last try, for {@link faultOf}
   */
  read(unit: number, address: number, count: number, table: Table = 'holding'): Promise<number[]> {
    return this.enqueue(unit, (wire, timeout) => wire.read(unit, table, address, count, timeout));
  }

  /**
   * Runs of holding registers, each `count` long, as many requests in flight as the other side takes.
   * @param addresses {@link burst} of them at most
   * @returns the words of each. Errors as in {@link read}: all of them or none
   */
  readBurst(unit: number, addresses: readonly number[], count: number): Promise<number[][]> {
    return this.enqueue(unit, (wire, timeout) => this.inFlight.read(wire, unit, addresses, count, timeout));
  }

  /** Requests that {@link readBurst} takes at once: some for each that is in flight, where nobody else waits. */
  get burst(): number {
    const size = this.requestsInFlight;
    return size > 1 && !this.isShared ? size * BURST_ROUNDS : size;
  }

  /** Requests that are in flight at once, as far as is known. */
  get requestsInFlight(): number {
    return this.inFlight.size(this.connection.maxInFlight);
  }

  /** Writes registers, and reads others behind that without waiting. Errors as in {@link read} and {@link write}. */
  async writeAndRead(
    unit: number,
    address: number,
    words: number[],
    readAddress: number,
    count: number,
  ): Promise<number[]> {
    this.checkWrite(address, words.length);
    return await this.enqueue(unit, (wire, timeout) =>
      this.inFlight.writeAndRead(wire, unit, address, words, readAddress, count, timeout),
    );
  }

  /** ms until the connection is tried again; 0 where it is there, or is tried by the next request. */
  get retryIn(): number {
    return this.connection.retryIn;
  }

  /**
   * Holding registers, and when the request left and the answer came, ms since 1970: what clocks are
   * compared by. Errors as in {@link read}
   */
  timed(
    unit: number,
    address: number,
    count: number,
  ): Promise<{ words: number[]; sent: number; received: number }> {
    return this.enqueue(unit, async (wire, timeout) => {
      const sent = Date.now();
      const began = performance.now();
      const words = await wire.read(unit, 'holding', address, count, timeout);
      return { words, sent, received: sent + performance.now() - began };
    });
  }

  /**
   * The same registers several times in one request (function code 0x23 of Electro Industries meters).
   * @returns `count` words for each repeat. Errors as in {@link read}, and an Error on a line that is not
   *   Modbus TCP, where the library does not know how long the answer is
   */
  readRepeated(unit: number, address: number, count: number, repeats: number): Promise<number[][]> {
    if (this.settings.transport !== 'tcp') {
      return Promise.reject(new Error('function code 0x23 is supported over Modbus TCP only'));
    }
    return this.enqueue(unit, (wire, timeout) => wire.readRepeated(unit, address, count, repeats, timeout));
  }

  /** What came over an RTU line that was no answer to what was asked. */
  get line(): LineCounters | undefined {
    return this.connection.line;
  }

  /** Something that is to be said of the line, once. */
  takeNotice(): Finding | undefined {
    if (this.echoSaid || !this.line?.echo) return undefined;
    this.echoSaid = true;
    return {
      code: 'ECHO',
      severity: 'info',
      text: 'the adapter echoes what is sent; the echo is removed',
      hint: 'Nothing to do. A two-wire adapter that hears itself can often be switched not to.',
      detail: {},
    };
  }

  /** What became of the requests to a unit so far. */
  statistics(unit: number): UnitStatistics {
    let found = this.units.get(unit);
    if (!found) {
      found = new UnitStatistics();
      this.units.set(unit, found);
    }
    return found;
  }

  /**
   * Writes holding registers: function code 16, or 06 for a single register of a unit that does not know 16. Errors as
   * in {@link read}.
   * @throws WriteRefused for registers that may not be written over this link
   */
  async write(unit: number, address: number, words: number[]): Promise<void> {
    this.checkWrite(address, words.length);
    const isSingle = words.length === 1;
    if (!isSingle || !this.singleWriters.has(unit)) {
      try {
        await this.enqueue(unit, (wire, timeout) => wire.write(unit, address, words, timeout));
        return;
      } catch (error) {
        if (!isSingle || (error as { modbusCode?: number }).modbusCode !== ILLEGAL_FUNCTION) throw error;
      }
    }
    await this.enqueue(unit, (wire, timeout) => wire.writeSingle(unit, address, words[0], timeout));
    this.singleWriters.add(unit);
  }

  /** @throws WriteRefused for registers that may not be written over this link */
  checkWrite(address: number, count: number): void {
    const { readOnly, writable } = this.settings;
    if (readOnly) throw new WriteRefused('msg.command', 'no write: the link is read-only', address);
    const last = address + count - 1;
    if (writable.length === 0 || writable.some(([from, to]) => address >= from && last <= to)) return;
    const ranges = writable.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
    throw new WriteRefused('msg.payload', `registers that the link lets be written (${ranges})`, address);
  }

  /** Gives up what waits and closes the connection; the link cannot be used again. */
  async close(): Promise<void> {
    this.closed = true;
    this.listeners.clear();
    for (const { timer, giveUp } of this.pauses) {
      clearTimeout(timer);
      giveUp(new Error('the link is closed'));
    }
    this.pauses.clear();
    this.probes.close();
    await this.connection.close();
  }

  private enqueue<T>(unit: number, request: Request<T>): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the link is closed'));
    if (this.queue.length + this.pauses.size >= MAX_WAITING) {
      this.counters.refused++;
      return Promise.reject(new Error(`${MAX_WAITING} requests wait on this link already`));
    }
    return new Promise<T>((resolve, reject) => {
      // A unit that is known to be silent is asked once: to ask again is its meter's affair, at its own pace.
      let left = this.times.isAnswering(unit) ? this.settings.retries : 0;
      const attempt = async (): Promise<void> => {
        try {
          resolve(await this.exchange(unit, request));
        } catch (error) {
          if (this.closed || left-- <= 0 || !isWorthRetrying(error)) {
            reject(error);
            return;
          }
          this.counters.retries++;
          this.statistics(unit).retries++;
          // Where there is no connection, a repetition is there when the next is tried.
          const pause = isLinkDown(error)
            ? this.retryIn + 1
            : Math.max(this.settings.timeout, this.connection.quarantine(unit));
          this.later(pause, () => this.queue.push(unit, attempt), reject);
        }
      };
      const pause = this.connection.quarantine(unit);
      if (pause > 0) this.later(pause, () => this.queue.push(unit, attempt), reject);
      else this.queue.push(unit, attempt);
    });
  }

  /**
   * A repetition waits for one timeout: for so long the line is the neighbours', and a gateway gets free. And nobody is
   * asked while an answer of his may still come that would be taken for another.
   * @returns what ends the pause at once
   */
  private later(ms: number, push: () => void, giveUp: (error: Error) => void): () => void {
    const end = () => {
      clearTimeout(pause.timer);
      if (this.pauses.delete(pause)) push();
    };
    const pause = { timer: setTimeout(end, ms), giveUp };
    this.pauses.add(pause);
    return end;
  }

  private async exchange<T>(unit: number, request: Request<T>): Promise<T> {
    if (this.closed) throw new Error('the link is closed');
    const busy = this.unanswered > 0 ? this.busyUntil - performance.now() : 0;
    if (busy > 0) {
      await new Promise<void>((resolve, reject) => {
        this.gatewayIsFree = this.later(busy, resolve, reject);
      });
    }
    let began = 0;
    const allowance = this.times.allowance(unit, this.isShared, this.gatewayPatience);
    try {
      const result = await this.connection.exchange((wire) => {
        this.counters.requests++;
        began = performance.now();
        return request(wire, allowance);
      });
      this.answered(unit, began);
      this.statistics(unit).answered(performance.now() - began);
      return result;
    } catch (error) {
      this.statistics(unit).failed(error);
      if (isGatewayTimeout(error)) this.silent(unit, began);
      else if (isException(error)) this.answered(unit, began);
      else if (began > 0) await this.lost(unit, error, began);
      if (isTimeout(error) && allowance < this.settings.timeout)
        throw Object.assign(error as Error, { isEarly: true });
      throw error;
    }
  }

  /** Units behind this link, and others that wait to be asked for the first time. */
  private get isShared(): boolean {
    return this.times.size > 1 || this.probes.length > 0;
  }

  /** ms, where there is a gateway with several units behind it. */
  private get gatewayPatience(): number {
    return this.settings.transport === 'tcp' && this.isShared ? this.patience.value : 0;
  }

  private answered(unit: number, began: number): void {
    const took = performance.now() - began;
    const usual = this.times.usual(unit);
    if (this.unanswered === 1 && usual !== undefined && this.gatewayPatience > 0) {
      this.patience.observe(began - this.silentSince, took - usual);
    }
    // After a request without an answer a gateway may still be waiting for it: that time is not this unit's.
    const own = this.unanswered === 0;
    this.unanswered = 0;
    this.times.answered(unit, own ? took : undefined);
  }

  /** The gateway answers, and says that the unit does not. */
  private silent(unit: number, began: number): void {
    this.silentTime += performance.now() - began;
    this.unanswered = 0;
    this.times.unanswered(unit);
  }

  /** No answer, or an unusable one. A late answer is known as such, so the wire stays, unless it looks dead. */
  private async lost(unit: number, error: unknown, began: number): Promise<void> {
    this.silentTime += performance.now() - began;
    this.silentSince = began;
    this.busyUntil = began + this.gatewayPatience;
    this.times.unanswered(unit);
    this.unanswered++;
    const { transport } = this.settings;
    // The port of a serial line is not at fault where a meter is silent.
    if (transport === 'rtu') return;
    // Half an answer would be taken for the beginning of the next one.
    const isLate = isTimeout(error) && !('rest' in (error as object));
    // A device that has been silent for long gets a new connection each time: it may be back, and know nothing of this.
    const isGone = !this.isShared && this.times.silence(unit) > DEAD_AFTER;
    if ((isLate || transport === 'rtu-over-tcp') && this.unanswered < DEAD_AFTER && !isGone) return;
    this.unanswered = 0;
    await this.connection.drop();
  }
}

/** Exceptions by which a gateway says that a unit does not answer. */
function isGatewayTimeout(error: unknown): boolean {
  const { modbusCode } = error as { modbusCode?: number };
  return modbusCode === 10 || modbusCode === 11;
}

function isTimeout(error: unknown): boolean {
  return (error as { name?: string }).name === 'TransactionTimedOutError';
}

function isWorthRetrying(error: unknown): boolean {
  const { modbusCode } = error as { modbusCode?: number };
  return modbusCode === undefined || WORTH_RETRYING.has(modbusCode);
}
