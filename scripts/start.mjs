/** The demo: `npm start -- --help` says what it takes. */
import { execFileSync } from 'node:child_process';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm start -- [options]

Starts Node-RED with the example flow (simulated meters -> meter-poll -> detector and calculator ->
MQTT) and an MQTT broker, all on 127.0.0.1. Taken ports: the next free one. Ctrl-C ends it.
The flow is laid anew at every start; its user folder is .demo/.

  --port N           port of the editor (1880)
  --mqtt-port N      port of the MQTT broker (1883)
  --modbus-port N    port of the simulated meters (1502)
  --recording FILE   play back this COMTRADE record (.cfg with .dat, or .cff) and print its events
  --nominal V        its nominal voltage, V as recorded (default: the level it begins with)
  --channels LIST    its channels, by number or name: va=1,vb=2,vc=3 (default: found by unit and phase)
  --encoding NAME    code page of its header, e.g. windows-1251 (default: found out)
  --loop             again and again
  --exit             end when the recording is over
  --help             this text`;

const options = readOptions();
const started = Date.now();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
execFileSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], { cwd: root, stdio: 'inherit' });
const { demoFlow, freePort, inspectRecording, startBroker, startNodeRed } = await import('./demo.mjs');
const { connectAsync } = (await import('mqtt')).default;

const stopping = [];
let stopped = false;
async function stop(code) {
  if (stopped) return;
  stopped = true;
  for (const step of stopping.reverse()) await step();
  process.exit(code);
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

try {
  await run();
} catch (error) {
  console.error(error.message);
  await stop(1);
}

async function run() {
  const playback = options.recording ? await preparePlayback() : undefined;
  const port = await choosePort('editor', options.port);
  const mqtt = await choosePort('MQTT broker', options['mqtt-port'], [port]);
  const modbus = await choosePort('simulated meters', options['modbus-port'], [port, mqtt]);
  const broker = await startBroker(mqtt);
  stopping.push(() => broker.close());
  const client = await connectAsync(`mqtt://127.0.0.1:${mqtt}`);
  stopping.push(() => client.endAsync(true));
  await client.subscribeAsync('pq/+/+');
  client.on('message', (topic, payload) => onMessage(topic, JSON.parse(payload.toString()), playback));
  const nodeRed = await startNodeRed({
    port,
    flow: demoFlow({ mqtt, modbus }, playback),
    log: (line) => console.log(line),
  });
  stopping.push(() => nodeRed.stop());
  void nodeRed.exited.then(() => {
    if (!stopped) console.error('Node-RED has stopped');
    void stop(1);
  });
  console.log(
    `Open ${nodeRed.url} in a browser. MQTT broker: 127.0.0.1:${mqtt}, topics pq/{meter}/{kind}. Ctrl-C ends.`,
  );
}

async function choosePort(name, wanted, taken) {
  const port = await freePort(wanted, taken);
  if (port !== wanted) console.log(`port ${wanted} is taken: the ${name} goes to ${port}`);
  return port;
}

async function preparePlayback() {
  const file = resolve(process.env.INIT_CWD ?? '.', options.recording);
  const { recording, names, level, seconds, rate } = await inspectRecording(file, options);
  for (const warning of recording.warnings) console.log(`${basename(file)}: ${warning}`);
  const nominal = options.nominal ?? Number(level?.toPrecision(4));
  if (!(nominal > 0)) throw new Error(`${file}: no voltage to measure: give --channels`);
  const found = Object.entries(names).map(([name, id]) => `${name} = ${id.replace(/\s+/g, ' ')}`);
  console.log(`${basename(file)}: ${seconds.toFixed(2)} s at ${rate} Hz, header in ${recording.encoding}`);
  console.log(`  channels: ${found.join(', ')}`);
  console.log(
    `  nominal: ${nominal} V${options.nominal ? '' : ' (the level it begins with; --nominal to say otherwise)'}`,
  );
  const { channels, encoding, loop } = options;
  return {
    file,
    nominal,
    channels,
    encoding,
    loop,
    meter: basename(file).replace(/\.[^.]*$/, ''),
    start: undefined,
  };
}

let told = false;
let count = 0;

function onMessage(_topic, record, playback) {
  if (record.kind === 'event' && record.state === 'end') {
    count++;
    if (playback) console.log(describe(record));
  }
  if (!playback && !told && record.kind === 'event' && record.type === 'sag') {
    told = true;
    const after = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`First sag at the broker after ${after} s: ${describe(record)}`);
  }
  if (playback && record.kind === 'diagnostic' && record.code === 'END_OF_WAVEFORM') {
    // The last events are a few wires behind.
    setTimeout(() => {
      console.log(`The recording is over: ${count} ${count === 1 ? 'event' : 'events'}.`);
      if (options.exit) void stop(0);
    }, 1500);
  }
}

function describe({
  meter,
  type,
  state,
  phases,
  time,
  extreme,
  duration,
  cycles,
  category,
  flags,
  within,
  capture,
}) {
  const parts = [
    `${meter} ${type} ${phases.join('')}`,
    new Date(time).toISOString(),
    `${extreme.toFixed(3)} pu`,
    state === 'end' ? `${duration.toFixed(3)} s at ${(cycles / duration).toFixed(2)} Hz` : 'has begun',
  ];
  if (state === 'end') parts.push(category.ieee1159);
  if (capture) parts.push(`capture of ${capture.length} samples`);
  if (within) parts.push('within a sag');
  return [...parts, ...flags].join(', ');
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: 'string', default: '1880' },
        'mqtt-port': { type: 'string', default: '1883' },
        'modbus-port': { type: 'string', default: '1502' },
        recording: { type: 'string' },
        nominal: { type: 'string' },
        channels: { type: 'string' },
        encoding: { type: 'string' },
        loop: { type: 'boolean' },
        exit: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }));
    for (const name of ['port', 'mqtt-port', 'modbus-port']) {
      values[name] = Number(values[name]);
      if (!Number.isInteger(values[name]) || values[name] < 1 || values[name] > 65535) {
        throw new Error(`--${name} must be a port from 1 to 65535`);
      }
    }
    if (values.nominal !== undefined) {
      values.nominal = Number(values.nominal);
      if (!(values.nominal > 0)) throw new Error('--nominal must be a voltage above 0, V');
    }
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  return values;
}
