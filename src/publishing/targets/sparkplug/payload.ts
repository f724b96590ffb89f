import { Root } from 'protobufjs';

/** Data types of Sparkplug B (3.0, 6.4.16), as far as they are used. */
export const TYPES = { UInt64: 8, Double: 10, Boolean: 11, String: 12, Bytes: 17 } as const;
export type DataType = (typeof TYPES)[keyof typeof TYPES];

export type MetricValue = number | string | boolean | Buffer;

export interface Metric {
  name?: string;
  alias?: number;
  /** ms since 1970. */
  timestamp: number;
  datatype?: DataType;
  isHistorical?: boolean;
  isNull?: boolean;
  value?: MetricValue;
  type: DataType;
}

export interface Payload {
  timestamp: number;
  metrics: Metric[];
  /** Of NDEATH there is none. */
  seq?: number;
}

/** The message of the specification (6.4.1), as far as it is used. */
const DESCRIPTION = {
  // A sequence number of 0 is written too.
  edition: 'proto2',
  nested: {
    Payload: {
      edition: 'proto2',
      fields: {
        timestamp: { type: 'uint64', id: 1 },
        metrics: { rule: 'repeated', type: 'Metric', id: 2 },
        seq: { type: 'uint64', id: 3 },
      },
      nested: {
        Metric: {
          oneofs: {
            value: { oneof: ['longValue', 'doubleValue', 'booleanValue', 'stringValue', 'bytesValue'] },
          },
          fields: {
            name: { type: 'string', id: 1 },
            alias: { type: 'uint64', id: 2 },
            timestamp: { type: 'uint64', id: 3 },
            datatype: { type: 'uint32', id: 4 },
            isHistorical: { type: 'bool', id: 5 },
            isNull: { type: 'bool', id: 7 },
            longValue: { type: 'uint64', id: 11 },
            doubleValue: { type: 'double', id: 13 },
            booleanValue: { type: 'bool', id: 14 },
            stringValue: { type: 'string', id: 15 },
            bytesValue: { type: 'bytes', id: 16 },
          },
        },
      },
    },
  },
};
const Message = Root.fromJSON(DESCRIPTION).lookupType('Payload');

const FIELD: Record<DataType, string> = {
  [TYPES.UInt64]: 'longValue',
  [TYPES.Double]: 'doubleValue',
  [TYPES.Boolean]: 'booleanValue',
  [TYPES.String]: 'stringValue',
  [TYPES.Bytes]: 'bytesValue',
};

export function encodePayload({ metrics, ...head }: Payload): Buffer {
  const written = metrics.map(({ value, type, ...metric }) =>
    value === undefined ? { ...metric, isNull: true } : { ...metric, [FIELD[type]]: value },
  );
  return Buffer.from(Message.encode(Message.create({ ...head, metrics: written })).finish());
}

/** Names and values of what a host has written; undefined where it is no payload. */
export function decodeCommand(
  bytes: Buffer,
): { name?: string; alias?: number; value?: unknown }[] | undefined {
  try {
    const { metrics } = Message.toObject(Message.decode(bytes), { longs: Number, oneofs: true });
    return ((metrics ?? []) as Record<string, unknown>[]).map(({ name, alias, value, ...rest }) => ({
      name: name as string | undefined,
      alias: alias as number | undefined,
      value: rest[value as string],
    }));
  } catch {
    return undefined;
  }
}

export function typeOf(value: MetricValue): DataType {
  if (typeof value === 'number') return TYPES.Double;
  if (typeof value === 'boolean') return TYPES.Boolean;
  return typeof value === 'string' ? TYPES.String : TYPES.Bytes;
}
