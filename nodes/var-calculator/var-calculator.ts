import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { board } from '../../src/desk';
import { limitTable, PowerCalculator, readCalculatorSettings } from '../../src/power';
import {
  check,
  endedMeter,
  FieldError,
  kindOf,
  parseRecord,
  type Reading,
  WaveformFrame,
} from '../../src/record';
import { RunTimeValues } from '../../src/shared';
import { type Door, openDoor } from '../admin-door';
import { showRegularly, viewLosses } from '../losses';

const COMMANDS = ['reset-energy', 'stats'] as const;
/** Energies are put into the context store this often, ms, besides when the node is closed. */
const SAVE_EVERY = 10_000;

interface Message extends NodeMessage {
  command?: unknown;
  meter?: unknown;
}

/** Meters that are remembered to have been reported. */
const MOST_REPORTED = 5000;

interface CalculatorDef extends NodeDef {
  wiring?: string;
}

interface CalculatorNode extends Node {
  calculator?: PowerCalculator;
}

export = (RED: NodeAPI): void => {
  // What the phasor diagram of the panel shows: the meters heard of, and the newest values of one.
  const door: Door = {
    method: 'get',
    path: '/var-calculator/:id/latest',
    permission: 'var-calculator.read',
  };
  openDoor(RED, door, (req, res) => {
    const { calculator } = (RED.nodes.getNode(String(req.params.id)) ?? {}) as CalculatorNode;
    const { meter } = req.query;
    const latest = calculator?.latest;
    res.json({
      meters: latest?.meters ?? [],
      power: latest?.of(typeof meter === 'string' && meter ? meter : undefined) ?? null,
    });
  });

  RED.nodes.registerType('var-calculator', function (this: CalculatorNode, config: CalculatorDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`var-calculator.status.${key}`, values);
    let passedOver = 0;
    let shown = '';

    // In the context of the flow: without a configured store Node-RED throws that of a node away at each
    // redeploy of the node.
    const store = this.context().flow;
    const key = `energies_${this.id.replace(/\W/g, '_')}`;

    let calculator: PowerCalculator;
    try {
      const values = new RunTimeValues(config, (value, source) =>
        RED.util.evaluateNodeProperty(value, source, this, {}),
      );
      const settings = readCalculatorSettings(values.settings());
      calculator = new PowerCalculator(
        settings,
        {
          power: (power) => {
            this.send([{ topic: power.meter, payload: power } as NodeMessage, null] as NodeMessage[]);
            board.take(this.id, power);
          },
          finding: (meter, time, finding) => {
            const payload = { kind: 'diagnostic', meter, time, ...finding };
            this.send([null, { topic: meter, payload } as NodeMessage] as NodeMessage[]);
          },
        },
        store.get(key),
      );
      this.calculator = calculator;
      board.provide(this.id, {
        limits: () => limitTable(settings),
        power: (meter) => calculator.latest.of(meter),
      });
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const save = () => store.set(key, calculator.energy);
    const saving = setInterval(save, SAVE_EVERY);

    const lossesOf = () => {
      const { gaps, framesLate, metersReleased, ...losses } = calculator.counters;
      return { ...losses, passedOver };
    };
    const losses = viewLosses(this, lossesOf);
    const showStatus = () => {
      const meters = calculator.meterCount;
      const lost = losses.total - passedOver;
      const refused = calculator.counters.metersRefused;
      const now = [meters, passedOver, lost, refused].join(' ');
      // Looked up in the catalogue only when it changed.
      if (now === shown) return;
      shown = now;
      const words = [
        text('meters', { meters }),
        passedOver ? text('passed', { count: passedOver }) : '',
        refused ? text('refused', { count: refused }) : '',
        lost ? text('lost', { count: lost }) : '',
      ];
      const fill = refused ? 'red' : lost ? 'yellow' : 'green';
      this.status({ fill, shape: 'dot', text: words.filter((word) => word !== '').join(' ') });
    };
    const status = showRegularly(showStatus);

    const perform = ({ command, meter }: Message) => {
      if (check.oneOf(command as (typeof COMMANDS)[number], 'msg.command', COMMANDS) === 'stats') {
        const payload = losses.statistics({
          meters: calculator.meterCount,
          ...calculator.counters,
          budget: calculator.budget,
        });
        this.send([null, { topic: payload.meter, payload } as NodeMessage] as NodeMessage[]);
        return;
      }
      const name = meter === undefined ? undefined : check.text(meter, 'msg.meter');
      if (!calculator.resetEnergy(name)) {
        throw new FieldError('msg.meter', 'a meter whose energy was counted', meter);
      }
      save();
    };

    /** Meters whose waveforms have voltages without currents, each reported once. */
    const withoutCurrent = new Set<string>();
    const takeFrame = (frame: WaveformFrame) => {
      // A source of voltages alone is no mistake; one of currents alone, or of phases that do not meet, is refused.
      if (calculator.measures(frame) || frame.names.some((name) => name[0] === 'i')) {
        calculator.push(frame);
        return;
      }
      passedOver++;
      const { meter, layout, time } = frame;
      if (withoutCurrent.has(meter) || withoutCurrent.size >= MOST_REPORTED) return;
      withoutCurrent.add(meter);
      const payload = {
        kind: 'diagnostic',
        meter,
        time,
        code: 'NO_CURRENT',
        severity: 'info',
        text: `no power: the waveform has ${layout}, not a voltage and its current as ${config.wiring || '3P4W'} needs them`,
        hint: 'Check wiring, and which channels the source gives.',
        detail: { channels: layout.split(' ') },
      };
      this.send([null, { topic: meter, payload } as NodeMessage] as NodeMessage[]);
    };

    const take = (payload: unknown) => {
      const kind = kindOf(payload);
      if (kind === 'waveform') takeFrame(WaveformFrame.from(payload));
      else if (kind !== 'reading' || !calculator.pushReading(parseRecord(payload) as Reading)) passedOver++;
    };

    this.on('input', (msg: Message, _send, done) => {
      try {
        if (msg.command !== undefined) perform(msg);
        else take(msg.payload);
        status.soon();
        done();
      } catch (error) {
        // A refused last frame ends its stream all the same.
        const ended = endedMeter(msg.payload);
        if (ended !== undefined) calculator.finish(ended);
        done(error as Error);
      }
    });

    this.on('close', (removed: boolean, done: () => void) => {
      clearInterval(saving);
      status.stop();
      losses.close();
      calculator.close();
      board.forget(this.id);
      store.set(key, removed ? undefined : calculator.energy);
      done();
    });
  });
};
