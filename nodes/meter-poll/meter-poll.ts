import { inspect } from 'node:util';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { board } from '../../src/desk';
import {
  type FleetMeter,
  MeterLinks,
  type ModbusLink,
  Poller,
  readCaptureCount,
  readPollerSettings,
  type Written,
} from '../../src/metering';
import {
  check,
  type Diagnostic,
  FieldError,
  type PqEvent,
  type PqRecord,
  type Reading,
  type WaveformFrame,
} from '../../src/record';
import { RunTimeValues } from '../../src/shared';
import { type LossView, viewLosses } from '../losses';

interface MeterPollDef extends NodeDef {
  fleet: string;
}

interface Message {
  command?: unknown;
  meter?: unknown;
  payload?: unknown;
  /** Of an `http in` node. */
  req?: { user?: { username?: string } };
  /** Of FlowFuse's dashboard. */
  _client?: { user?: { username?: string } };
}

/** A text from outside as one line of a log. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

type FleetNode = Node & { meters?: FleetMeter[]; readOnly?: boolean };
type LinkNode = Node & { link?: ModbusLink };

/** The status is looked after this often, ms. */
const SHOW_EVERY = 500;
const COMMANDS = ['poll', 'write', 'clear-buffer', 'capture', 'stats'] as const;

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('meter-poll', function (this: Node, config: MeterPollDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`meter-poll.status.${key}`, values);
    /** Blocks and log entries that a meter wrote over before they were read. */
    let overwritten = 0;
    let shown = '';
    const showStatus = () => {
      const { meters, answering } = poller.status;
      const fill = answering === meters ? 'green' : answering > 0 ? 'yellow' : 'red';
      const lost = losses?.total ?? 0;
      const now =
        text('answering', { answering, meters }) + (lost ? ` ${text('lost', { count: lost })}` : '');
      if (shown !== fill + now) this.status({ fill, shape: 'dot', text: now });
      shown = fill + now;
    };

    const output = (port: number, record: PqRecord) => {
      const message: NodeMessage & { topic?: string } = { topic: record.meter, payload: record };
      const ports: (NodeMessage | null)[] = [null, null, null];
      ports[port] = message;
      this.send(ports as NodeMessage[]);
      board.take(this.id, record);
    };

    // In the context of the flow: without a configured store Node-RED throws that of a node away at each
    // redeploy of the node.
    const store = this.context().flow;
    const key = `eventLogs_${this.id.replace(/\W/g, '_')}`;
    const positions = { ...(store.get(key) as Record<string, unknown> | undefined) };
    const memory = {
      get: (meter: string) => (Object.hasOwn(positions, meter) ? positions[meter] : undefined),
      set: (meter: string, position: unknown) => {
        if (JSON.stringify(positions[meter]) === JSON.stringify(position)) return;
        positions[meter] = position;
        store.set(key, positions);
      },
    };

    /** Who wrote what to a meter, what stood there before and what after: in the log, and in Node-RED's audit. */
    const audit = (meter: string, by: string, what: string, detail: object, msg?: Message) => {
      this.log(oneLine(`write to ${meter} by ${by}: ${what}`));
      RED.log.audit(
        { event: 'power-quality.write', node: this.id, meter, by, ...detail } as never,
        msg?.req as never,
      );
    };
    const auditWrite = (meter: string, by: string, { register, before, value }: Written, msg?: Message) =>
      audit(
        meter,
        by,
        `${register} ${before ?? 'not read'} -> ${value}`,
        { register, before, after: value },
        msg,
      );

    let poller: Poller;
    let losses: LossView | undefined;
    const fleetNode = RED.nodes.getNode(config.fleet) as FleetNode | null;
    const { readOnly = false } = fleetNode ?? {};
    const links = new MeterLinks((name) => findLink(name)?.link, { readOnly });
    try {
      const fleet = fleetNode?.meters;
      if (!fleet) throw new FieldError('settings.fleet', 'a meter-fleet with a valid table', config.fleet);
      const known = new Set(fleet.map(({ id }) => id));
      for (const meter of Object.keys(positions)) if (!known.has(meter)) delete positions[meter];
      const outputs = {
        reading: (reading: Reading) => output(0, reading),
        waveform: (frame: WaveformFrame) => output(0, frame),
        event: (event: PqEvent) => output(1, event),
        diagnostic: (diagnostic: Diagnostic) => {
          const { lost } = diagnostic.detail;
          if (typeof lost === 'number') overwritten += lost;
          output(2, diagnostic);
        },
        written: (meter: string, written: Written) => auditWrite(meter, 'a setting of meter-poll', written),
      };
      const values = new RunTimeValues(config, (value, source) =>
        RED.util.evaluateNodeProperty(value, source, this, {}),
      );
      const settings = readPollerSettings(values.settings());
      poller = new Poller(fleet, (meter) => links.of(meter), settings, outputs, memory);
      losses = viewLosses(this, () => ({ overwritten, requestsRefused: links.refused }));
      showStatus();
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    // By the clock: to count who answers takes longer the more meters there are.
    const showing = setInterval(showStatus, SHOW_EVERY);
    const audited = async (
      msg: Message,
      meter: string,
      work: (wrote: (written: Written) => void) => Promise<void>,
    ) => {
      const by = msg.req?.user?.username ?? msg._client?.user?.username ?? 'the flow';
      try {
        await work((written) => auditWrite(meter, by, written, msg));
      } catch (error) {
        const { message } = error as Error;
        // Of a payload that may be anything.
        const wanted = inspect(msg.payload ?? msg.command, {
          depth: 1,
          breakLength: Number.POSITIVE_INFINITY,
        }).slice(0, 200);
        audit(meter, by, `failed, ${wanted}: ${message}`, { wanted, error: message }, msg);
        throw error;
      }
    };

    const perform = async (msg: Message): Promise<void> => {
      const command = check.oneOf(msg.command, 'msg.command', COMMANDS);
      if (command === 'poll' && msg.meter === undefined) return await poller.poll();
      if (command === 'stats' && msg.meter === undefined) {
        if (losses) output(2, losses.statistics(poller.status));
        return poller.tellStatistics();
      }
      const meter = check.text(msg.meter, 'msg.meter');
      if (command === 'poll') return await poller.poll(meter);
      if (command === 'write')
        return await audited(msg, meter, (wrote) => poller.write(meter, msg.payload, wrote));
      if (command === 'stats') return poller.tellStatistics(meter);
      if (command === 'capture') return await poller.capture(meter, readCaptureCount(msg.payload));
      return await audited(msg, meter, (wrote) => poller.clearBuffer(meter, wrote));
    };

    this.on('input', (msg, _send, done) => {
      perform(msg as Message).then(() => done(), done);
    });

    this.on('close', (removed: boolean, done: () => void) => {
      if (removed) store.set(key, undefined);
      losses?.close();
      clearInterval(showing);
      poller.stop();
      void links.close().then(done);
    });

    /** A modbus-link by id, or by its name, as tables imported from CSV have it. */
    function findLink(name: string): LinkNode | undefined {
      let found = RED.nodes.getNode(name) as LinkNode | null;
      RED.nodes.eachNode((node) => {
        if (!found && node.type === 'modbus-link' && node.name === name) found = RED.nodes.getNode(node.id);
      });
      return found ?? undefined;
    }
  });
};
