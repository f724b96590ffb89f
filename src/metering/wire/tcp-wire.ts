import type { Socket } from 'node:net';
import ModbusRTU from 'modbus-serial';
import { EIG } from '../../registers';
import type { LinkSettings } from '../link-settings';
import { MbapGuard } from './mbap-guard';
import { connectSocket } from './socket';
import type { Table, Wire, WireListener } from './wire';

/** Late answers that are known as such. */
const MAX_LATE = 64;
/**
 * Transactions have 16-bit numbers (Modbus Messaging on TCP/IP 1.0b, 3.1.3). The library begins again after 256, so that
 * in a second or two a late answer would have the number of another question.
 */
const NUMBERS = 0x10000;

/**
 * Modbus TCP, by modbus-serial; what of that library is not public is used in this file alone. Several questions may be
 * in flight: an answer is known by its number.
 */
export class TcpWire implements Wire {
  /** As the guide recommends, 4.4.1.3 (NumberMaxOfClientTransaction: 1 to 16). */
  readonly maxInFlight = 16;
  /** When an answer came to a question that was never asked. */
  private foreignAt = Number.NEGATIVE_INFINITY;
  /** By number, when the newest questions were asked that had no answer in time: an answer to them is late, not wrong. */
  private readonly late = new Map<number, { unit: number; asked: number }>();
  private nextNumber = 1;
  /** Why it was closed, where that is known. */
  private reason: Error = Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });

  /** Questions without an answer so far. */
  private underWay = 0;
  private isGathering = false;

  private constructor(
    private readonly client: ModbusRTU,
    private readonly socket: Socket,
    listener: WireListener,
  ) {
    // It goes to whoever waits for the answer; without a listener it would end the process.
    client.on('error', () => {});
    // The library leaves a request waiting for its timeout when the other side hangs up.
    client.on('close', () => listener.closed(this.reason));
  }

  /** @throws the error of the socket, or of TLS */
  static async open(settings: LinkSettings, listener: WireListener): Promise<TcpWire> {
    const socket = await connectSocket(settings);
    const wire = new TcpWire(new ModbusRTU(), socket, listener);
    socket.on('error', (error) => {
      wire.reason = error;
    });
    await wire.client.connectTCP(settings.host, { socket } as never);
    wire.watch(listener);
    return wire;
  }

  get isOpen(): boolean {
    return this.client.isOpen;
  }

  read(unit: number, table: Table, address: number, count: number, timeout: number): Promise<number[]> {
    return this.ask(unit, timeout, async ({ client }) => {
      const { data } =
        table === 'input'
          ? await client.readInputRegisters(address, count)
          : await client.readHoldingRegisters(address, count);
      if (data.length !== count) {
        throw new Error(`Data length error, expected ${count} registers got ${data.length}`);
      }
      return data;
    });
  }

  async write(unit: number, address: number, words: readonly number[], timeout: number): Promise<void> {
    await this.ask(unit, timeout, ({ client }) => client.writeRegisters(address, [...words]));
  }

  async writeSingle(unit: number, address: number, word: number, timeout: number): Promise<void> {
    await this.ask(unit, timeout, ({ client }) => client.writeRegister(address, word));
  }

  readRepeated(
    unit: number,
    address: number,
    count: number,
    repeats: number,
    timeout: number,
  ): Promise<number[][]> {
    return this.ask(unit, timeout, ({ client }) => repeatedRead(client, unit, address, count, repeats));
  }

  /** Answers have numbers here: none is taken for another. */
  quarantine(): number {
    return 0;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Half a second for one that hangs.
      const timer = setTimeout(resolve, 500);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      try {
        this.client.destroy(done);
      } catch {
        done();
      }
    });
  }

  /** @param request sends its question before it returns */
  private async ask<T>(unit: number, timeout: number, request: (wire: TcpWire) => Promise<T>): Promise<T> {
    const { client } = this;
    const { port, transactions } = internalsOf(client);
    const number = this.nextNumber;
    this.nextNumber = (number + 1) % NUMBERS;
    // Of old ones with the same number nothing is expected any more.
    this.late.delete(number);
    client.setID(unit);
    client.setTimeout(timeout);
    if (port) port._transactionIdWrite = number;
    const asked = performance.now();
    if (this.underWay++ > 0) this.gather();
    try {
      return await request(this);
    } catch (error) {
      throw this.explain(error, number, unit, asked);
    } finally {
      this.underWay--;
      // The library keeps the last 256 transactions with all they hold: 300 MB for a thousand meters.
      delete transactions()[number];
    }
  }

  /** Questions that are asked in one go leave in one packet: each of its own costs more than all that is done with it. */
  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.socket.cork();
    process.nextTick(() => {
      this.isGathering = false;
      this.socket.uncork();
    });
  }

  /** Looks out for what is no Modbus TCP, and for answers that belong to no question: the library ignores them. */
  private watch(listener: WireListener): void {
    const { port, transactions } = internalsOf(this.client);
    const guard = new MbapGuard();
    let isBad = false;
    port?._client?.on('data', (bytes: Buffer) => {
      const problem = isBad ? undefined : guard.push(bytes);
      if (problem === undefined) return;
      isBad = true;
      listener.closed(new Error(`the other side does not speak Modbus TCP: ${problem}`));
    });
    port?.on('data', () => {
      const number = port._transactionIdRead ?? 0;
      if (number in transactions()) return;
      const question = this.late.get(number);
      if (question) listener.late?.(question.unit, performance.now() - question.asked);
      else this.foreignAt = performance.now();
    });
  }

  /** What came instead of an answer, where none came in time. */
  private explain(error: unknown, number: number, unit: number, asked: number): unknown {
    if ((error as { name?: string }).name !== 'TransactionTimedOutError') return error;
    this.late.set(number, { unit, asked });
    if (this.late.size > MAX_LATE) {
      const [oldest] = this.late.keys();
      this.late.delete(oldest);
    }
    const rest = internalsOf(this.client).port?._clientRcvData?.length ?? 0;
    if (rest > 0) return Object.assign(error as Error, { rest });
    return this.foreignAt > asked ? Object.assign(error as Error, { foreign: true }) : error;
  }
}

