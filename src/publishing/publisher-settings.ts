import { check } from '../record';
import { readTopicTemplate } from './topic';

const DAY = 86_400_000;
const MEGA = 1e6;

export interface PublisherSettings {
  topic: string;
  qos: 0 | 1 | 2;
  retain: boolean;
  /** ms that a record is kept. */
  maxAge: number;
  /** Bytes in the store. */
  maxBytes: number;
  /** Records of one batch. */
  batch: number;
  /** s of a summary of readings; 0 for none. */
  period: number;
  /** Percent. */
  deadband: number;
  /** s */
  heartbeat: number;
}

/**
 * Settings from a panel: `maxAge` in days, `maxSize` in MB.
 * @throws FieldError that names the setting
 */
export function readPublisherSettings(given: unknown, at = 'settings'): PublisherSettings {
  const g = check.object(given, at);
  const number = (name: string, fallback: number, range: check.Range) =>
    check.setting(g[name], `${at}.${name}`, fallback, range);
  const retain = g.retain === undefined || g.retain === '' ? false : g.retain;
  return {
    topic: readTopicTemplate(g.topic || 'pq/{meter}/{kind}', `${at}.topic`),
    qos: check.oneOf(check.setting(g.qos, `${at}.qos`, 1), `${at}.qos`, [0, 1, 2] as const),
    retain: check.boolean(retain, `${at}.retain`),
    maxAge: number('maxAge', 30, { above: 0, max: 3650, unit: 'days' }) * DAY,
    maxBytes: number('maxSize', 500, { min: 1, max: 1e6, unit: 'MB' }) * MEGA,
    batch: check.integer(number('batch', 100, { min: 1, max: 10_000 }), `${at}.batch`),
    period: number('period', 0, { min: 0, max: 86_400, unit: 's' }),
    deadband: number('deadband', 0, { min: 0, max: 100, unit: '%' }),
    heartbeat: number('heartbeat', 900, { min: 1, max: 86_400, unit: 's' }),
  };
}
