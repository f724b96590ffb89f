/** The parts of the demo: free ports, an MQTT broker in this process, Node-RED in one of its own. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const HOST = '127.0.0.1';
const EXAMPLE = 'Sags from simulated meters to MQTT.json';
/** MQTT topic of the errors that the flow's Catch node gets. */
export const ERRORS = 'pq-demo/errors';
/** MQTT topic of the status of `pq-file`. */
export const PROGRESS = 'pq-demo/progress';

/** The first free TCP port from `wanted` on that is not in `taken`. */
export async function freePort(wanted, taken = []) {
  for (let port = wanted; port < wanted + 200 && port < 65536; port++) {
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port from ${wanted} to ${wanted + 199}`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

/** An MQTT broker on loopback. */
export async function startBroker(port) {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return {
    close: async () => {
      await new Promise((resolve) => aedes.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * What a COMTRADE file holds: the summary of what was found in it.
 * @param options `{meter, channels, encoding, nominal}`
 * @throws the reason where it cannot be read, or holds nothing that can be measured
 */
export async function inspectRecording(path, options) {
  const { openRecord } = require(join(root, 'dist/src/files'));
  const file = await openRecord({ path }, options);
  await file.close();
  return file.summary;
}

/** Path of a recording: one that comes with the package goes by its name alone, unless the folder has one of that name. */
export function recordingFile(given, folder) {
  const path = resolve(folder, given);
  const { recordingPath } = require(join(root, 'dist/src/files'));
  return existsSync(path) || recordingPath(given) === given ? path : recordingPath(given);
}

/**
 * The example flow, set to the ports found and, if asked, to a recording.
 * @param ports `{mqtt, modbus}`
 * @param playback `{file, nominal, channels, encoding, loop, meter, wire, summary}` or undefined: the recording read by
 *   `pq-file`, or with `wire` played by simulated meters and polled over Modbus
 */
export function demoFlow(ports, playback) {
  let flow = JSON.parse(readFileSync(join(root, 'examples', EXAMPLE), 'utf8'));
  const node = (type) => flow.find((entry) => entry.type === type);
  node('meter-simulator').port = ports.modbus;
  node('modbus-link').port = ports.modbus;
  node('scada-endpoint').url = `mqtt://${HOST}:${ports.mqtt}`;
  if (playback?.wire) playOverWire(node, playback);
  else if (playback) flow = readAsFile(flow, node, playback);
  return flow.concat(errorsTo(ports.mqtt, node('tab').id, node('catch')));
}

/** Errors of the flow, for the console: what a Catch node gets is not logged. */
function errorsTo(port, z, caught) {
  caught.wires[0].push('pq-demo-error');
  const to = '{"text": error.message, "node": error.source.name ? error.source.name : error.source.type}';
  return [
    {
      id: 'pq-demo-error',
      type: 'change',
      z,
      name: 'for the console',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to, tot: 'jsonata' }],
      x: caught.x + 200,
      y: caught.y + 60,
      wires: [['pq-demo-errors']],
    },
    {
      id: 'pq-demo-errors',
      type: 'mqtt out',
      z,
      name: ERRORS,
      topic: ERRORS,
      qos: '0',
      broker: 'pq-demo-broker',
      x: caught.x + 400,
      y: caught.y + 60,
      wires: [],
    },
    { id: 'pq-demo-broker', type: 'mqtt-broker', broker: HOST, port: String(port), autoConnect: true },
  ];
}

function playOverWire(node, { file, nominal, channels, encoding, loop, meter, summary }) {
  const names = summary.meters.map((found) => found.meter);
  Object.assign(node('meter-simulator'), {
    recording: file,
    nominal,
    channels: channels ?? '',
    encoding: encoding ?? '',
    loop: loop ?? false,
    clock: 'record',
    meters: names.length,
    name: meter,
  });
  node('meter-fleet').meters = names.map((id, i) => ({
    id,
    unit: String(i + 1),
    profile: 'generic-pq',
    nominal: String(nominal),
  }));
  node('sag-swell-detector').nominal = nominal;
  node('comment').name = `${meter}, played over Modbus: see the events in the debug sidebar`;
}

