import type { Node, NodeAPI, NodeDef } from 'node-red';
import {
  type Credentials,
  type LinkTrouble,
  openTarget,
  publicAddresses,
  readEndpointSettings,
  type Target,
  type TargetState,
  type TlsOptions,
  tryEndpoint,
} from '../../src/publishing';
import { type Door, openDoor } from '../admin-door';
import { credentialsFor, type Deployed } from './trial';

interface EndpointDef extends NodeDef {
  tls?: string;
}

type TlsNode = Node & { addTLSOptions(options: object): TlsOptions };
type Watcher = (state: TargetState, trouble?: LinkTrouble) => void;

interface EndpointNode extends Node<Credentials> {
  /** The target, opened when the first node asks for it; undefined where the settings are not valid. */
  open(): Target | undefined;
  /** Told of every change of the connection, and at once of how it stands. */
  watch(listener: Watcher): void;
  unwatch(listener: Watcher): void;
  title: string;
  /** Its settings. */
  deployed?: EndpointDef;
}

interface TestRequest {
  id?: unknown;
  settings?: unknown;
  credentials?: unknown;
}

export = (RED: NodeAPI): void => {
  const credentials = {
    username: { type: 'text' as const },
    password: { type: 'password' as const },
    token: { type: 'password' as const },
  };
  const tlsOptions = (id: unknown): TlsOptions => {
    const node = typeof id === 'string' && id ? (RED.nodes.getNode(id) as TlsNode | null) : null;
    return node?.type === 'tls-config' ? node.addTLSOptions({}) : {};
  };

  // The button of the panel: whoever may deploy an endpoint may try it.
  const test: Door = { method: 'post', path: '/scada-endpoint/test', permission: 'flows.write' };
  openDoor(RED, test, (req, res) => {
    const { id, settings, credentials: typed } = (req.body ?? {}) as TestRequest;
    const run = async () => {
      const asked = readEndpointSettings(settings);
      const known = credentialsFor(asked, settings, typed, deployedOf(id));
      const { tls } = settings as { tls?: unknown };
      return await tryEndpoint(asked, known, tlsOptions(tls));
    };
    run().then(
      (found) => res.json(found),
      (error: Error) => res.json({ ok: false, found: 'settings', reason: error.message }),
    );
  });

  /** An endpoint as it is deployed; undefined for any other node. */
  const deployedOf = (id: unknown): Deployed | undefined => {
    const node = typeof id === 'string' ? (RED.nodes.getNode(id) as EndpointNode | null) : null;
    if (node?.type !== 'scada-endpoint' || !node.deployed) return undefined;
    return { config: node.deployed, credentials: node.credentials ?? {} };
  };

  RED.nodes.registerType<EndpointNode, EndpointDef, object, Credentials>(
    'scada-endpoint',
    function (this: EndpointNode, config: EndpointDef) {
      RED.nodes.createNode(this, config);
      const watchers = new Set<Watcher>();
      let state: TargetState = 'connecting';
      let trouble: LinkTrouble | undefined;
      let target: Target | undefined;
      this.title = config.name || 'scada-endpoint';
      this.deployed = config;

      this.watch = (listener) => {
        watchers.add(listener);
        listener(state, trouble);
      };
      this.unwatch = (listener) => {
        watchers.delete(listener);
      };
      this.open = () => {
        if (target) return target;
        try {
          const settings = readEndpointSettings(config);
          this.title = config.name || settings.protocol;
          if (!settings.safe) void warnOfPublic(settings.url);
          target = openTarget(settings, this.credentials ?? {}, tlsOptions(config.tls), {
            state: (now) => {
              state = now;
              if (now === 'connected') trouble = undefined;
              tell();
            },
            failed: (reason, refused = false) => {
              this.warn(reason);
              if (state !== 'connected') trouble = { reason, refused };
              tell();
            },
          });
        } catch (error) {
          this.error((error as Error).message);
        }
        return target;
      };

      const tell = () => {
        for (const watcher of watchers) watcher(state, trouble);
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
