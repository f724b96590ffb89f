import type { Node, NodeAPI, NodeDef } from 'node-red';
import {
  type Credentials,
  openTarget,
  publicAddresses,
  readEndpointSettings,
  type Target,
  type TargetState,
  type TlsOptions,
} from '../../src/publishing';

interface EndpointDef extends NodeDef {
  tls?: string;
}

type TlsNode = Node & { addTLSOptions(options: object): TlsOptions };
type Watcher = (state: TargetState) => void;

interface EndpointNode extends Node<Credentials> {
  /** The target, opened when the first node asks for it; undefined where the settings are not valid. */
  open(): Target | undefined;
  /** Told of every change of the connection, and at once of how it stands. */
  watch(listener: Watcher): void;
  unwatch(listener: Watcher): void;
  title: string;
}

export = (RED: NodeAPI): void => {
  const credentials = {
    username: { type: 'text' as const },
    password: { type: 'password' as const },
    token: { type: 'password' as const },
  };
  RED.nodes.registerType<EndpointNode, EndpointDef, object, Credentials>(
    'scada-endpoint',
    function (this: EndpointNode, config: EndpointDef) {
      RED.nodes.createNode(this, config);
      const watchers = new Set<Watcher>();
      let state: TargetState = 'connecting';
      let target: Target | undefined;
      this.title = config.name || 'scada-endpoint';

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
          const settings = readEndpointSettings(config);
          this.title = config.name || settings.protocol;
          const tlsNode = config.tls ? (RED.nodes.getNode(config.tls) as TlsNode | null) : null;
          if (!settings.safe) void warnOfPublic(settings.url);
          target = openTarget(settings, this.credentials ?? {}, tlsNode?.addTLSOptions({}) ?? {}, {
            state: (now) => {
              state = now;
              for (const watcher of watchers) watcher(now);
            },
            failed: (reason) => this.warn(reason),
          });
        } catch (error) {
          this.error((error as Error).message);
        }
        return target;
      };

      const warnOfPublic = async (url: string) => {
        const [address] = await publicAddresses(url);
        if (address) this.warn(RED._('scada-endpoint.warning.public', { address }));
      };

      this.on('close', (_removed: boolean, done: () => void) => {
        if (target) void target.close().then(done, done);
        else done();
      });
    },
    { credentials },
  );
};