/** The example with a file in the place of simulated meters. */
function readAsFile(flow, node, { file, given, channels, encoding, meter }) {
  const { z, x, y, wires } = node('meter-poll');
  const [records] = wires;
  const gone = ['meter-simulator', 'meter-poll', 'meter-fleet', 'modbus-link'];
  node('comment').name = `${meter}, read from its file: press the button of pq-file to read it again`;
  return [
    ...flow.filter(({ type }) => !gone.includes(type)),
    {
      id: 'pq-file',
      type: 'pq-file',
      z,
      name: '',
      filename: file,
      atStart: true,
      watch: '',
      existing: true,
      meter,
      channels: channels ?? '',
      encoding: encoding ?? '',
      nominal: given ?? 0,
      x,
      y,
      wires: [records, ['pq-diagnostics', 'pq-publish']],
    },
    {
      id: 'pq-status',
      type: 'status',
      z,
      name: 'progress',
      scope: ['pq-file'],
      x,
      y: y + 60,
      wires: [['pq-progress']],
    },
    {
      id: 'pq-progress',
      type: 'change',
      z,
      name: '',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: '{"text": status.text}', tot: 'jsonata' }],
      x: x + 200,
      y: y + 60,
      wires: [['pq-progress-out']],
    },
    {
      id: 'pq-progress-out',
      type: 'mqtt out',
      z,
      name: PROGRESS,
      topic: PROGRESS,
      qos: '0',
      broker: 'pq-demo-broker',
      x: x + 540,
      y: y + 60,
      wires: [],
    },
  ];
}

const FLOWS = 'flows.json';
/** What was laid last, to know it from what a user made of it: hash, and the ports in it. */
const LAID = 'laid.json';

/**
 * Lays a flow into a user folder, unless the one there was changed in the editor: that is kept, and only the ports that
 * it still has from the last time follow those of now.
 * @param ports `{mqtt, modbus}`
 * @param reset lays it in any case; a changed flow is put aside, never deleted
 * @returns what a user must know, or ''
 */
