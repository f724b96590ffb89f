import ModbusRTU from 'modbus-serial';
import { growingPause } from '../shared';
import type { LinkSettings } from './link-settings';
import { MbapGuard } from './mbap-guard';

/** Between attempts to connect. */
const PAUSE = { first: 500, growth: 1.5, longest: 60_000, jitter: 0.2 };
/** Connections without any answer on end, after which the other side is left alone for a while. */
const MOST_MISSES = 5;
/** Late answers that are known as such. */
const MAX_LATE = 16;

/**
 * The wire of one link: opened when it is needed, and again after it was lost, for ever, with growing
 * and jittered pauses, so that a gateway that comes back is not stormed by all who wait for it.
 */
export class ModbusConnection {
  private client: ModbusRTU | undefined;
  private opening: NodeJS.Timeout | undefined;
  private failures = 0;
  private notBefore = 0;
  private lastError: Error | undefined;
  /** Ends whatever is under way: the library leaves requests of a connection that was cut unanswered. */
  private cut: (reason: Error) => void = () => {};
  private closed = false;
  /** An answer to a question that was never asked came while the present one waited. */
  private foreign = false;
  /** Connections on end that were lost or gave garbage before the other side answered as a meter does. */
  private misses = 0;
  /** Numbers of the newest transactions that had no answer in time: an answer to them is late, not wrong. */
  private readonly late: number[] = [];
  connects = 0;

  /** @param connected is told of every connection made */
  constructor(
    private readonly settings: LinkSettings,
    private readonly connected: () => void,
  ) {}

  /**
   * One request over the wire.
   * @param timeout ms for the answer
   * @throws what the wire or the device says; where no connection could be made the reason, marked
   *   `linkDown`, and within the pause after it the same again, at once
   */
  async exchange<T>(unit: number, timeout: number, request: (client: ModbusRTU) => Promise<T>): Promise<T> {
    const cut = new Promise<never>((_, reject) => {
      this.cut = reject;
    });
    const work = async () => {
      const client = await this.open();
      client.setID(unit);
      client.setTimeout(timeout);
      this.foreign = false;
      try {
        const answer = await request(client);
        this.prove();
        return answer;
      } catch (error) {
        // An exception is an answer, too.
        if ((error as { modbusCode?: number }).modbusCode !== undefined) this.prove();
        throw this.explain(client, error);
      } finally {
        forgetTransactions(client);
      }
    };
    const result = work();
    result.catch(() => {});
    return await Promise.race([result, cut]);
  }

  /** Lets go of the wire; the next request opens it again. */
  async drop(): Promise<void> {
    clearTimeout(this.opening);
    const client = this.client;
    this.client = undefined;
    if (!client) return;
    await new Promise<void>((resolve) => {
      // Half a second for a port that hangs.
      const timer = setTimeout(resolve, 500);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      try {
        // Sockets can be torn down; serial ports have no such thing, and stay locked until they are closed.
        if (this.settings.transport === 'rtu') client.close(done);
        else client.destroy(done);
      } catch {
        done();
      }
    });
  }

  /** Gives up what is under way and closes the wire for good. */
  async close(): Promise<void> {
    this.closed = true;
    this.cut(new Error('the link is closed'));
    await this.drop();
  }

