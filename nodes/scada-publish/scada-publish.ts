import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import {
  type MqttTarget,
  type PublisherSettings,
  publish,
  readPublisherSettings,
} from '../../src/publishing';
import { FieldError, parseRecord } from '../../src/record';

interface PublishDef extends NodeDef {
  endpoint: string;
}

type ConnectionState = 'connecting' | 'connected' | 'disconnected';
type EndpointNode = Node & {
  title: string;
  open(): MqttTarget | undefined;
  watch(listener: (state: ConnectionState) => void): void;
  unwatch(listener: (state: ConnectionState) => void): void;
};

const LIGHTS = {
  connected: { fill: 'green', shape: 'dot' },
  connecting: { fill: 'yellow', shape: 'ring' },
  disconnected: { fill: 'red', shape: 'ring' },
} as const;

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('scada-publish', function (this: Node, config: PublishDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`scada-publish.status.${key}`, values);
    const endpoint = RED.nodes.getNode(config.endpoint) as EndpointNode | null;

    let settings: PublisherSettings;
    let target: MqttTarget;
    try {
      settings = readPublisherSettings(config);
      const opened = endpoint?.open();
      if (!opened)
        throw new FieldError('settings.endpoint', 'a scada-endpoint with valid settings', config.endpoint);
      target = opened;
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    let state: ConnectionState = 'connecting';
    let shown = '';
    const showStatus = () => {
      // Away from the broker the number waiting is what matters; connected it changes too fast to read.
      const waiting = state === 'connected' ? 0 : target.pending;
      const now = waiting ? text('waiting', { count: waiting }) : text(state);
      if (now !== shown) this.status({ ...LIGHTS[state], text: now });
      shown = now;
    };
    const onState = (now: ConnectionState) => {
      state = now;
      showStatus();
    };
    endpoint?.watch(onState);

    this.on('input', (msg, send, done) => {
      const deliver = async () => {
        const record = parseRecord(msg.payload);
        const sent = publish(record, settings, target, endpoint?.title ?? '');
        showStatus();
        const receipt = await sent;
        send({ topic: receipt.meter, payload: receipt } as NodeMessage);
      };
      deliver().then(() => done(), done);
    });

    this.on('close', (_removed: boolean, done: () => void) => {
      endpoint?.unwatch(onState);
      done();
    });
  });
};