/** The parts of the library's client that it does not show: what came in, and what waits for an answer. */
interface ModbusPort {
  on(event: 'data', listener: (frame: Buffer) => void): void;
  off(event: 'data', listener: (frame: Buffer) => void): void;
  _transactionIdRead?: number;
  _transactionIdWrite?: number;
  /** The socket. */
  _client?: { on(event: 'data', listener: (bytes: Buffer) => void): void };
  /** Bytes that came and make no whole frame. */
  _clientRcvData?: Buffer;
}

function internalsOf(client: ModbusRTU): {
  port: ModbusPort | undefined;
  transactions(): Record<string, unknown>;
} {
  const inside = client as unknown as { _port?: ModbusPort; _transactions?: Record<string, unknown> };
  return { port: inside._port, transactions: () => inside._transactions ?? {} };
}

/**
 * Function code 0x23 of Electro Industries: as 03, but the registers are read `repeats` times, and the
 * length of the answer has two bytes. The library sends it and judges exceptions and timeouts; the answer
 * itself, whose code it does not know, is taken from its port.
 * Source: Shark 200 user manual E149701, B.5.4.2.
 * @returns `count` words for each repeat
 * @throws as the library; an Error for an answer of the wrong length
 */
function repeatedRead(
  client: ModbusRTU,
  unit: number,
  address: number,
  count: number,
  repeats: number,
): Promise<number[][]> {
  const { port } = internalsOf(client);
  const number = port?._transactionIdWrite;
  const request = [address >> 8, address & 0xff, count >> 8, count & 0xff, repeats];
  return new Promise((resolve, reject) => {
    const onData = (frame: Buffer) => {
      if (port?._transactionIdRead !== number || frame.length < 6) return;
      if (frame[0] !== unit || frame[1] !== EIG.repeatedRead) return;
      port?.off('data', onData);
      const bytes = 2 * count * repeats;
      // Unit, code, two bytes of length, data, and the check sum that the library puts behind.
      if (frame.readUInt16BE(2) !== bytes || frame.length !== bytes + 6) {
        reject(new Error(`Data length error, expected ${bytes + 6} got ${frame.length}`));
        return;
      }
      resolve(
        Array.from({ length: repeats }, (_, r) =>
          Array.from({ length: count }, (_, i) => frame.readUInt16BE(4 + 2 * (r * count + i))),
        ),
      );
    };
    port?.on('data', onData);
    const { writeCustomFC } = client as unknown as {
      writeCustomFC(unit: number, code: number, data: number[], next: (error: Error | null) => void): void;
    };
    writeCustomFC.call(client, unit, EIG.repeatedRead, request, (error) => {
      port?.off('data', onData);
      reject(error ?? new Error('no answer'));
    });
  });
}
