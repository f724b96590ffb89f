import type { EndpointSettings, Protocol } from '../endpoint';
import { amqpTarget } from './amqp';
import { httpTarget } from './http';
import { influxTarget } from './influxdb';
import { mqttTarget } from './mqtt';
import { remoteWriteTarget } from './prometheus/remote-write';
import { ScrapeTarget } from './prometheus/scrape';
import { sparkplugTarget } from './sparkplug';
import { stompTarget } from './stomp';
import type { Credentials, Target, TargetListener, TlsOptions } from './target';

export { publicAddresses } from './public-address';
export { hideSecrets, reasonOf } from './reasons';
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
  if (protocol === 'prometheus' && mode === 'scrape') {
    return new ScrapeTarget(settings, credentials, tls, listener);
  }
  return OPENERS[protocol](settings, credentials, tls, listener);
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
