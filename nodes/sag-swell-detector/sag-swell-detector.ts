import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import { check, kindOf, type PqRecord, WaveformFrame } from '../../src/record';

const COMMANDS = ['configure', 'flush'] as const;

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('sag-swell-detector', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`sag-swell-detector.status.${key}`, values);
    let passedOver = 0;
    let shown = '';

    const output = (port: number, record: PqRecord) => {
      const ports: (NodeMessage | null)[] = [null, null, null];
      ports[port] = { topic: record.meter, payload: record } as NodeMessage;
      this.send(ports as NodeMessage[]);
    };

    let detector: SagSwellDetector;
    try {
      detector = new SagSwellDetector(readDetectorSettings(config), {
        event: (event) => output(0, event),
        rms: (rms) => output(1, rms),
        diagnostic: (diagnostic) => output(2, diagnostic),
      });
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const showStatus = () => {
      const { meters, open } = detector.status;
      const now = [
        open ? text('open', { open, meters }) : text('watching', { meters }),
        passedOver ? text('passed', { count: passedOver }) : '',
      ].join(' ');
      if (now !== shown) this.status({ fill: open ? 'yellow' : 'green', shape: 'dot', text: now.trim() });
      shown = now;
    };
    showStatus();

    this.on('input', (msg, _send, done) => {
      const { command, meter, payload } = msg as { command?: unknown; meter?: unknown; payload?: unknown };
      try {
        if (command !== undefined) {
          if (check.oneOf(command, 'msg.command', COMMANDS) === 'configure')
            detector.configure(payload, 'payload');
          else detector.finish(meter === undefined ? undefined : check.text(meter, 'msg.meter'));
        } else if (kindOf(payload) === 'waveform') {
          detector.push(WaveformFrame.from(payload));
        } else {
          passedOver++;
        }
        showStatus();
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
};
