import { createServer, type Socket } from 'node:net';

export interface GatewayOptions {
  /** What a unit does: milliseconds until it answers, or how it is dead. */
  units: Record<number, number | 'silent' | 'exception-11' | 'half-frame' | 'garbage'>;
  /** How long the gateway itself waits for a silent unit before it goes on, ms. */
  patience?: number;
  port?: number;
}

export interface Gateway {
  port: number;
  /** Requests that came, by unit. */
  asked: Map<number, number>;
  /** The most requests that were under way at once. */
  sockets: Set<Socket>;
  units: GatewayOptions['units'];
  close(): Promise<void>;
}

/**
 * A Modbus TCP gateway written from the protocol's own text, with a serial line behind it: one request
 * at a time, whoever asks. Registers hold their own address.
 */
export async function startGateway({ units, patience = 500, port = 0 }: GatewayOptions): Promise<Gateway> {
  const asked = new Map<number, number>();
  const sockets = new Set<Socket>();
  let line: Promise<void> = Promise.resolve();
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  const handle = async (socket: Socket, frame: Buffer): Promise<void> => {
    const unit = frame[6];
    asked.set(unit, (asked.get(unit) ?? 0) + 1);
    const behaviour = units[unit] ?? 'exception-11';
    const reply = (pdu: Buffer) => {
      const head = Buffer.alloc(7);
      frame.copy(head, 0, 0, 4);
      head.writeUInt16BE(pdu.length + 1, 4);
      head[6] = unit;
      return Buffer.concat([head, pdu]);
    };
    if (behaviour === 'silent') return sleep(patience);
    if (behaviour === 'exception-11') {
      await sleep(patience);
      socket.write(reply(Buffer.from([frame[7] | 0x80, 11])));
      return;
    }
    const count = frame.readUInt16BE(10);
    const data = Buffer.alloc(2 + 2 * count);
    data[0] = frame[7];
    data[1] = 2 * count;
    for (let i = 0; i < count; i++) data.writeUInt16BE((frame.readUInt16BE(8) + i) & 0xffff, 2 + 2 * i);
    if (behaviour === 'half-frame') {
      socket.write(reply(data).subarray(0, 9));
      return sleep(patience);
    }
    if (behaviour === 'garbage') {
      socket.write(Buffer.from(reply(data).map((byte, i) => byte ^ (i * 37))));
      return;
    }
    if (behaviour > 0) await sleep(behaviour);
    socket.write(reply(data));
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
        const frame = rest.subarray(0, 6 + rest.readUInt16BE(4));
        rest = rest.subarray(frame.length);
        line = line.then(() => handle(socket, frame));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    asked,
    sockets,
    units,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
