import { createServer, type Socket } from 'node:net';

export interface TestBroker {
  url: string;
  port: number;
  messages: { topic: string; payload: string; qos: number }[];
  close(): Promise<void>;
}

/** An MQTT broker (aedes) on a free loopback port that keeps what clients publish. */
export async function startTestBroker(
  port = 0,
  login?: { username: string; password: string },
): Promise<TestBroker> {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  if (login) {
    aedes.authenticate = (_client, username, password, callback) => {
      callback(null, username === login.username && password?.toString() === login.password);
    };
  }
  const messages: TestBroker['messages'] = [];
  aedes.on('publish', (packet, client) => {
    if (client) messages.push({ topic: packet.topic, payload: packet.payload.toString(), qos: packet.qos });
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const taken = (server.address() as { port: number }).port;
  return {
    url: `mqtt://127.0.0.1:${taken}`,
    port: taken,
    messages,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
