import { connect, createServer, type Socket } from 'node:net';

/** What happens to the answers on their way; undefined: they pass. */
export type Fault =
  | 'cut'
  | 'cut in the middle'
  | 'lost'
  | 'late'
  | 'one byte at a time'
  | 'flipped bits'
  | 'truncated'
  | 'doubled'
  | 'wrong unit'
  | 'wrong transaction'
  | 'wrong function'
  | 'wrong length'
  | 'noise before';

export const FAULTS: readonly Fault[] = [
  'cut',
  'cut in the middle',
  'lost',
  'late',
  'one byte at a time',
  'flipped bits',
  'truncated',
  'doubled',
  'wrong unit',
  'wrong transaction',
  'wrong function',
  'wrong length',
  'noise before',
];

export interface FaultProxy {
  port: number;
  /** Applied to every answer from now on. */
  fault: Fault | undefined;
  /** Answers that a fault was applied to. */
  spoilt: number;
  close(): Promise<void>;
}

/** How long a late answer takes, ms: longer than the links of the tests wait. */
const LATE = 400;

/** A Modbus TCP connection with a saboteur in it: between a client and the server at `target`. */
export async function startFaultProxy(
  target: number,
  random: (limit: number) => number,
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  };

  const spoil = (client: Socket, frame: Buffer): unknown => {
    const send = (bytes: Uint8Array) => {
      if (!client.destroyed) client.write(bytes);
    };
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(frame);
      copy[at] = value;
      return copy;
    };
    const drip = (bytes: Buffer, at: number): void => {
      if (at === bytes.length) return;
      send(bytes.subarray(at, at + 1));
      later(1, () => drip(bytes, at + 1));
    };
    if (proxy.fault) proxy.spoilt++;
    switch (proxy.fault) {
      case undefined:
        return send(frame);
      case 'cut':
        client.destroy();
        return;
      case 'cut in the middle':
        send(frame.subarray(0, 1 + random(frame.length - 1)));
        later(5, () => client.destroy());
        return;
      case 'lost':
        return;
      case 'late':
        return later(LATE, () => send(frame));
      case 'one byte at a time':
        // One after the other: timers of their own may fire out of order on a busy machine, and TCP never swaps bytes.
        return drip(frame, 0);
      case 'flipped bits': {
        // In the head: over TCP nothing guards the data itself.
        const at = random(8);
        return send(changed(at, frame[at] ^ (1 << random(8))));
      }
      case 'truncated':
        return send(frame.subarray(0, frame.length - 1 - random(frame.length - 8)));
      case 'doubled':
        send(frame);
        return send(frame);
      case 'wrong unit':
        return send(changed(6, frame[6] + 1));
      case 'wrong transaction':
        return send(changed(0, frame[0] ^ 0x40));
      case 'wrong function':
        return send(changed(7, frame[7] ^ 1));
      case 'wrong length':
        return send(changed(5, frame[5] - 2));
      case 'noise before': {
        const noise = Buffer.from(Array.from({ length: 1 + random(20) }, () => random(256)));
        return send(Buffer.concat([noise, frame]));
      }
    }
  };

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let rest = Buffer.alloc(0);
    upstream.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
        const frame = rest.subarray(0, 6 + rest.readUInt16BE(4));
        rest = rest.subarray(frame.length);
        spoil(client, frame);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const proxy: FaultProxy = {
    port: (server.address() as { port: number }).port,
    fault: undefined,
    spoilt: 0,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
