import { connect, createServer, type Socket } from 'node:net';

/** What becomes of what a client sends: passed on, swallowed, or answered with a reset. */
type State = 'open' | 'swallowed' | 'reset';

export interface MiddleBox {
  port: number;
  /** Forgets all connections: their packets vanish, both sockets stay open. New connections pass. */
  forget(): void;
  /** The device loses its power: packets vanish, also those of new connections. */
  powerOff(): void;
  /** The device is back, and resets the connections it does not know. */
  powerOn(): void;
  close(): Promise<void>;
}

/**
 * A router with network address translation between a client and the device at `target`.
 * @param idleLimit ms without data after which it forgets a connection
 */
export async function startMiddleBox(
  target: number,
  idleLimit = Number.POSITIVE_INFINITY,
): Promise<MiddleBox> {
  const sockets = new Set<Socket>();
  const connections = new Set<{ state: State }>();
  let isOn = true;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const connection = { state: (isOn ? 'open' : 'swallowed') as State };
    connections.add(connection);
    let used = performance.now();
    const passes = () => {
      const at = performance.now();
      if (at - used > idleLimit) connection.state = 'swallowed';
      if (connection.state === 'open') used = at;
      return connection.state === 'open';
    };
    client.on('data', (data) => {
      if (passes()) upstream.write(data);
      else if (connection.state === 'reset') client.resetAndDestroy();
    });
    upstream.on('data', (data) => {
      if (passes()) client.write(data);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => {});
    }
    client.on('close', () => {
      connections.delete(connection);
      upstream.destroy();
      sockets.delete(client);
      sockets.delete(upstream);
    });
    upstream.on('close', () => {
      if (connection.state === 'open') client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const change = (from: State, to: State) => {
    for (const connection of connections) if (connection.state === from) connection.state = to;
  };
  return {
    port: (server.address() as { port: number }).port,
    forget: () => change('open', 'swallowed'),
    powerOff: () => {
      isOn = false;
      change('open', 'swallowed');
    },
    powerOn: () => {
      isOn = true;
      change('swallowed', 'reset');
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
