import ModbusRTU from 'modbus-serial';
import type { LinkSettings } from './link-settings';

/** Requests that may wait on one link; more, and the meters behind it are asked faster than it can carry. */
const MAX_WAITING = 10_000;

/** Faults after which the same question may be answered the next time. */
const WORTH_RETRYING = new Set([5, 6]);

/**
 * One Modbus connection, shared by all meters behind it: one request at a time, in the order asked.
 * Connects when it is needed, and again after it was lost.
 */
export class ModbusLink {
  private client: ModbusRTU | undefined;
  /** Ends whatever is under way: the library leaves requests of a connection that was cut unanswered. */
  private cut: (reason: Error) => void = () => {};
  private connecting: NodeJS.Timeout | undefined;
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private closed = false;
  readonly counters = { requests: 0, retries: 0, connects: 0, refused: 0 };

  constructor(private readonly settings: LinkSettings) {}

  /**
   * Holding registers (function code 03).
   * @returns `count` words
   * @throws the fault of the last try, for {@link faultOf}
   */
  read(unit: number, address: number, count: number): Promise<number[]> {
    return this.enqueue(async (client) => {
      client.setID(unit);
      const { data } = await client.readHoldingRegisters(address, count);
      if (data.length !== count)
        throw new Error(`Data length error, expected ${count} registers got ${data.length}`);
      return data;
    });
  }

  /** Writes holding registers (function code 16). Errors as in {@link read}. */
  write(unit: number, address: number, words: number[]): Promise<void> {
    return this.enqueue(async (client) => {
      client.setID(unit);
      await client.writeRegisters(address, words);
    });
  }

  /** Gives up what waits and closes the connection; the link cannot be used again. */
  async close(): Promise<void> {
    this.closed = true;
    this.cut(new Error('the link is closed'));
    await this.drop();
  }

  private async untilCut<T>(work: () => Promise<T>): Promise<T> {
    const cut = new Promise<never>((_, reject) => {
      this.cut = reject;
    });
    const result = work();
    result.catch(() => {});
    return await Promise.race([result, cut]);
  }

  private enqueue<T>(request: (client: ModbusRTU) => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the link is closed'));
    if (this.waiting >= MAX_WAITING) {
      this.counters.refused++;
      return Promise.reject(new Error(`${MAX_WAITING} requests wait on this link already`));
    }
    this.waiting++;
    const turn = this.tail.then(() => this.attempt(request));
    // The next in line goes on whatever became of this one.
    this.tail = turn
      .catch(() => {})
      .then(async () => {
        this.waiting--;
        if (this.settings.gap > 0) await new Promise((resolve) => setTimeout(resolve, this.settings.gap));
      });
    return turn;
  }

  private async attempt<T>(request: (client: ModbusRTU) => Promise<T>): Promise<T> {
    for (let retry = 0; ; retry++) {
      if (this.closed) throw new Error('the link is closed');
      try {
        return await this.untilCut(async () => {
          const client = await this.connect();
          this.counters.requests++;
          return await request(client);
        });
      } catch (error) {
        const exception = (error as { modbusCode?: number }).modbusCode;
        // An exception is an answer: the line is good. Anything else may have left half a frame on it.
        if (exception === undefined) await this.drop();
        const hopeless = exception !== undefined && !WORTH_RETRYING.has(exception);
        if (hopeless || retry >= this.settings.retries || this.closed) throw error;
        this.counters.retries++;
      }
    }
  }

  private async connect(): Promise<ModbusRTU> {
    if (this.client?.isOpen) return this.client;
    await this.drop();
    const client = new ModbusRTU();
    this.client = client;
    client.on('error', () => {
      // Told to whoever waits for the answer; without a listener it would end the process.
    });
    const { transport, host, port, serialPort, baudRate, dataBits, parity, stopBits, timeout } =
      this.settings;
    client.setTimeout(timeout);
    const opened =
      transport === 'rtu'
        ? client.connectRTUBuffered(serialPort, { baudRate, dataBits, parity, stopBits })
        : transport === 'tcp'
          ? client.connectTCP(host, { port })
          : client.connectTcpRTUBuffered(host, { port });
    await this.inTime(opened, timeout);
    this.counters.connects++;
    if (this.closed) {
      await this.drop();
      throw new Error('the link is closed');
    }
    return client;
  }

  private async drop(): Promise<void> {
    clearTimeout(this.connecting);
    const client = this.client;
    this.client = undefined;
    if (!client) return;
    await new Promise<void>((resolve) => {
      // The library calls back only for a port that was open; half a second is for one that hangs.
      const timer = setTimeout(resolve, 500);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      try {
        if (client.isOpen) client.destroy(done);
        else {
          client.destroy(() => {});
          done();
        }
      } catch {
        done();
      }
    });
  }

  /** The connection made, or given up after `ms` or when the link is closed. */
  private async inTime(opened: Promise<void>, ms: number): Promise<void> {
    opened.catch(() => {});
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(Object.assign(new Error('Timed out'), { code: 'ETIMEDOUT' }));
      this.connecting = setTimeout(late, ms);
      opened.then(resolve, reject);
    }).finally(() => clearTimeout(this.connecting));
  }
}
