import type { IClientOptions } from 'mqtt';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { printable, topicOf } from '../topic';
import { type MqttMessage, MqttSession } from './mqtt-session';
import { overLink } from './over-link';
import type { Credentials, SendSettings, Target, TargetListener, TlsOptions } from './target';

/** Time for our farewell to be acknowledged, ms. */
const FAREWELL = 1000;

/** MQTT 3.1.1 or 5: one message a record, in a pipeline. */
export function mqttTarget(
  settings: EndpointSettings,
  { username, password }: Credentials,
  tls: TlsOptions,
  listener: TargetListener,
): Target {
  const { url, timeout, mqttVersion, clientId, keepalive, statusTopic, captures, userProperties } = settings;
  const options: IClientOptions = {
    ...tls,
    username,
    password,
    protocolVersion: mqttVersion,
    keepalive,
    ...(clientId && { clientId }),
    ...(statusTopic && { will: { topic: statusTopic, payload: status(false), qos: 1, retain: true } }),
  };
  const dial = async (aborted: AbortSignal) => {
    const session = await MqttSession.dial(url, options, aborted);
    if (!statusTopic) return session;
    const tell = async (online: boolean) => {
      await session.publish({
        topic: statusTopic,
        payload: status(online),
        options: { qos: 1, retain: true },
      });
    };
    aborted.addEventListener('abort', () => session.cut(''), { once: true });
    await tell(true);
    const { close } = session;
    // One that says goodbye in order has no will: it says itself that it is gone.
    session.close = async () => {
      await Promise.race([tell(false), new Promise((resolve) => setTimeout(resolve, FAREWELL).unref())]);
      await close.call(session);
    };
    return session;
  };
  const messageOf = (envelope: Envelope, { topic, qos, retain }: SendSettings): MqttMessage => {
    const { body, type } = envelope.message(captures);
    const { kind } = envelope;
    const [id, meter] = [printable(envelope.messageId), printable(envelope.meter)];
    const userProps = { ...userProperties, id, kind, meter };
    const properties = mqttVersion === 5 && { properties: { contentType: type, userProperties: userProps } };
    return { topic: topicOf(topic, envelope.fields), payload: body, options: { qos, retain, ...properties } };
  };
  const send = (session: MqttSession, batch: readonly Envelope[], how: SendSettings) =>
    batch.map((envelope) => session.publish(messageOf(envelope, how)));
  return overLink({ pipeline: 16, patience: 1000 * timeout, dial, send }, listener);
}

/** Birth and will. */
function status(online: boolean): Buffer {
  return Buffer.from(JSON.stringify({ online }));
}
