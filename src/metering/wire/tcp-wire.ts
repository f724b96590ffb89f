import ModbusRTU from 'modbus-serial';
import { EIG } from '../../registers';
import type { LinkSettings } from '../link-settings';
import { MbapGuard } from './mbap-guard';
import type { Table, Wire, WireListener } from './wire';

/** Late answers that are known as such. */
const MAX_LATE = 16;

/** Modbus TCP, by modbus-serial; what of that library is not public is used in this file alone. */
export class TcpWire implements Wire {
  /** An answer to a question that was never asked came while the present one waited. */
  private foreign = false;
  /** Numbers of the newest transactions that had no answer in time: an answer to them is late, not wrong. */
  private readonly late: number[] = [];

  private constructor(
    private readonly client: ModbusRTU,
    listener: WireListener,
  ) {
    // It goes to whoever waits for the answer; without a listener it would end the process.
    client.on('error', () => {});
    // The library leaves a request waiting for its timeout when the other side hangs up.
    client.on('close', () =>
      listener.closed(Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' })),
    );
  }

  /** @throws the error of the socket */
  static async open({ host, port }: LinkSettings, listener: WireListener): Promise<TcpWire> {
    const wire = new TcpWire(new ModbusRTU(), listener);
    await wire.client.connectTCP(host, { port });
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

  private async ask<T>(unit: number, timeout: number, request: (wire: TcpWire) => Promise<T>): Promise<T> {
    const { client } = this;
    client.setID(unit);
    client.setTimeout(timeout);
    this.foreign = false;
    try {
      return await request(this);
    } catch (error) {
      throw this.explain(error);
    } finally {
      forgetTransactions(client);
    }
  }

  /** Looks out for what is no Modbus TCP, and for answers that belong to no question: the library ignores them. */
  private watch(listener: WireListener): void {
    const { port, transactions } = insides(this.client);
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
      if (!(number in transactions()) && !this.late.includes(number)) this.foreign = true;
    });
  }

  /** What came instead of an answer, where none came in time. */
  private explain(error: unknown): unknown {
    if ((error as { name?: string }).name !== 'TransactionTimedOutError') return error;
    const { port, transactions } = insides(this.client);
    this.late.push(...Object.keys(transactions()).map(Number));
    this.late.splice(0, this.late.length - MAX_LATE);
    const rest = port?._clientRcvData?.length ?? 0;
    if (rest > 0) return Object.assign(error as Error, { rest });
    return this.foreign ? Object.assign(error as Error, { foreign: true }) : error;
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
interface ModbusPort {
  on(event: 'data', listener: (frame: Buffer) => void): void;
  off(event: 'data', listener: (frame: Buffer) => void): void;
  _transactionIdRead?: number;
  /** The socket. */
  _client?: { on(event: 'data', listener: (bytes: Buffer) => void): void };
  /** Bytes that came and make no whole frame. */
  _clientRcvData?: Buffer;
}

function insides(client: ModbusRTU): {
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
  const { port } = insides(client);
  const request = [address >> 8, address & 0xff, count >> 8, count & 0xff, repeats];
  return new Promise((resolve, reject) => {
    const onData = (frame: Buffer) => {
      if (frame.length < 6 || frame[0] !== unit || frame[1] !== EIG.repeatedRead) return;
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
