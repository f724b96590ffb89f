import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A node of a flow under test, as far as the benchmark uses it. */
interface Source {
  send(message: object): void;
}

export interface PlainFlow {
  source: Source;
  /** Messages that came to nodes of the type `bench-sink`. */
  received(): number;
  stop(): Promise<void>;
}

export interface PlainOptions {
  /** A node_modules folder whose nodes are loaded in place of those of this package. */
  modules?: string;
  /** Called with every message that comes to a `bench-sink`. */
  received?(message: object): void;
}

interface Meeting {
  source?: Source;
  received(message: object): void;
}

/** Nodes without a place in the editor. */
const CONFIG = /^(modbus-link|meter-fleet|modbus-client)$/;

/**
 * A flow in a Node-RED as it is installed, in this process: without the test helper, whose spies take notes of every
 * message with a stack trace. The flow has one node of the type `bench-source`, and any number of `bench-sink`.
 */
export async function runPlain(
  nodes: object[],
  { modules, received }: PlainOptions = {},
): Promise<PlainFlow> {
  const userDir = mkdtempSync(join(tmpdir(), 'pq-bench-'));
  let count = 0;
  const meeting: Meeting = {
    received: (message) => {
      count++;
      received?.(message);
    },
  };
  (globalThis as unknown as { benchMeeting: Meeting }).benchMeeting = meeting;
  mkdirSync(join(userDir, 'nodes'));
  const node = (name: string, body: string) => {
    const code = `module.exports = (RED) => RED.nodes.registerType('${name}', function (config) {
      RED.nodes.createNode(this, config);
      ${body}
    });`;
    writeFileSync(join(userDir, 'nodes', `${name}.js`), code);
    writeFileSync(join(userDir, 'nodes', `${name}.html`), '');
  };
  node('bench-source', 'globalThis.benchMeeting.source = this;');
  node(
    'bench-sink',
    `this.on('input', (msg, _send, done) => { globalThis.benchMeeting.received(msg); done(); });`,
  );
  const flow = [
    { id: 'tab', type: 'tab', label: 'bench' },
    ...nodes.map((one) =>
      CONFIG.test((one as { type: string }).type) ? one : { wires: [], ...one, z: 'tab', x: 0, y: 0 },
    ),
  ];
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flow));
  if (modules) symlinkSync(modules, join(userDir, 'node_modules'));
  const RED = require('node-red');
  RED.init({
    userDir,
    flowFile: 'flows.json',
    nodesDir: modules ? [] : join(__dirname, '..', '..', 'dist', 'nodes'),
    httpAdminRoot: false,
    httpNodeRoot: false,
    logging: { console: { level: 'error' } },
    telemetry: { enabled: false },
  });
  await RED.start();
  while (!meeting.source) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    source: meeting.source,
    received: () => count,
    stop: async () => {
      await RED.stop();
      rmSync(userDir, { recursive: true, force: true });
    },
  };
}
