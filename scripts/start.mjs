/** The demo: `npm start -- --help` says what it takes. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `npm start -- [options]

Starts Node-RED with the example flow (simulated meters -> meter-poll -> detector and calculator ->
MQTT) and an MQTT broker, all on 127.0.0.1. Taken ports: the next free one. Ctrl-C ends it.
Its user folder is .demo/; a flow that was changed in the editor is kept. A recording has a folder of its own,
.demo/recording/.

  --port N           port of the editor (1880)
  --mqtt-port N      port of the MQTT broker (1883)
  --modbus-port N    port of the simulated meters (1502)
  --recording FILE   read this COMTRADE record (.cfg with .dat, or .cff; feeder-fault.cff comes with the
                     package) at once and print its events
  --nominal V        its nominal voltage, V as recorded (default: the level it begins with)
  --channels LIST    its channels, by number or name: va=1,vb=2,vc=3 (default: found by name, unit and signal)
  --encoding NAME    code page of its header, e.g. windows-1251 (default: detected)
  --wire             play it through simulated meters and Modbus instead, in real time
  --loop             repeat it, with --wire
  --exit             end when the recording is over; the exit code is 1 where something was refused or
                     nothing could be measured
  --reset            lay the example flow again; a changed one is put aside and named
  --help             this text`;

const options = readOptions();
const started = Date.now();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
execFileSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], { cwd: root, stdio: 'inherit' });
const {
  demoFlow,
  ERRORS,
  PROGRESS,
  freePort,
  inspectRecording,
  layFlow,
  recordingFile,
  startBroker,
  startNodeRed,
} = await import('./demo.mjs');
const { connectAsync } = (await import('mqtt')).default;

/** Doubts about which channel is what. */
const UNCERTAIN = /^(CURRENTS_UNASSIGNED|PHASES_GUESSED|SINGLE_PHASE|DEAD_CHANNELS|UNIT|ROTATION)$/;

let announced = false;
let events = 0;
let refused = 0;
/** Errors of the flow by their text: each is printed once. */
const errors = new Map();
/** When progress was printed last, ms. */
let shownAt = Date.now();

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

const userDir = options.recording ? join(root, '.demo', 'recording') : join(root, '.demo');
// The store of an earlier demo is its own affair.
rmSync(join(userDir, 'power-quality', 'outbox'), { recursive: true, force: true });

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
  await client.subscribeAsync(['pq/+/+', ERRORS, PROGRESS]);
  client.on('message', (topic, payload) => {
    const message = JSON.parse(payload.toString());
    if (topic === PROGRESS) progress(message.text);
    else if (topic === ERRORS) onError(message);
    else onMessage(message, playback);
  });
  const ports = { mqtt, modbus };
  // A recording is played as it is asked for, whatever was made of the one before.
  const laid = layFlow(userDir, demoFlow(ports, playback), ports, options.reset || playback !== undefined);
  if (laid) console.log(laid);
  const nodeRed = await startNodeRed({ port, userDir, log: (line) => console.log(line) });
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
  const path = recordingFile(options.recording, process.env.INIT_CWD ?? '.');
  const file = basename(path);
  const meter = file.replace(/\.[^.]*$/, '');
  const { nominal: given, channels, encoding, loop, wire } = options;
  const summary = await inspectRecording(path, {
    meter,
    nominal: given,
    channels,
    encoding,
    progress: (part) => progress(`${file}: looked through ${Math.round(100 * part)} %`),
  });
  const { meters, seconds, sections } = summary;
  const rates = [...new Set(sections.map(({ rate }) => Number(rate.toPrecision(6))))];
  console.log(
    `${file}: ${seconds.toFixed(2)} s at ${rates.slice(0, 4).join(', ')} Hz, header in ${summary.encoding}, begins ${summary.start || 'at an unknown time'}`,
  );
  for (const { text, code } of summary.doubts) if (code !== 'NOMINAL') console.log(`  note: ${text}`);
  for (const found of meters) {
    const names = Object.entries(found.channels).map(([name, index]) => {
      const channel = summary.channels.find((one) => one.index === index);
      return `${name} = ${channel.name}`;
    });
    if (meters.length > 1) console.log(`  meter ${found.meter}`);
    console.log(`  channels: ${names.join(', ')}`);
    console.log(`    ${found.reason}; confidence ${Math.round(100 * found.confidence)} %`);
    console.log(
      `  nominal: ${found.nominal} V${given ? '' : ' (the level it begins with; --nominal to say otherwise)'}`,
    );
  }
  if (
    meters.some(({ confidence }) => confidence < 0.7) ||
    summary.doubts.some(({ code }) => UNCERTAIN.test(code))
  ) {
    console.log('  all channels of the file, for --channels:');
    for (const channel of summary.channels) console.log(`    ${channelLine(channel)}`);
  }
  const nominal = given ?? meters[0].nominal;
  if (!(nominal > 0)) throw new Error(`${path}: no voltage to measure: give --channels or --nominal`);
  return { file: path, given, nominal, channels, encoding, loop, wire, meter, summary, over: 0 };
}

