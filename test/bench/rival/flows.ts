import { QUANTITIES } from '../../../src/record';

/** A meter as both sides are given it: `topic` names it in the messages. */
export interface Meter {
  topic: string;
  port: number;
  unit: number;
}

export interface Options {
  /** s between readings. */
  interval: number;
  /** Ours: quantities taken from the block. */
  profile?: Profile;
  /** Theirs: the queue sends to one unit at a time, in place of its default, which is to all at once. */
  inTurn?: boolean;
}

/** Registers of the block that both read in one request. */
export const BLOCK = 125;
export type Profile = 'block' | '37 values';
const HOST = '127.0.0.1';

/** The addresses of values that lie such that {@link BLOCK} registers are read at once. */
const ADDRESSES: Record<Profile, number[]> = {
  // As few values as there can be without a gap that is worth a request of its own.
  block: [0, 21, 42, 63, 84, 105, BLOCK - 1],
  '37 values': [...Array.from({ length: 36 }, (_, i) => 3 * i), BLOCK - 1],
};

const sink = { id: 'sink', type: 'bench-sink' };

/** The flow of this package: one meter-poll, with one modbus-link where all meters are behind one port. */
export function ourFlow(name: string, meters: Meter[], { interval, profile = 'block' }: Options): object[] {
  const names = Object.keys(QUANTITIES);
  const isShared = meters.length > 1 && new Set(meters.map(({ port }) => port)).size === 1;
  const link = {
    id: `${name}-link`,
    type: 'modbus-link',
    transport: 'tcp',
    host: HOST,
    port: meters[0].port,
  };
  return [
    ...(isShared ? [link] : []),
    {
      id: `${name}-fleet`,
      type: 'meter-fleet',
      meters: meters.map(({ topic, port, unit }) => ({
        id: topic,
        unit,
        profile: 'bench',
        ...(isShared ? { link: link.id } : { host: HOST, port }),
      })),
      profiles: ADDRESSES[profile].map((address, i) => ({
        profile: 'bench',
        quantity: names[i],
        address,
        type: 'uint16',
        // Registers hold their own address: so that no power factor is beyond 1, and nothing is left out.
        scale: 0.001,
      })),
    },
    {
      id: `${name}-poll`,
      type: 'meter-poll',
      fleet: `${name}-fleet`,
      interval,
      waveformInterval: 0,
      wires: [[sink.id], [], []],
    },
  ];
}

/** As its panel sets it up when nothing is changed. */
const clientOf = (id: string, port: number, unit: number, inTurn = false) => ({
  id,
  type: 'modbus-client',
  clienttype: 'tcp',
  bufferCommands: true,
  stateLogEnabled: false,
  queueLogEnabled: false,
  failureLogEnabled: true,
  tcpHost: HOST,
  tcpPort: String(port),
  tcpType: 'DEFAULT',
  serialConnectionDelay: '100',
  unit_id: String(unit),
  commandDelay: '1',
  clientTimeout: '1000',
  reconnectOnTimeout: true,
  reconnectTimeout: '2000',
  parallelUnitIdsAllowed: !inTurn,
  showErrors: false,
  showWarnings: true,
  showLogs: true,
});

/** The flow of the rival: a modbus-client for each port, a modbus-read for each meter. */
export function theirFlow(name: string, meters: Meter[], { interval, inTurn }: Options): object[] {
  const ports = new Map(meters.map(({ port, unit }) => [port, unit]));
  return [
    ...[...ports].map(([port, unit]) => clientOf(`${name}-client-${port}`, port, unit, inTurn)),
    ...meters.map(({ topic, port, unit }, i) => ({
      id: `${name}-read-${i}`,
      type: 'modbus-read',
      topic,
      server: `${name}-client-${port}`,
      unitid: String(unit),
      dataType: 'HoldingRegister',
      adr: '0',
      quantity: String(BLOCK),
      rate: String(interval),
      rateUnit: 's',
      delayOnStart: false,
      showStatusActivities: false,
      showErrors: false,
      showWarnings: true,
      wires: [[sink.id], []],
    })),
  ];
}

/** The ends of a flow that every flow has. */
export function withEnds(nodes: object[], sourceTo?: string): object[] {
  return [...nodes, sink, { id: 'source', type: 'bench-source', wires: [sourceTo ? [sourceTo] : []] }];
}

/** A flow that reads when it gets a message, and that message. */
export function ourDriven(meter: Meter, profile: Profile): { nodes: object[]; message: object } {
  const nodes = ourFlow('ours', [meter], { interval: 86_400, profile });
  return { nodes: withEnds(nodes, 'ours-poll'), message: { command: 'poll', meter: meter.topic } };
}

export function theirDriven({ port, unit }: Meter): { nodes: object[]; message: object } {
  const nodes = [
    clientOf('client', port, unit),
    {
      id: 'getter',
      type: 'modbus-flex-getter',
      server: 'client',
      showStatusActivities: false,
      showErrors: false,
      showWarnings: true,
      wires: [[sink.id], []],
    },
  ];
  const payload = { fc: 3, unitid: unit, address: 0, quantity: BLOCK };
  return { nodes: withEnds(nodes, 'getter'), message: { payload } };
}
