import { check, FieldError } from '../record';
import { CAPTURE_FORMS, type CaptureForm } from './capture-forms';
import { readTopic } from './topic';

/** What an address of each protocol may begin with, an example, and whether the line is encrypted. */
const SCHEMES = {
  mqtt: { example: 'mqtt://127.0.0.1:1883', plain: ['mqtt:', 'ws:'], safe: ['mqtts:', 'wss:'] },
  sparkplug: { example: 'mqtt://127.0.0.1:1883', plain: ['mqtt:', 'ws:'], safe: ['mqtts:', 'wss:'] },
  http: { example: 'https://scada.example/api/v1/ingest', plain: ['http:'], safe: ['https:'] },
  influxdb: { example: 'http://127.0.0.1:8086', plain: ['http:'], safe: ['https:'] },
  prometheus: { example: 'http://127.0.0.1:9464/metrics', plain: ['http:'], safe: ['https:'] },
  amqp: { example: 'amqp://127.0.0.1:5672', plain: ['amqp:'], safe: ['amqps:'] },
  stomp: { example: 'stomp://127.0.0.1:61613', plain: ['stomp:'], safe: ['stomps:'] },
} as const;

export type Protocol = keyof typeof SCHEMES;
export const PROTOCOLS = Object.keys(SCHEMES) as Protocol[];

/** Where an ingest interface is expected when the address has no path (requirement L8). */
const INGEST = '/api/v1/ingest';
const METRICS = '/metrics';

export interface EndpointSettings {
  protocol: Protocol;
  /** Without user and password. */
  url: string;
  /** The line is encrypted. */
  safe: boolean;
  /** How samples travel. */
  captures: CaptureForm;
  /** s without an answer after which a request has failed. */
  timeout: number;

  /** MQTT: 4 is 3.1.1. */
  mqttVersion: 4 | 5;
  clientId: string;
  /** s */
  keepalive: number;
  /** Topic of birth and will, retained; none where empty. */
  statusTopic: string;
  /** Sent with each message (MQTT 5). */
  userProperties: Record<string, string>;

  /** Sparkplug. */
  group: string;
  edgeNode: string;

  /** HTTP: bodies are compressed. */
  gzip: boolean;
  /** HTTP: status codes of an answer that took a batch; any 2xx where there are none. */
  successStatus: number[];
  /** HTTP: stands in such an answer; empty: anything but a web page. */
  successText: string;

  /** InfluxDB: 1 has database and retention policy, 2 organisation and bucket. */
  influxVersion: 1 | 2;
  database: string;
  retention: string;
  org: string;
  bucket: string;

  /** Prometheus: it fetches a page of ours, or we write to it. */
  mode: 'scrape' | 'remote-write';

  /** AMQP: the queue is made and bound where one is named. */
  exchange: string;
  queue: string;

  /** STOMP. */
  virtualHost: string;
}

/** What the editor has in place of a config node that is not chosen yet. */
const NO_NODE = '_ADD_';

export const MODES = ['scrape', 'remote-write'] as const;

/**
 * Settings of an endpoint.
 * @throws FieldError; the text never repeats a URL, which may hold a password
 */