/** A channel of the file: number, name, phase, level, angle, and what it is used as. */
function channelLine({ index, name, phase, rms, mean, unit, angle, as }) {
  const level = `${Number(rms.toPrecision(4))} ${unit} RMS`;
  const parts = [
    `${index} ${name}`,
    phase && `phase ${phase}`,
    level,
    angle === undefined ? `mean ${Number(mean.toPrecision(4))}` : `${angle.toFixed(0)} degrees`,
    as && `used as ${as}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Long work is seen to go on. */
function progress(text) {
  if (Date.now() - shownAt < 1000) return;
  shownAt = Date.now();
  console.log(`  ${text}`);
}

function onError({ text, node }) {
  refused++;
  const line = `${node}: ${text}`;
  if (!errors.has(line)) console.error(`[error] ${line}`);
  errors.set(line, (errors.get(line) ?? 0) + 1);
}

function onMessage(record, playback) {
  // What an earlier demo left in its store is sent as well: it is not of this recording.
  if (playback && !String(record.meter).startsWith(playback.meter)) return;
  if (record.kind === 'event' && record.state === 'end') {
    events++;
    if (playback) console.log(describe(record));
  }
  if (!playback && !announced && record.kind === 'event' && record.type === 'sag') {
    announced = true;
    const after = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`First sag at the broker after ${after} s: ${describe(record)}`);
  }
  if (!playback) return;
  if (record.kind === 'diagnostic' && /^(FILE|FRAMES)_REFUSED$/.test(record.code)) {
    console.error(`${record.code}: ${record.text}`);
    refused++;
    if (record.code === 'FILE_REFUSED') over(playback, true);
  }
  if (record.kind === 'summary') {
    const { waveforms, readings } = record.sent;
    console.log(
      `  read: ${waveforms} waveforms${readings ? ` and ${readings} readings` : ''} of ${count(record.samples, 'sample')}`,
    );
    refused += record.sent.refused ?? 0;
    over(playback, waveforms + readings === 0);
  }
  if (record.kind === 'diagnostic' && record.code === 'END_OF_WAVEFORM') {
    playback.over++;
    if (playback.over === playback.summary.meters.length) over(playback, false);
  }
}

/** The recording is over. The last events are a few wires behind. */
function over(playback, unmeasured) {
  if (playback.ended) return;
  playback.ended = true;
  setTimeout(() => {
    const total = [...errors.values()].reduce((sum, times) => sum + times, 0);
    if (total) console.error(`${count(total, 'error')} of the flow, see above.`);
    if (unmeasured) console.error('Nothing was measured.');
    else if (refused)
      console.error(`The recording is over: ${count(events, 'event')}, but not all of it was measured.`);
    else console.log(`The recording is over: ${count(events, 'event')}.`);
    if (options.exit) void stop(unmeasured || refused ? 1 : 0);
  }, 1500);
}

function count(n, noun) {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
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
        wire: { type: 'boolean' },
        exit: { type: 'boolean' },
        reset: { type: 'boolean' },
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
