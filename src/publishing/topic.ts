import { check, FieldError } from '../record';

const FIELDS = ['meter', 'kind', 'type', 'state', 'code'] as const;

/**
 * A topic template, e.g. `pq/{meter}/{kind}`, checked once: known fields only, no wildcards.
 * @throws FieldError for an unknown field, and as {@link readTopic}
 */
export function readTopicTemplate(value: unknown, field: string): string {
  const template = check.text(value, field, 512);
  for (const [, name] of template.matchAll(/\{([^}]*)\}/g)) {
    if (!(FIELDS as readonly string[]).includes(name)) {
      throw new FieldError(field, `fields of ${FIELDS.map((f) => `{${f}}`).join(', ')}`, `{${name}}`);
    }
  }
  return readTopic(template, field);
}

/**
 * A topic that may be published to.
 * @throws FieldError for `+`, `#`, control characters, or a leading `$` (MQTT 5.0, 4.7)
 */
export function readTopic(topic: string, field: string): string {
  if (/[+#\p{Cc}]/u.test(topic) || topic.startsWith('$')) {
    throw new FieldError(field, 'a topic without +, #, control characters or a leading $', topic);
  }
  return topic;
}

/**
 * The topic of a record. A field's value keeps to its own level: characters that part levels or mean
 * something to a broker (`/ + # $`, control characters) become `_`.
 */
export function topicOf(template: string, record: object): string {
  const fields = record as Record<string, unknown>;
  return template.replace(/\{([^}]*)\}/g, (_, name) => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value.replace(/[/+#$\p{Cc}]/gu, '_') : 'none';
  });
}

/** A topic with its levels parted by dots, as RabbitMQ itself writes topics of MQTT as routing keys. */
export function dotted(topic: string): string {
  return topic.replace(/\./g, '_').replace(/\//g, '.');
}

/** A text with control characters made `_`: they have no place in headers, and some brokers cut the line over them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '_');
}
