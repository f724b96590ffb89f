import { type Cleaner, cleanerOf } from '../../shared';
import type { EndpointSettings, Protocol } from '../endpoint';
import type { Envelope } from '../outbox';
import { amqpTarget } from './amqp';
import { httpTarget } from './http';
import { influxTarget } from './influxdb';
import { mqttTarget } from './mqtt';
import { remoteWriteTarget } from './prometheus/remote-write';
import { ScrapeTarget } from './prometheus/scrape';
import { sparkplugTarget } from './sparkplug';
import { stompTarget } from './stomp';
import type {
  Credentials,
  Outcome,
  SendSettings,
  Target,
  TargetListener,
  TargetState,
  TlsOptions,
} from './target';

export { publicAddresses } from './public-address';
export { reasonOf } from './reasons';
export * from './target';

/**
 * The target of an endpoint: it connects at once, and again after it was lost, for ever.
 * @param tls as Node-RED's tls-config fills it in; nothing where there is none
 */
export function openTarget(
  settings: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { protocol, mode } = settings;
  const said = sayingOf(credentials, tls);
  const cleaned: TargetListener = {
    state: (state) => listener.state(state),
    failed: (reason, refused) => listener.failed(said(reason), refused),
  };
  const isPage = protocol === 'prometheus' && mode === 'scrape';
  const target = isPage
    ? new ScrapeTarget(settings, credentials, tls, cleaned)
    : OPENERS[protocol](settings, credentials, tls, cleaned);
  return new CleanTarget(target, said);
}

/** Characters of what the other side said that are passed on. */
const MOST = 500;

/** What the other side said, on one line, with no secret of ours in it. */
function sayingOf({ username, password, token }: Credentials, { key, passphrase }: TlsOptions): Cleaner {
  const clean = cleanerOf({ username, values: [password, token, passphrase, key?.toString()] });
  // Before and after: a secret may have been broken by what makes the text one line, or hold two spaces.
  return (text) => clean(clean(text).replace(/\s+/g, ' ').trim()).slice(0, MOST);
}

/** A target whose every word is cleaned: there is no other way out of it. */
class CleanTarget implements Target {
  readonly probe?: () => Promise<Outcome>;

  constructor(
    private readonly target: Target,
    private readonly said: Cleaner,
  ) {
    const { probe } = target;
    if (probe) this.probe = async () => this.clean(await probe.call(target));
  }

  get state(): TargetState {
    return this.target.state;
  }

  get ready(): boolean {
    return this.target.ready;
  }

  get pipeline(): number {
    return this.target.pipeline;
  }

  get patience(): number {
    return this.target.patience;
  }

  get leftOut(): number {
    return this.target.leftOut ?? 0;
  }

  async send(batch: readonly Envelope[], how: SendSettings, heard: () => void): Promise<Outcome[]> {
    const outcomes = await this.target.send(batch, how, heard);
    return outcomes.map((outcome) => this.clean(outcome));
  }

  cut(reason: string): void {
    this.target.cut(reason);
  }

  close(): Promise<void> {
    return this.target.close();
  }

  private clean(outcome: Outcome): Outcome {
    return outcome.state === 'delivered' ? outcome : { ...outcome, error: this.said(outcome.error) };
  }
}

const OPENERS: Record<Protocol, typeof httpTarget> = {
  mqtt: mqttTarget,
  sparkplug: sparkplugTarget,
  http: httpTarget,
  influxdb: influxTarget,
  prometheus: remoteWriteTarget,
  amqp: amqpTarget,
  stomp: stompTarget,
};
