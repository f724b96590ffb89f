import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { check, kindOf, parseRecord, type Reading } from '../../src/record';

const COMMANDS = ['run', 'reset'] as const;

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('phase-correlator', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`phase-correlator.status.${key}`, values);
    let passedOver = 0;
    let shown = '';

    let correlator: PhaseCorrelator;
    try {
      correlator = new PhaseCorrelator(readCorrelatorSettings(config));
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const showStatus = (result = '') => {
      const now = [
        result || text('collecting', correlator.status),
        passedOver ? text('passed', { count: passedOver }) : '',
      ].join(' ');
      if (now !== shown) this.status({ fill: 'green', shape: result ? 'dot' : 'ring', text: now.trim() });
      shown = now;
    };
    showStatus();

    /** All readings of a message, checked before the first is taken: a bad one leaves nothing half done. */
    const readingsOf = (payload: unknown): Reading[] => {
      const records = Array.isArray(payload) ? payload : [payload];
      return records.flatMap((record, i) => {
        const at = Array.isArray(payload) ? `payload[${i}]` : 'payload';
        if (kindOf(record, at) === 'reading') return [parseRecord(record, at) as Reading];
        passedOver++;
        return [];
      });
    };

    this.on('input', (msg, send, done) => {
      try {
        const { command } = msg as { command?: unknown };
        if (command === undefined) {
          for (const reading of readingsOf(msg.payload)) {
            if (!correlator.push(reading, Date.now())) passedOver++;
          }
          showStatus();
        } else if (check.oneOf(command, 'msg.command', COMMANDS) === 'reset') {
          correlator.reset();
          showStatus();
        } else {
          const { map, diagnostics } = correlator.run(Date.now());
          const toMessage = (payload: { meter: string }) =>
            ({ topic: payload.meter, payload }) as NodeMessage;
          send([[toMessage(map)], diagnostics.map(toMessage)]);
          showStatus(text('result', map.run));
        }
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
};
