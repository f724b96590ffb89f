import { connect, createServer, type Socket } from 'node:net';

/** A TCP line between a client and the server at `target`, which can be closed, cut and slowed. */
export interface WeakLine {
  port: number;
  /** Whether new connections are taken. */
  open: boolean;
  /** ms that every piece takes, in both directions. */
  delay: number;
  /** Nothing that the server says comes back; what is lost of a connection stays lost. */
  swallows: boolean;
  /** Cuts all connections in the middle of what they carry. */
  cut(): void;
  close(): Promise<void>;
}

export async function startWeakLine(target: number): Promise<WeakLine> {
  const sockets = new Set<Socket>();
  const line: WeakLine = {
    port: 0,
    open: true,
    delay: 0,
    swallows: false,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      line.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  const pass = (from: Socket, to: Socket, isAnswer = false) => {
    let last = Promise.resolve();
    let torn = false;
    from.on('data', (chunk) => {
      torn ||= isAnswer && line.swallows;
      if (torn) return;
      const wait = line.delay;
      last = last.then(async () => {
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (!to.destroyed) to.write(chunk);
      });
    });
    from.on('error', () => {});
    from.on('close', () => void last.then(() => to.destroy()));
  };
  const server = createServer((client) => {
    client.on('error', () => {});
    if (!line.open) return void client.destroy();
    const onward = connect(target, '127.0.0.1');
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    pass(client, onward);
    pass(onward, client, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  line.port = (server.address() as { port: number }).port;
  return line;
}
