import { createHash } from 'node:crypto';
import type { PqRecord, Receipt } from '../record';
import type { MqttTarget } from './mqtt-target';
import type { PublisherSettings } from './publisher-settings';
import { topicOf } from './topic';

/**
 * Sends records to a target as JSON, and resolves with the receipt once they are acknowledged.
 * @throws Error when the target gave up on the record: it was not delivered
 */
export async function publish(
  record: PqRecord,
  settings: PublisherSettings,
  target: MqttTarget,
  targetName: string,
): Promise<Receipt> {
  const payload = JSON.stringify(record);
  const topic = topicOf(settings.topic, record);
  await target.publish(topic, payload, settings.qos);
  return {
    kind: 'receipt',
    meter: record.meter,
    time: Date.now(),
    id: recordId(record, payload),
    target: targetName,
    state: 'delivered',
    attempts: 1,
  };
}

/** The record's own id, or one made of its content: the same record gives the same id. */
export function recordId(record: PqRecord, payload: string): string {
  if ('id' in record) return record.id;
  return createHash('sha256').update(payload).digest('hex').slice(0, 32);
}