  private async open(): Promise<ModbusRTU> {
    if (this.closed) throw new Error('the link is closed');
    if (this.client?.isOpen) return this.client;
    if (this.lastError && performance.now() < this.notBefore) throw this.lastError;
    await this.drop();
    const client = new ModbusRTU();
    this.client = client;
    // Told to whoever waits for the answer; without a listener it would end the process.
    client.on('error', () => {});
    // The library leaves a request waiting for its timeout when the other side hangs up.
    client.on('close', () => {
      if (this.client !== client) return;
      const error = Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });
      this.miss(error);
      this.cut(error);
    });
    try {
      await this.inTime(connect(client, this.settings));
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
    this.watch(client);
    this.connects++;
    this.connected();
    return client;
  }

  /** Looks out for answers that belong to no question: the library passes over them. */
  private watch(client: ModbusRTU): void {
    if (this.settings.transport !== 'tcp') return;
    const { port, transactions } = insides(client);
    this.late.length = 0;
    const guard = new MbapGuard();
    port?._client?.on('data', (bytes: Buffer) => {
      const problem = this.client === client ? guard.push(bytes) : undefined;
      if (problem === undefined) return;
      const error = new Error(`the other side does not speak Modbus TCP: ${problem}`);
      this.miss(error);
      this.cut(error);
      void this.drop();
    });
    port?.on('data', () => {
      const number = port._transactionIdRead ?? 0;
      if (!(number in transactions()) && !this.late.includes(number)) this.foreign = true;
    });
  }

  /** What came instead of an answer, where none came in time. */
  private explain(client: ModbusRTU, error: unknown): unknown {
    if ((error as { name?: string }).name !== 'TransactionTimedOutError') return error;
    const { port, transactions } = insides(client);
    this.late.push(...Object.keys(transactions()).map(Number));
    this.late.splice(0, this.late.length - MAX_LATE);
    const rest = port?._clientRcvData?.length ?? port?._buffer?.length ?? 0;
    if (rest > 0) return Object.assign(error as Error, { rest, onLine: this.settings.transport !== 'tcp' });
    return this.foreign ? Object.assign(error as Error, { foreign: true }) : error;
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
    this.notBefore = performance.now() + growingPause(PAUSE, ++this.failures);
    this.lastError = Object.assign(error, { linkDown: true });
  }

  /** The connection made, or given up after the link's timeout or when it is closed. */
  private async inTime(opened: Promise<void>): Promise<void> {
    opened.catch(() => {});
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(Object.assign(new Error('Timed out'), { code: 'ETIMEDOUT' }));
      this.opening = setTimeout(late, this.settings.timeout);
      opened.then(resolve, reject);
    }).finally(() => clearTimeout(this.opening));
  }
}

/**
 * The library keeps the last 256 transactions of each connection with all they hold: 300 kB, which is
 * 300 MB for a thousand meters. One request is under way at a time, so once it is over none is needed; an
 * answer that comes late finds no transaction and is ignored.
 */
function forgetTransactions(client: ModbusRTU): void {
  const transactions = insides(client).transactions();
  for (const id of Object.keys(transactions)) delete transactions[id];
}

/** The parts of the library's client that it does not show: what came in, and what waits for an answer. */
export interface ModbusPort {
  on(event: 'data', listener: (frame: Buffer) => void): void;
  off(event: 'data', listener: (frame: Buffer) => void): void;
  _transactionIdRead?: number;
  /** The socket of Modbus TCP. */
  _client?: { on(event: 'data', listener: (bytes: Buffer) => void): void };
  /** Bytes that came and make no whole frame: Modbus TCP, RTU. */
  _clientRcvData?: Buffer;
  _buffer?: Buffer;
}

export function insides(client: ModbusRTU): {
  port: ModbusPort | undefined;
  transactions(): Record<string, unknown>;
} {
  const inside = client as unknown as { _port?: ModbusPort; _transactions?: Record<string, unknown> };
  return { port: inside._port, transactions: () => inside._transactions ?? {} };
}

function connect(client: ModbusRTU, settings: LinkSettings): Promise<void> {
  const { transport, host, port, serialPort, baudRate, dataBits, parity, stopBits } = settings;
  switch (transport) {
    case 'tcp':
      return client.connectTCP(host, { port });
    case 'rtu-over-tcp':
      // The library's "TcpRTUBuffered" speaks Modbus TCP; frames of RTU as they are go through its telnet port.
      return client.connectTelnet(host, { port });
    case 'rtu':
      return client.connectRTUBuffered(serialPort, { baudRate, dataBits, parity, stopBits });
  }
}
