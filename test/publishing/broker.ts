import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface Received {
  topic: string;
  payload: Buffer;
  qos: number;
  retain: boolean;
  dup: boolean;
  properties?: { contentType?: string; userProperties?: Record<string, unknown> };
}

export interface TestBroker {
  url: string;
  port: number;
  /** What clients have published, and wills. */
  messages: Received[];
  /** Packets of clients that connected. */
  connections: { clientId: string; clean: boolean; will?: Received }[];
  /** Filters that were subscribed to, with their QoS. */
  subscriptions: { topic: string; qos: number }[];
  publish(topic: string, payload: Buffer): void;
  /** Cuts all connections; the broker goes on. */
  cut(): void;
  /** Of a message about to be taken: `unacknowledged` takes it without a word, false does not take it, for ever. */
  takes: (message: Received) => boolean | 'unacknowledged';
  close(): Promise<void>;
}

/** As far as it is used: the package of the broker is an ECMAScript module. */
interface Packet extends Omit<Received, 'payload'> {
  payload: string | Buffer;
}

interface Options {
  port?: number;
  login?: { username: string; password: string };
  tls?: TlsOptions;
}

/** An MQTT broker (aedes) on a free loopback port that keeps what clients publish. */
export async function startTestBroker({ port = 0, login, tls }: Options = {}): Promise<TestBroker> {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  if (login) {
    aedes.authenticate = (_client, username, password, callback) => {
      callback(null, username === login.username && password?.toString() === login.password);
    };
  }
  const sockets = new Set<Socket>();
  const made: TestBroker = {
    url: '',
    port: 0,
    messages: [],
    connections: [],
    subscriptions: [],
    publish: (topic, payload) => {
      aedes.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => {});
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    takes: () => true,
    close: async () => {
      made.cut();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  const received = (packet: Packet): Received => ({
    topic: packet.topic,
    payload: Buffer.from(packet.payload),
    qos: packet.qos,
    retain: packet.retain,
    dup: packet.dup,
    properties: packet.properties,
  });
  aedes.preConnect = (_client, packet, callback) => {
    const { clientId, clean, will } = packet as unknown as {
      clientId: string;
      clean: boolean;
      will?: Received;
    };
    made.connections.push({ clientId, clean, will });
    callback(null, true);
  };
  aedes.authorizePublish = (_client, packet, callback) => {
    const message = received(packet as Packet);
    const taken = made.takes(message);
    if (taken === 'unacknowledged') made.messages.push(message);
    else if (taken) callback(null);
  };
  aedes.on('subscribe', (subscriptions) => made.subscriptions.push(...subscriptions));
  aedes.on('publish', (packet, client) => {
    if (client || !packet.topic.startsWith('$SYS')) made.messages.push(received(packet as Packet));
  });
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    aedes.handle(socket);
  };
  const server = tls ? createTlsServer(tls, accept) : createServer(accept);
  if (tls) server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  made.port = (server.address() as { port: number }).port;
  made.url = `mqtt${tls ? 's' : ''}://127.0.0.1:${made.port}`;
  return made;
}
