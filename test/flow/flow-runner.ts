import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Node, NodeInitializer } from 'node-red';
import helper from 'node-red-node-test-helper';

/** A real Node-RED: that of this package, or another one (test:node-red-5). */
const RUNTIME = process.env.NODE_RED_RUNTIME ?? require.resolve('node-red');
const ROOT = join(__dirname, '..', '..');
const NODES = join(ROOT, 'dist', 'nodes');
const PACKAGE = require(join(ROOT, 'package.json'));

/** All nodes of the package, as they are shipped, and three of Node-RED's own: function, complete, tls-config. */
const INITIALIZERS: NodeInitializer[] = [
  ...Object.keys(PACKAGE['node-red'].nodes).map((name) => require(join(NODES, name, `${name}.js`))),
  createRequire(RUNTIME)('@node-red/nodes/core/function/10-function.js'),
  createRequire(RUNTIME)('@node-red/nodes/core/common/24-complete.js'),
  createRequire(RUNTIME)('@node-red/nodes/core/network/05-tls.js'),
];

helper.init(RUNTIME);

/** The helper leaves out the hooks that nodes have in a whole Node-RED. */
const { hooks } = createRequire(createRequire(RUNTIME).resolve('@node-red/runtime'))('@node-red/util');
const withHooks: NodeInitializer[] = [
  (RED) => {
    Object.assign(RED, { hooks });
  },
  ...INITIALIZERS,
];

export interface Message {
  payload: Record<string, unknown> & { kind?: string };
  topic?: string;
  error?: { message: string; source: { id: string; type: string } };
}

export interface Flow {
  /** Messages that came to a helper node, by its id. */
  got(id: string): Message[];
  send(id: string, msg: object): void;
  node(id: string): Node;
  /** Changes settings of one node, and deploys that node alone. */
  redeploy(id: string, settings: object): Promise<void>;
  /** What a node has warned of. */
  warnings(id: string): string[];
  /** Takes a node out of the flow, and deploys that. */
  remove(id: string): Promise<void>;
}

/**
 * Runs a flow; nodes of type `helper` collect what comes to them, and a Catch node hands all errors to
 * the one called `errors`.
 */
export async function runFlow(nodes: object[], credentials: object = {}): Promise<Flow> {
  await new Promise<void>((resolve) => helper.startServer(() => resolve()));
  const all = [
    { id: 'tab', type: 'tab', label: 'test' },
    // Node-RED takes a node without a place in the editor for a config node.
    ...nodes.map((node) => (isConfig(node) ? node : { wires: [], ...node, z: 'tab', x: 0, y: 0 })),
    { id: 'catch', type: 'catch', z: 'tab', x: 0, y: 0, scope: null, uncaught: false, wires: [['errors']] },
    { id: 'errors', type: 'helper', z: 'tab', x: 0, y: 0, wires: [] },
  ];
  const flow = JSON.parse(JSON.stringify(all));
  await helper.load(withHooks as never, flow, credentials as never);
  const collected = new Map<string, Message[]>();
  const warnings = (id: string) => {
    const { warn } = helper.getNode(id) as unknown as { warn: { args: unknown[][] } };
    return warn.args.map(([text]) => String(text));
  };
  for (const { id, type } of flow) {
    if (type !== 'helper') continue;
    const messages: Message[] = [];
    collected.set(id, messages);
    helper.getNode(id).on('input', (msg) => messages.push(msg as unknown as Message));
  }
  return {
    got: (id) => collected.get(id) as Message[],
    send: (id, msg) => helper.getNode(id).receive(msg as never),
    node: (id) => helper.getNode(id),
    warnings,
    redeploy: async (id, settings) => {
      Object.assign(
        flow.find((node: { id: string }) => node.id === id),
        settings,
      );
      await helper.setFlows(flow as never, 'nodes' as never);
    },
    remove: async (id) => {
      const rest = flow.filter((node: { id: string }) => node.id !== id);
      await helper.setFlows(rest as never, 'nodes' as never);
    },
  };
}

function isConfig(node: object): boolean {
  return /^(modbus-link|meter-fleet|scada-endpoint|tls-config)$/.test((node as { type: string }).type);
}

/** The helper's spies hold every message that passed: here they let go, for runs that are long. */
export function forgetMessages(): void {
  (helper as unknown as { _sandbox: { resetHistory(): void } })._sandbox.resetHistory();
}

export async function endFlow(): Promise<void> {
  await helper.unload();
  await new Promise<void>((resolve) => helper.stopServer(() => resolve()));
}
