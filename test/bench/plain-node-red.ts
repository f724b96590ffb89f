import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

interface Meeting {
  source?: Source;
  received: number;
}

/**
 * A flow in a Node-RED as it is installed, in this process: without the test helper, whose spies take notes of every
 * message with a stack trace. The flow has one node of the type `bench-source`, and any number of `bench-sink`.
 */
export async function runPlain(nodes: object[]): Promise<PlainFlow> {
  const userDir = mkdtempSync(join(tmpdir(), 'pq-bench-'));
  const meeting: Meeting = { received: 0 };
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
    `this.on('input', (_msg, _send, done) => { globalThis.benchMeeting.received++; done(); });`,
  );
  const flow = [
    { id: 'tab', type: 'tab', label: 'bench' },
    ...nodes.map((one) => ({ wires: [], ...one, z: 'tab', x: 0, y: 0 })),
  ];
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flow));
  const RED = require('node-red');
  RED.init({
    userDir,
    flowFile: 'flows.json',
    nodesDir: join(__dirname, '..', '..', 'dist', 'nodes'),
    httpAdminRoot: false,
    httpNodeRoot: false,
    logging: { console: { level: 'error' } },
    telemetry: { enabled: false },
  });
  await RED.start();
  while (!meeting.source) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    source: meeting.source,
    received: () => meeting.received,
    stop: async () => {
      await RED.stop();
      rmSync(userDir, { recursive: true, force: true });
    },
  };
}