export function readEndpointSettings(given: unknown, at = 'settings'): EndpointSettings {
  const g = check.object(given, at);
  const protocol = check.oneOf((g.protocol || 'mqtt') as Protocol, `${at}.protocol`, PROTOCOLS);
  const words = (name: string, fallback = '', max = 256) => {
    const value = g[name] === undefined || g[name] === null || g[name] === '' ? fallback : g[name];
    return value === '' ? '' : check.text(value, `${at}.${name}`, max);
  };
  const mode = check.oneOf((g.mode || 'scrape') as EndpointSettings['mode'], `${at}.mode`, MODES);
  const settings: EndpointSettings = {
    protocol,
    ...readUrl(g.url, protocol, mode, `${at}.url`),
    captures: check.oneOf((g.captures || 'base64') as CaptureForm, `${at}.captures`, CAPTURE_FORMS),
    timeout: check.setting(g.timeout, `${at}.timeout`, 10, { min: 0.1, max: 600, unit: 's' }),
    mqttVersion: check.oneOf(check.setting(g.mqttVersion, `${at}.mqttVersion`, 4), `${at}.mqttVersion`, [
      4, 5,
    ] as const),
    clientId: words('clientId'),
    keepalive: check.setting(g.keepalive, `${at}.keepalive`, 30, { min: 1, max: 65_535, unit: 's' }),
    statusTopic: readTopic(words('statusTopic', '', 512), `${at}.statusTopic`),
    userProperties: readProperties(g.userProperties, `${at}.userProperties`),
    group: readId(words('group', 'power-quality'), `${at}.group`),
    edgeNode: readId(words('edgeNode', 'gateway'), `${at}.edgeNode`),
    gzip: g.gzip === undefined || g.gzip === '' ? true : check.boolean(g.gzip, `${at}.gzip`),
    successStatus: readStatuses(g.successStatus, `${at}.successStatus`),
    successText: words('successText'),
    influxVersion: check.oneOf(
      check.setting(g.influxVersion, `${at}.influxVersion`, 2),
      `${at}.influxVersion`,
      [1, 2] as const,
    ),
    database: words('database'),
    retention: words('retention'),
    org: words('org'),
    bucket: words('bucket'),
    mode,
    exchange: words('exchange', 'amq.topic'),
    queue: words('queue'),
    virtualHost: words('virtualHost', '/'),
  };
  if (!settings.safe && g.tls && g.tls !== NO_NODE) {
    const safe = SCHEMES[protocol].safe.map((scheme) => `${scheme}//`).join(' or ');
    throw new FieldError(`${at}.url`, `an address with TLS (${safe}), as a TLS setting is chosen`, undefined);
  }
  if (protocol === 'influxdb') {
    for (const name of settings.influxVersion === 1
      ? (['database'] as const)
      : (['org', 'bucket'] as const)) {
      check.text(settings[name], `${at}.${name}`);
    }
  }
  return settings;
}

function readUrl(
  given: unknown,
  protocol: Protocol,
  mode: string,
  at: string,
): { url: string; safe: boolean } {
  const { example, plain, safe } = SCHEMES[protocol];
  const url = parseUrl(String(given ?? ''));
  const schemes: string[] = [...plain, ...safe];
  if (!url || !schemes.includes(url.protocol) || url.hostname === '') {
    const names = schemes.map((scheme) => scheme.slice(0, -1)).join(', ');
    throw new FieldError(at, `an address such as ${example} (${names})`, undefined);
  }
  if (url.username || url.password) {
    throw new FieldError(at, 'an address without user and password: they belong in the credentials', true);
  }
  if (protocol === 'http' && url.pathname === '/') url.pathname = INGEST;
  if (protocol === 'prometheus' && url.pathname === '/') {
    url.pathname = mode === 'scrape' ? METRICS : '/api/v1/write';
  }
  return { url: url.href, safe: (safe as readonly string[]).includes(url.protocol) };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** An id of Sparkplug (3.0, 4.1.2): no `+`, `/`, `#`. */
function readId(id: string, at: string): string {
  if (/[+#/\p{Cc}]/u.test(id)) throw new FieldError(at, 'a name without +, / or #', id);
  return id;
}

/** Status codes, as a list or parted by commas. */
function readStatuses(given: unknown, at: string): number[] {
  if (given === undefined || given === null || given === '') return [];
  const list = Array.isArray(given) ? given : String(given).split(',');
  return list.map((one) => check.integer(Number(one), at, { min: 200, max: 299 }));
}

/** Properties as an object of texts, or as its JSON. */
function readProperties(given: unknown, at: string): Record<string, string> {
  if (given === undefined || given === null || given === '') return {};
  let parsed = given;
  if (typeof given === 'string') {
    try {
      parsed = JSON.parse(given);
    } catch {
      throw new FieldError(at, 'JSON such as {"site": "north"}', given);
    }
  }
  const entries = Object.entries(check.object(parsed, at));
  if (entries.length > 100) throw new FieldError(at, 'at most 100 properties', entries.length);
  return Object.fromEntries(entries.map(([name, value]) => [name, check.text(value, `${at}.${name}`, 1024)]));
}

/** What an address looks like. */
export function exampleOf(protocol: string): string {
  return SCHEMES[protocol as Protocol]?.example ?? '';
}
