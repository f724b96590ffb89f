import { createServer, type Server, type Socket } from 'node:net';
import { ModbusException, type SimulatedMeter } from './simulated-meter';

/** Exceptions of the Modbus specification, section 7. */
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_VALUE = 3;
const DEVICE_FAILURE = 4;
/** Gateway target device failed to respond: no such unit here. */
const NO_SUCH_UNIT = 11;

/** Bytes before the unit id in a frame of Modbus TCP, and the most that one frame has. */
const HEADER = 6;
const MAX_FRAME = 260;
/** Registers that a request may read and write. */
const MAX_READ = 125;
const MAX_WRITE = 123;

/** Function codes that are answered; 0x23 by some meters only. */
const FUNCTIONS = new Set([3, 4, 6, 16, 0x23]);

/** How often the meters are brought up to the time, ms; a request brings its own meter up at once. */
const TICK = 20;

/**
 * Modbus TCP server on loopback that answers for a set of meters, by unit id, as a gateway does: function
 * codes 03, 04, 06, 16, and 0x23 of Electro Industries, which no library's server knows. Answers to units it
 * does not have are exception 11.
 */
export class SimulatorServer {
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  private readonly server: Server;

  private constructor(
    private readonly meters: ReadonlyMap<number, SimulatedMeter>,
    private readonly clock: () => number,
  ) {
    this.server = createServer((socket) => this.serve(socket));
    this.timer = setInterval(() => {
      for (const one of meters.values()) one.advance(clock());
    }, TICK);
  }

  /**
   * @param meters by unit id
   * @param port to listen on, on 127.0.0.1; 0 for any free one
   * @param clock ms since 1970
   * @throws the error of the socket, e.g. EADDRINUSE
   */
  static async listen(
    meters: ReadonlyMap<number, SimulatedMeter>,
    port: number,
    clock: () => number = steadyClock(),
  ): Promise<SimulatorServer> {
    const made = new SimulatorServer(meters, clock);
    try {
      await new Promise<void>((resolve, reject) => {
        made.server.once('error', reject);
        made.server.listen(port, '127.0.0.1', () => resolve());
      });
    } catch (error) {
      clearInterval(made.timer);
      throw error;
    }
    return made;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay();
    socket.on('close', () => this.sockets.delete(socket));
    // A client that goes away in the middle is the client's affair.
    socket.on('error', () => {});
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      while (rest.length > HEADER) {
        const length = rest.readUInt16BE(4);
        // Not Modbus: there is no way to find the beginning of a frame again.
        if (rest.readUInt16BE(2) !== 0 || length < 2 || length > MAX_FRAME - HEADER) {
          socket.destroy();
          return;
        }
        if (rest.length < HEADER + length) return;
        const pdu = this.answer(rest[HEADER], rest.subarray(HEADER + 1, HEADER + length));
        const head = Buffer.from(rest.subarray(0, HEADER + 1));
        head.writeUInt16BE(pdu.length + 1, 4);
        socket.write(Buffer.concat([head, pdu]));
        rest = rest.subarray(HEADER + length);
      }
    });
  }

  private answer(unit: number, request: Buffer): Buffer {
    try {
      return this.perform(unit, request);
    } catch (error) {
      const code = error instanceof ModbusException ? error.modbusErrorCode : DEVICE_FAILURE;
      return Buffer.from([request[0] | 0x80, code]);
    }
  }

  private perform(unit: number, request: Buffer): Buffer {
    const code = request[0];
    const meter = this.meters.get(unit);
    if (!meter) throw new ModbusException(NO_SUCH_UNIT);
    meter.advance(this.clock());
    if (!FUNCTIONS.has(code)) throw new ModbusException(ILLEGAL_FUNCTION);
    if (request.length < 5) throw new ModbusException(ILLEGAL_VALUE);
    const address = request.readUInt16BE(1);
    const count = request.readUInt16BE(3);
    switch (code) {
      // One set of registers behind both function codes, as many meters have it.
      case 3:
      case 4:
        if (count < 1 || count > MAX_READ) throw new ModbusException(ILLEGAL_VALUE);
        return Buffer.concat([Buffer.from([code, 2 * count]), bytesOf(meter.read(address, count))]);
      case 6:
        meter.write(address, [count]);
        return request.subarray(0, 5);
      case 16: {
        if (count < 1 || count > MAX_WRITE || request.length !== 6 + 2 * count) {
          throw new ModbusException(ILLEGAL_VALUE);
        }
        meter.write(
          address,
          Array.from({ length: count }, (_, i) => request.readUInt16BE(6 + 2 * i)),
        );
        return request.subarray(0, 5);
      }
      case 0x23: {
        const repeats = request[5];
        if (!repeats || count < 1 || count > MAX_READ) throw new ModbusException(ILLEGAL_VALUE);
        const data = bytesOf(meter.readRepeated(address, count, repeats));
        return Buffer.concat([Buffer.from([code, data.length >> 8, data.length & 0xff]), data]);
      }
      default:
        throw new ModbusException(ILLEGAL_FUNCTION);
    }
  }
}

function bytesOf(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * words.length);
  words.forEach((word, i) => {
    bytes.writeUInt16BE(word, 2 * i);
  });
  return bytes;
}

/** Time of day that never jumps: set once, then carried by the monotonic clock. */
export function steadyClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => offset + performance.now();
}
