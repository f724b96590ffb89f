import type { IClientOptions } from 'mqtt';
import type { CaptureForm } from '../capture-forms';
import type { EndpointSettings } from '../endpoint';
import type { Envelope } from '../outbox';
import { topicOf } from '../topic';
import { MqttSession } from './mqtt-session';
import { SteadyLink } from './steady-link';
import {
  all,
  type Credentials,
  type Outcome,
  type SendSettings,
  type Target,
  type TargetListener,
  type TlsOptions,
} from './target';

/** MQTT 3.1.1 or 5: one message a record, in a pipeline. */
export class MqttTarget implements Target {
  readonly pipeline = 16;
  private readonly link: SteadyLink<MqttSession>;
  private readonly five: boolean;
  private readonly captures: CaptureForm;
  private readonly userProperties: Record<string, string>;

  constructor(
    settings: EndpointSettings,
    credentials: Credentials,
    tls: TlsOptions,
    listener: TargetListener,
  ) {
    const { url, mqttVersion, clientId, keepalive, statusTopic, captures, userProperties } = settings;
    this.five = mqttVersion === 5;
    this.captures = captures;
    this.userProperties = userProperties;
    const options: IClientOptions = {
      ...tls,
      username: credentials.username,
      password: credentials.password,
      protocolVersion: mqttVersion,
      keepalive,
      ...(clientId && { clientId }),
    };
    if (statusTopic) {
      options.will = { topic: statusTopic, payload: status(false), qos: 1, retain: true };
    }
    this.link = new SteadyLink(async (aborted) => {
      const session = await MqttSession.dial(url, options, aborted);
      if (!statusTopic) return session;
      const tell = async (online: boolean) => {
        await session.publish({
          topic: statusTopic,
          payload: status(online),
          options: { qos: 1, retain: true },
        });
      };
      await tell(true);
      const { close } = session;
      // One that says goodbye in order has no will: it says itself that it is gone.
      session.close = async () => {
        await Promise.race([tell(false), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
        await close.call(session);
      };
      return session;
    }, listener);
  }

  get state() {
    return this.link.state;
  }

  get ready(): boolean {
    return this.link.session !== undefined;
  }

  async send(batch: readonly Envelope[], { topic, qos, retain }: SendSettings): Promise<Outcome[]> {
    const { session } = this.link;
    if (!session) return all(batch, { state: 'retry', error: 'not connected' });
    return await Promise.all(
      batch.map((envelope) => {
        const { body, type } = envelope.message(this.captures);
        const properties = this.five && {
          contentType: type,
          userProperties: {
            ...this.userProperties,
            id: envelope.messageId,
            kind: envelope.kind,
            meter: envelope.meter,
          },
        };
        const options = { qos, retain, ...(properties && { properties }) };
        return session.publish({ topic: topicOf(topic, envelope.fields), payload: body, options });
      }),
    );
  }

  async close(): Promise<void> {
    await this.link.close();
  }
}

/** Birth and will. */
function status(online: boolean): Buffer {
  return Buffer.from(JSON.stringify({ online }));
}
