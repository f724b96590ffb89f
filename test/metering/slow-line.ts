import { connect, createServer, type Socket } from 'node:net';

export interface SlowLine {
  port: number;
  /** Requests that were carried. */
  readonly carried: number;
  /** The most requests that were under way at once. */
  readonly most: number;
  /** Requests that came while `takes` others were under way, and were forgotten. */
  readonly dropped: number;
  close(): Promise<void>;
}

/**
 * A line to a Modbus TCP server: each request waits `delay` ms, as on a long way, and is carried one after another,
 * `service` ms each, as over a thin one.
 */
export async function startSlowLine(
  to: number,
  { delay = 0, service = 0, takes = Number.POSITIVE_INFINITY },
): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  let [carried, most, dropped, underWay] = [0, 0, 0, 0];
  let free = 0;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    near.setNoDelay();
    far.setNoDelay();
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          end();
        });
    }
    let rest = Buffer.alloc(0);
    near.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
        const frame = rest.subarray(0, 6 + rest.readUInt16BE(4));
        rest = rest.subarray(frame.length);
        if (underWay >= takes) {
          dropped++;
          continue;
        }
        most = Math.max(most, ++underWay);
        const now = performance.now();
        free = Math.max(free, now + delay) + service;
        const pass = () => {
          carried++;
          underWay--;
          far.write(frame);
        };
        if (free > now) setTimeout(pass, free - now);
        else pass();
      }
    });
    far.on('data', (chunk) => near.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    get carried() {
      return carried;
    },
    get most() {
      return most;
    },
    get dropped() {
      return dropped;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
