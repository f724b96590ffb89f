import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import { kindOf, WaveformFrame } from '../../src/record';

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('var-calculator', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`var-calculator.status.${key}`, values);
    let passedOver = 0;
    let shown = '';

    let calculator: PowerCalculator;
    try {
      calculator = new PowerCalculator(readCalculatorSettings(config), (power) => {
        this.send([{ topic: power.meter, payload: power } as NodeMessage, null] as NodeMessage[]);
      });
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const showStatus = () => {
      const now = [
        text('meters', { meters: calculator.meterCount }),
        passedOver ? text('passed', { count: passedOver }) : '',
      ].join(' ');
      if (now !== shown) this.status({ fill: 'green', shape: 'dot', text: now.trim() });
      shown = now;
    };
    showStatus();

    this.on('input', (msg, _send, done) => {
      try {
        if (kindOf(msg.payload) === 'waveform') calculator.push(WaveformFrame.from(msg.payload));
        else passedOver++;
        showStatus();
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
};
