import type { IClientOptions, MqttClient } from 'mqtt';
import type { EndpointSettings } from '../../endpoint';
import type { Envelope } from '../../outbox';
import { MqttSession } from '../mqtt-session';
import { overLink } from '../over-link';
import type { Session } from '../steady-link';
import {
  type Credentials,
  DELIVERED,
  type Outcome,
  type Target,
  type TargetListener,
  type TlsOptions,
} from '../target';
import { Devices, type DeviceValues, deviceId, valuesOf } from './devices';
import { decodeCommand, encodePayload, type Metric, TYPES } from './payload';

const NAMESPACE = 'spBv1.0';
const REBIRTH = 'Node Control/Rebirth';
/** Codes of diagnostics after which a meter does not answer any more. */
const SILENT = new Set(['TIMEOUT_ERROR', 'LINK_ERROR', 'MODBUS_EXCEPTION_11']);

/** What an edge node is called in topics. */
class Topics {
  constructor(
    private readonly group: string,
    private readonly node: string,
  ) {}

  of(type: 'NBIRTH' | 'NDEATH' | 'NCMD' | 'DCMD' | 'DBIRTH' | 'DDATA' | 'DDEATH', device?: string): string {
    return [NAMESPACE, this.group, type, this.node, ...(device === undefined ? [] : [device])].join('/');
  }
}

/** A session of an edge node: from its birth on. */
class EdgeSession implements Session {
  /** Counts messages, 0 to 255 (6.4.17). */
  private seq = 0;
  private readonly born = new Set<string>();
  readonly since = Date.now();

  constructor(
    private readonly mqtt: MqttSession,
    private readonly topics: Topics,
    private readonly devices: Devices,
    private readonly bdSeq: number,
  ) {}

  get ended(): Promise<string> {
    return this.mqtt.ended;
  }

  /** Tells the birth of the node, and of all devices that are known. */
  birth(): void {
    this.seq = 0;
    this.born.clear();
    const timestamp = Date.now();
    const metrics: Metric[] = [
      bdSeqMetric(this.bdSeq, timestamp),
      { name: REBIRTH, timestamp, datatype: TYPES.Boolean, type: TYPES.Boolean, value: false },
    ];
    this.publish('NBIRTH', metrics);
    for (const device of this.devices.names) this.birthOf(device);
  }

  /**
   * Sends a batch. Data is QoS 0 by the specification; that the broker has it is known when it answers a subscription
   * that was sent behind it.
   */
  send(batch: readonly Envelope[]): Promise<Outcome>[] {
    const records = batch.map((envelope) => ({ envelope, sets: valuesOf(envelope) }));
    // Births first, one for each device, not one for each new metric.
    const grown = new Set<string>();
    for (const { sets } of records) {
      for (const values of sets) if (this.devices.learn(values)) grown.add(values.device);
    }
    for (const device of grown) this.birthOf(device);
    for (const { envelope, sets } of records) {
      for (const values of sets) this.data(values, envelope.accepted < this.since);
      if (envelope.kind === 'diagnostic' && SILENT.has(envelope.fields.code))
        this.death(deviceId(envelope.meter));
    }
    const confirmed = this.confirm().then(
      (known): Outcome => (known ? DELIVERED : { state: 'retry', error: 'the broker cut the connection' }),
    );
    return batch.map(() => confirmed);
  }

  cut(reason: string): void {
    this.mqtt.cut(reason);
  }

  async close(): Promise<void> {
    // No DISCONNECT: with it the broker would not tell our death (5.5).
    await this.mqtt.abandon();
  }

  private data(values: DeviceValues, isHistorical: boolean): void {
    if (!this.born.has(values.device)) this.birthOf(values.device);
    const metrics = this.devices.data(values, isHistorical);
    if (metrics.length > 0) this.publish('DDATA', metrics, values.device);
  }

  private birthOf(device: string): void {
    const metrics = this.devices.birth(device);
    if (metrics.length === 0) return;
    this.born.add(device);
    this.publish('DBIRTH', metrics, device);
  }

  private death(device: string): void {
    if (this.born.delete(device)) this.publish('DDEATH', [], device);
  }

  private publish(type: 'NBIRTH' | 'DBIRTH' | 'DDATA' | 'DDEATH', metrics: Metric[], device?: string): void {
    const payload = encodePayload({ timestamp: Date.now(), metrics, seq: this.seq });
    this.seq = (this.seq + 1) % 256;
    const topic = this.topics.of(type, device);
    void this.mqtt.publish({ topic, payload, options: { qos: 0, retain: false } });
  }

  private confirm(): Promise<boolean> {
    const answered = new Promise<boolean>((resolve) => {
      this.mqtt.client.subscribe(this.topics.of('NCMD'), { qos: 1 }, (error) => resolve(!error));
    });
    return Promise.race([answered, this.mqtt.ended.then(() => false)]);
  }
}

/** Sparkplug B 3.0: an edge node with a device for each meter. */
export function sparkplugTarget(
  { url, timeout, clientId, keepalive, group, edgeNode }: EndpointSettings,
  { username, password }: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const topics = new Topics(group, edgeNode);
  const devices = new Devices();
  /** Counts connections, 0 to 255. */
  let connections = -1;
  const dial = async (aborted: AbortSignal) => {
    connections = (connections + 1) % 256;
    const bdSeq = connections;
    const timestamp = Date.now();
    const payload = encodePayload({ timestamp, metrics: [bdSeqMetric(bdSeq, timestamp)] });
    const options: IClientOptions = {
      ...tls,
      username,
      password,
      keepalive,
      protocolVersion: 4,
      ...(clientId && { clientId }),
      will: { topic: topics.of('NDEATH'), payload, qos: 1, retain: false },
    };
    let session: EdgeSession | undefined;
    const listen = (client: MqttClient) => {
      client.on('message', (topic, bytes) => {
        if (topic !== topics.of('NCMD')) return;
        const wanted = decodeCommand(bytes)?.some(({ name, value }) => name === REBIRTH && value === true);
        if (wanted) session?.birth();
      });
    };
    const mqtt = await MqttSession.dial(url, options, aborted, listen);
    aborted.addEventListener('abort', () => mqtt.cut(''), { once: true });
    await new Promise<void>((resolve, reject) => {
      mqtt.client.subscribe([topics.of('NCMD'), topics.of('DCMD', '+')], { qos: 1 }, (error) =>
        error ? reject(error) : resolve(),
      );
      void mqtt.ended.then((reason) => reject(new Error(reason)));
    });
    session = new EdgeSession(mqtt, topics, devices, bdSeq);
    session.birth();
    return session;
  };
  // One batch after the other: the sequence numbers tell the order.
  const send = (session: EdgeSession, batch: readonly Envelope[]) => session.send(batch);
  const leftOut = () => devices.counters.leftOut;
  return overLink({ pipeline: 1, patience: 1000 * timeout, leftOut, dial, send }, listener);
}

function bdSeqMetric(bdSeq: number, timestamp: number): Metric {
  return { name: 'bdSeq', timestamp, datatype: TYPES.UInt64, type: TYPES.UInt64, value: bdSeq };
}
