import type { Envelope } from '../../outbox';
import { pointsOf } from '../../points';
import { type Metric, type MetricValue, TYPES, typeOf } from './payload';

/** Devices of an edge node, and metrics of a device; what comes beyond is left out and counted. */
const MAX_DEVICES = 20_000;
const MAX_METRICS = 5000;

interface Known {
  alias: number;
  type: Metric['type'];
  /** The latest; of samples none is kept. */
  value?: MetricValue;
  timestamp: number;
}

/** Values of one record for a device. */
export interface DeviceValues {
  device: string;
  timestamp: number;
  values: [name: string, value: MetricValue][];
}

/** A device id (3.0, 4.1.6): without the characters that mean something in a topic. */
export function deviceId(meter: string): string {
  return meter.replace(/[/+#\p{Cc}]/gu, '_') || 'none';
}

/**
 * A record as metrics: a reading under the names of its quantities, other kinds under `kind/...`, with the tags that
 * part values of one kind (phase, channel, window) in the name; samples as bytes.
 */
export function valuesOf(envelope: Envelope): DeviceValues[] {
  const { kind } = envelope;
  const found = new Map<string, DeviceValues>();
  const at = (device: string, time: number) => {
    const key = `${device} ${time}`;
    let one = found.get(key);
    if (!one) {
      one = { device, timestamp: Math.round(time), values: [] };
      found.set(key, one);
    }
    return one.values;
  };
  for (const { name, tags, fields, time } of pointsOf(envelope.record())) {
    const { meter = kind, ...others } = tags;
    const values = at(deviceId(meter), time);
    const path =
      kind === 'reading' ? '' : [name, ...partsOf(kind, others)].map((part) => `${part}/`).join('');
    for (const [field, value] of Object.entries(fields)) values.push([path + field, value]);
    if (kind === 'event' || kind === 'diagnostic' || kind === 'receipt') {
      for (const [tag, value] of Object.entries(others)) values.push([path + tag, value]);
    }
  }
  if (envelope.hasSamples) {
    at(deviceId(envelope.meter), envelope.time).push([`${kind}/samples`, envelope.message('binary').body]);
  }
  return [...found.values()];
}

/** An event is one metric set, whatever its type: of a phase, a channel or a window there is one each. */
function partsOf(kind: string, tags: Record<string, string>): string[] {
  return kind === 'event' || kind === 'diagnostic' || kind === 'receipt' ? [] : Object.values(tags);
}

/** What is known of the devices of an edge node: metrics, their aliases and latest values. */
export class Devices {
  private readonly devices = new Map<string, Map<string, Known>>();
  private aliases = 0;
  readonly counters = { leftOut: 0 };

  get names(): string[] {
    return [...this.devices.keys()];
  }

  /**
   * Takes values.
   * @returns whether the device has metrics that it had not before: its birth is to be told anew
   */
  learn({ device, timestamp, values }: DeviceValues): boolean {
    let metrics = this.devices.get(device);
    if (!metrics) {
      if (this.devices.size >= MAX_DEVICES) {
        this.counters.leftOut += values.length;
        return false;
      }
      metrics = new Map();
      this.devices.set(device, metrics);
    }
    let grown = false;
    for (const [name, value] of values) {
      const type = typeOf(value);
      const before = metrics.get(name);
      if (!before && metrics.size >= MAX_METRICS) {
        this.counters.leftOut++;
        continue;
      }
      grown ||= before?.type !== type;
      const newer = before === undefined || before.type !== type || before.timestamp <= timestamp;
      if (!newer) continue;
      metrics.set(name, {
        alias: before?.alias ?? ++this.aliases,
        type,
        timestamp,
        ...(type !== TYPES.Bytes && { value }),
      });
    }
    return grown;
  }

  /** All metrics of a device, with names, types and latest values. */
  birth(device: string): Metric[] {
    return [...(this.devices.get(device) ?? [])].map(([name, { alias, type, value, timestamp }]) => ({
      name,
      alias,
      timestamp,
      datatype: type,
      type,
      ...(value !== undefined && { value }),
    }));
  }

  /**
   * Values by alias, without names. With the type, against a SHOULD NOT (payloads-metric-datatype-not-req): what many
   * hosts decode with gives nothing without it.
   */
  data({ device, timestamp, values }: DeviceValues, isHistorical: boolean): Metric[] {
    const metrics = this.devices.get(device);
    return values.flatMap(([name, value]) => {
      const known = metrics?.get(name);
      if (!known) return [];
      const { alias, type } = known;
      return [{ alias, timestamp, datatype: type, type, value, ...(isHistorical && { isHistorical }) }];
    });
  }
}
