import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MqttTarget, readEndpointSettings } from '../../src/publishing';

interface EndpointDef extends NodeDef {
  tls?: string;
  clientId?: string;
}

type TlsNode = Node & { addTLSOptions(options: object): object };
type ConnectionState = 'connecting' | 'connected' | 'disconnected';

interface Credentials {
  username?: string;
  password?: string;
}

interface EndpointNode extends Node<Credentials> {
  /** The connection, made when the first node asks for it; undefined where the settings are not valid. */
  open(): MqttTarget | undefined;
  /** Told of every change of the connection, and at once of how it stands. */
  watch(listener: (state: ConnectionState) => void): void;
  unwatch(listener: (state: ConnectionState) => void): void;
  title: string;
}

export = (RED: NodeAPI): void => {
  RED.nodes.registerType<EndpointNode, EndpointDef, object, Credentials>(
    'scada-endpoint',
    function (this: EndpointNode, config: EndpointDef) {
      RED.nodes.createNode(this, config);
      const watchers = new Set<(state: ConnectionState) => void>();
      let state: ConnectionState = 'disconnected';
      let target: MqttTarget | undefined;
      this.title = config.name || 'mqtt';

      this.watch = (listener) => {
        watchers.add(listener);
        listener(state);
      };
      this.unwatch = (listener) => {
        watchers.delete(listener);
      };
      this.open = () => {
        if (target) return target;
        try {
          const { url } = readEndpointSettings(config);
          const tls = config.tls
            ? (RED.nodes.getNode(config.tls) as TlsNode | null)?.addTLSOptions({})
            : undefined;
          const { username, password } = this.credentials ?? {};
          target = new MqttTarget(
            { url, username, password, clientId: config.clientId, tls },
            {
              state: (now) => {
                state = now;
                for (const watcher of watchers) watcher(now);
              },
              failed: (reason) => this.warn(reason),
            },
          );
        } catch (error) {
          this.error((error as Error).message);
        }
        return target;
      };

      this.on('close', (_removed: boolean, done: () => void) => {
        if (target) void target.close().then(done, done);
        else done();
      });
    },
    { credentials: { username: { type: 'text' }, password: { type: 'password' } } },
  );
};
