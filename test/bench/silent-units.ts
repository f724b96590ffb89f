import { createServer, type Socket } from 'node:net';
import { ModbusLink, Poller, readFleet, readLinkSettings, readPollerSettings } from '../../src/metering';
import { crcOf } from '../../src/metering/wire/rtu-frames';
import { PLAIN } from '../metering/collect';
import { startGateway } from '../metering/gateway';
import { table } from './report';

const UNITS = 30;
const WINDOW = 20;
const WINDOWS = 4;
/** ms that the unit that answers needs. */
const ANSWER = 20;

/** An RTU line on which one unit answers. */
async function startLine(place: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (request) => {
      if (request[0] !== place || request.length < 8) return;
      const count = request.readUInt16BE(4);
      const answer = Buffer.alloc(5 + 2 * count);
      answer.set([place, request[1], 2 * count]);
      for (let i = 0; i < count; i++) answer.writeUInt16BE(230 + i, 3 + 2 * i);
      answer.writeUInt16LE(crcOf(answer, 0, answer.length - 2), answer.length - 2);
      setTimeout(() => socket.write(answer), ANSWER);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as { port: number }).port, close };
}

async function row(transport: 'rtu-over-tcp' | 'tcp', place: number): Promise<string[]> {
  const units = Object.fromEntries(
    Array.from({ length: UNITS }, (_, i) => [i + 1, i + 1 === place ? ANSWER : ('silent' as const)]),
  );
  const line = transport === 'tcp' ? await startGateway({ units, patience: 1000 }) : await startLine(place);
  const link = new ModbusLink(readLinkSettings({ transport, host: '127.0.0.1', port: line.port }));
  const fleet = readFleet(
    Object.keys(units).map((unit) => ({ id: unit, unit: Number(unit), profile: 'plain' })),
    'meters',
    'shared',
    PLAIN,
  );
  const counts = new Array(WINDOWS).fill(0);
  const began = performance.now();
  const settings = readPollerSettings({ interval: 1, waveformInterval: 0, eventInterval: 86_400 });
  const poller = new Poller(fleet, () => link, settings, {
    reading: () => counts[Math.floor((performance.now() - began) / 1000 / WINDOW)]++,
    waveform() {},
    event() {},
    diagnostic() {},
  });
  await new Promise((resolve) => setTimeout(resolve, 1000 * WINDOW * WINDOWS));
  poller.stop();
  await link.close();
  await line.close();
  return [transport === 'tcp' ? 'gateway, patience 1 s' : 'RTU', String(place), counts.join(' ')];
}

/** One unit of thirty answers: how often it is read. */
export async function benchSilentUnits(): Promise<void> {
  const places = [1, 15, UNITS];
  const rows = await Promise.all([
    ...places.map((place) => row('rtu-over-tcp', place)),
    ...places.map((place) => row('tcp', place)),
  ]);
  table(
    `${UNITS - 1} of ${UNITS} units silent, interval 1 s: readings of the other in each window of ${WINDOW} s (goal: 16)`,
    ['line', 'its place', 'readings'],
    rows,
  );
}
