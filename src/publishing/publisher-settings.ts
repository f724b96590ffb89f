import { check } from '../record';
import type { Qos } from './mqtt-target';
import { readTopicTemplate } from './topic';

export interface PublisherSettings {
  topic: string;
  qos: Qos;
}

/** Settings from a panel. Throws a FieldError that names the setting. */
export function readPublisherSettings(given: unknown, at = 'settings'): PublisherSettings {
  const g = check.object(given, at);
  return {
    topic: readTopicTemplate(g.topic || 'pq/{meter}/{kind}', `${at}.topic`),
    qos: check.oneOf(check.setting(g.qos, `${at}.qos`, 1), `${at}.qos`, [0, 1, 2] as const),
  };
}
