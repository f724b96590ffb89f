import type { EndpointSettings } from '../endpoint';
import { AmqpTarget } from './amqp';
import { HttpTarget } from './http';
import { InfluxTarget } from './influxdb';
import { MqttTarget } from './mqtt';
import { RemoteWriteTarget } from './prometheus/remote-write';
import { ScrapeTarget } from './prometheus/scrape';
import { SparkplugTarget } from './sparkplug';
import { StompTarget } from './stomp';
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
  const open = (
    Made: new (s: EndpointSettings, c: Credentials, t: TlsOptions, l: TargetListener) => Target,
  ) => new Made(settings, credentials, tls, listener);
  switch (settings.protocol) {
    case 'mqtt':
      return open(MqttTarget);
    case 'sparkplug':
      return open(SparkplugTarget);
    case 'http':
      return open(HttpTarget);
    case 'influxdb':
      return open(InfluxTarget);
    case 'prometheus':
      return open(settings.mode === 'scrape' ? ScrapeTarget : RemoteWriteTarget);
    case 'amqp':
      return open(AmqpTarget);
    case 'stomp':
      return open(StompTarget);
  }
}
