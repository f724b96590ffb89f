import { Root } from 'protobufjs';
import { compress } from 'snappyjs';
import type { EndpointSettings } from '../../endpoint';
import type { Envelope } from '../../outbox';
import { pointsOf } from '../../points';
import { authorization } from '../http';
import { type Answer, HttpClient } from '../http-client';
import { byPosting } from '../posting';
import type { Credentials, Target, TargetListener, TlsOptions } from '../target';
import { numbersOf } from './names';

/** Messages of remote write 1.0 (prometheus/prompb), as far as they are used. */
const WriteRequest = Root.fromJSON({
  nested: {
    WriteRequest: { fields: { timeseries: { rule: 'repeated', type: 'TimeSeries', id: 1 } } },
    TimeSeries: {
      fields: {
        labels: { rule: 'repeated', type: 'Label', id: 1 },
        samples: { rule: 'repeated', type: 'Sample', id: 2 },
      },
    },
    Label: { fields: { name: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
    Sample: { fields: { value: { type: 'double', id: 1 }, timestamp: { type: 'int64', id: 2 } } },
  },
}).lookupType('WriteRequest');

interface Label {
  name: string;
  value: string;
}

/** Writes to a Prometheus, or what speaks like one, by remote write 1.0. */
export function remoteWriteTarget(
  { url, timeout }: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': 'node-red-contrib-power-quality',
    ...authorization(credentials),
  };
  const client = new HttpClient(url, { tls, headers, timeout });
  const write = async (batch: readonly Envelope[]): Promise<Answer> => {
    const timeseries = seriesOf(batch);
    if (timeseries.length === 0) {
      if (batch.length > 1) return { status: 204, headers: {}, text: '' };
      return { status: 422, headers: {}, text: 'the record has no number for a time series' };
    }
    const message = WriteRequest.encode(WriteRequest.create({ timeseries })).finish();
    return await client.post(Buffer.from(compress(message)), {});
  };
  const probe = () => {
    const empty = WriteRequest.encode(WriteRequest.create({})).finish();
    return client.post(Buffer.from(compress(empty)), {});
  };
  return byPosting({ post: write, probe, patience: 2000 * timeout, close: () => client.close() }, listener);
}

/** Samples by series, in the order of time; the last one where two have the same time. */
function seriesOf(batch: readonly Envelope[]) {
  const series = new Map<string, { labels: Label[]; samples: Map<number, number> }>();
  for (const envelope of batch) {
    for (const point of pointsOf(envelope.record())) {
      for (const [name, value] of numbersOf(point)) {
        const labels = [
          { name: '__name__', value: name },
          ...Object.entries(point.tags).map(([tag, text]) => ({ name: tag, value: text })),
        ].sort((a, b) => (a.name < b.name ? -1 : 1));
        const key = JSON.stringify(labels);
        let one = series.get(key);
        if (!one) {
          one = { labels, samples: new Map() };
          series.set(key, one);
        }
        one.samples.set(Math.round(point.time), value);
      }
    }
  }
  return [...series.values()].map(({ labels, samples }) => ({
    labels,
    samples: [...samples].sort(([a], [b]) => a - b).map(([timestamp, value]) => ({ timestamp, value })),
  }));
}