export function layFlow(userDir, flow, ports, reset) {
  mkdirSync(userDir, { recursive: true });
  const [path, note] = [join(userDir, FLOWS), join(userDir, LAID)];
  const lay = (text) => {
    writeFileSync(path, text);
    writeFileSync(note, JSON.stringify({ hash: hashOf(text), ports }));
  };
  const laid = JSON.stringify(flow, null, 2);
  const there = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  const before = existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')) : undefined;
  const kept = there && before && atPorts(there, before.ports, ports);
  if (there === undefined || there === laid || kept === laid || hashOf(there) === before?.hash) {
    lay(laid);
    return '';
  }
  const changed = statSync(path).mtime;
  // One without a note was laid by an earlier version, which laid a new one at every start.
  if (reset || !before) {
    const aside = `flows-${changed.toISOString().replaceAll(':', '-')}.json`;
    renameSync(path, join(userDir, aside));
    lay(laid);
    return `The example replaces the flow of ${changed.toISOString()}${countOf(there)}; that one is kept as ${join(userDir, aside)}.`;
  }
  if (kept !== there) {
    writeFileSync(path, kept);
    writeFileSync(note, JSON.stringify({ ...before, ports }));
  }
  return `The flow was changed in the editor (${changed.toISOString()}) and is kept; npm start -- --reset lays the example again.`;
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

function countOf(text) {
  try {
    return ` (${JSON.parse(text).length} nodes)`;
  } catch {
    return ', which is no flow';
  }
}

/** A flow with the ports of before replaced where it still has them. */
function atPorts(text, before, now) {
  let flow;
  try {
    flow = JSON.parse(text);
  } catch {
    return text;
  }
  const url = ({ mqtt }) => `mqtt://${HOST}:${mqtt}`;
  const swap = (node, key, old, fresh) => {
    if (String(node[key]) === String(old))
      node[key] = typeof node[key] === 'number' ? Number(fresh) : String(fresh);
  };
  for (const node of flow) {
    if (node.type === 'meter-simulator' || node.type === 'modbus-link')
      swap(node, 'port', before.modbus, now.modbus);
    if (node.type === 'scada-endpoint') swap(node, 'url', url(before), url(now));
    if (node.type === 'mqtt-broker') swap(node, 'port', before.mqtt, now.mqtt);
  }
  const changed = JSON.stringify(flow, null, 2);
  return changed === JSON.stringify(JSON.parse(text), null, 2) ? text : changed;
}

/**
 * Node-RED in a process and a user folder of its own, with this package in it as a user would have it.
 * @param flow is written to the folder; without one it is the flow that lies there
 * @param settings further ones of Node-RED's own
 * @param credentials of nodes, by id
 * @returns `{url, stop, kill, exited}`
 */
export async function startNodeRed({
  port,
  flow,
  userDir = join(root, '.demo'),
  log = () => {},
  settings: { editorTheme, ...settings } = {},
  credentials,
}) {
  mkdirSync(join(userDir, 'node_modules'), { recursive: true });
  const link = join(userDir, 'node_modules', 'node-red-contrib-power-quality');
  if (!existsSync(link)) symlinkSync(root, link, 'junction');
  // The dashboard of one of the examples, as the palette manager would install it.
  const dashboard = join(root, 'node_modules', '@flowfuse');
  const scope = join(userDir, 'node_modules', '@flowfuse');
  if (existsSync(dashboard) && !existsSync(scope)) symlinkSync(dashboard, scope, 'junction');
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'power-quality-demo', private: true }));
  if (flow) writeFileSync(join(userDir, FLOWS), JSON.stringify(flow, null, 2));
  writeFileSync(
    join(userDir, 'settings.js'),
    `module.exports = ${JSON.stringify({
      uiHost: HOST,
      flowFile: FLOWS,
      credentialSecret: ownSecret(userDir),
      telemetry: { enabled: false },
      editorTheme: { tours: false, ...editorTheme },
      logging: { console: { level: 'warn', metrics: false, audit: false } },
      ...settings,
    })};\n`,
    { mode: 0o600 },
  );
  if (credentials)
    writeFileSync(join(userDir, 'flows_cred.json'), JSON.stringify(credentials), { mode: 0o600 });
  const child = spawn(
    process.env.NODE_RED_NODE ?? process.execPath,
    [nodeRedScript(), '--userDir', userDir, '--port', String(port)],
    // A process group of its own: Ctrl-C reaches the demo, which then stops Node-RED in order.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' },
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      // What nodes say, and what failed; not the remarks of Node-RED about its own settings.
      for (const line of text.split('\n')) if (/\[error\]|\[warn\] \[/.test(line)) log(line);
    });
  }
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const url = `http://${HOST}:${port}/`;
  while (!(await answers(`${url}flows`))) {
    if (gone) throw new Error('Node-RED stopped before it was up');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      if (!gone) child.kill('SIGTERM');
      // Node-RED gives its nodes 15 s to close.
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** The Node-RED of this package, or the one that the tests of another version name. */
function nodeRedScript() {
  const runtime = process.env.NODE_RED_RUNTIME;
  return runtime ? join(dirname(runtime), '..', 'red.js') : require.resolve('node-red/red.js');
}

/** The key of the user folder's credentials: made once, kept beside them. */
function ownSecret(userDir) {
  const file = join(userDir, 'credential-secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

async function answers(url) {
  try {
    // Refused is an answer, too: where users must log in.
    const { status } = await fetch(url);
    return status === 200 || status === 401;
  } catch {
    return false;
  }
}
