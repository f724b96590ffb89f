import { createServer } from 'node:net';
import { ServerTCP } from 'modbus-serial';
import { ModbusException, type SimulatedMeter } from './simulated-meter';

/** Gateway target device failed to respond (Modbus specification, section 7): no such unit here. */
const NO_SUCH_UNIT = 11;

/** How often the meters are brought up to the time, ms; a request brings its own meter up at once. */
const TICK = 20;

/**
 * Modbus TCP server on loopback that answers for a set of meters, by unit id, as a gateway does.
 * Answers to units it does not have are exception 11.
 */
export class SimulatorServer {
  private constructor(
    private readonly server: ServerTCP,
    private readonly timer: NodeJS.Timeout,
    readonly port: number,
  ) {}

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
    const meter = (unit: number): SimulatedMeter => {
      const found = meters.get(unit);
      if (!found) throw new ModbusException(NO_SUCH_UNIT);
      found.advance(clock());
      return found;
    };
    const read = (unit: number, address: number, length: number): number[] => {
      if (length > 125) throw new ModbusException(3);
      return meter(unit).read(address, length);
    };
    const taken = port || (await freePort());
    const server = new ServerTCP(
      {
        // One set of registers behind both function codes, as many meters have it.
        getHoldingRegister: (address: number, unit: number) => read(unit, address, 1)[0],
        getMultipleHoldingRegisters: (address: number, length: number, unit: number) =>
          read(unit, address, length),
        getInputRegister: (address: number, unit: number) => read(unit, address, 1)[0],
        getMultipleInputRegisters: (address: number, length: number, unit: number) =>
          read(unit, address, length),
        setRegister: (address: number, value: number, unit: number) => meter(unit).write(address, [value]),
        setRegisterArray: (address: number, values: number[], unit: number) =>
          meter(unit).write(address, values),
      },
      { host: '127.0.0.1', port: taken, unitID: 255 },
    );
    await new Promise<void>((resolve, reject) => {
      server.on('initialized', () => resolve());
      server.on('serverError', reject);
    });
    // A client that goes away in the middle is the client's affair.
    server.on('socketError', () => {});
    server.on('error', () => {});
    const timer = setInterval(() => {
      for (const one of meters.values()) one.advance(clock());
    }, TICK);
    return new SimulatorServer(server, timer, taken);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Time of day that never jumps: set once, then carried by the monotonic clock. */
export function steadyClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => offset + performance.now();
}

/** The library takes port 0 for its default: a free port is asked of the system beforehand. */
async function freePort(): Promise<number> {
  const probe = createServer();
  return await new Promise((resolve, reject) => {
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
