import { once } from 'node:events';
import { ServerTCP } from 'modbus-serial';
import { freePort } from '../free-port';

/**
 * A Modbus TCP server of the library, not of this project, that holds registers by address and refuses what
 * it does not hold.
 */
export async function startRegisterServer(
  registers: ReadonlyMap<number, number>,
): Promise<{ port: number; close(): Promise<void> }> {
  const word = (address: number): number => {
    const found = registers.get(address);
    if (found === undefined) throw Object.assign(new Error('illegal address'), { modbusErrorCode: 2 });
    return found;
  };
  const many = (address: number, length: number) => Array.from({ length }, (_, i) => word(address + i));
  // The library takes port 0 for its default.
  const port = await freePort();
  const server = new ServerTCP(
    {
      getHoldingRegister: word,
      getMultipleHoldingRegisters: many,
      getInputRegister: word,
      getMultipleInputRegisters: many,
    },
    { host: '127.0.0.1', port, unitID: 255 },
  );
  await once(server, 'initialized');
  server.on('socketError', () => {});
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
