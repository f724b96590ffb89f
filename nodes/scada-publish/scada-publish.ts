import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { board } from '../../src/desk';
import {
  type LinkTrouble,
  Publisher,
  type PublisherSettings,
  readPublisherSettings,
  removeOutbox,
  storeError,
  type Target,
  type TargetState,
} from '../../src/publishing';
import {
  Conditions,
  check,
  type Diagnostic,
  FieldError,
  type PqRecord,
  parseRecord,
  type Receipt,
} from '../../src/record';
import { PatientOpening, RunTimeValues } from '../../src/shared';
import { viewLosses } from '../losses';

interface PublishDef extends NodeDef {
  endpoint: string;
}

interface Credentials {
  /** Secret under which the store is sealed. */
  key?: string;
}

type EndpointNode = Node & {
  title: string;
  open(): Target | undefined;
  watch(listener: (state: TargetState, trouble?: LinkTrouble) => void): void;
  unwatch(listener: (state: TargetState, trouble?: LinkTrouble) => void): void;
};

interface Message extends NodeMessage {
  command?: unknown;
}

const COMMANDS = ['flush', 'pause', 'resume', 'stats', 'rejected', 'retry'] as const;

const LIGHTS = {
  connected: { fill: 'green', shape: 'dot' },
  connecting: { fill: 'yellow', shape: 'ring' },
  disconnected: { fill: 'red', shape: 'ring' },
  silent: { fill: 'yellow', shape: 'dot' },
  refused: { fill: 'red', shape: 'dot' },
  paused: { fill: 'grey', shape: 'ring' },
} as const;
/** The status counts what waits this often, ms: faster nobody reads. */
const LOOK_EVERY = 1000;

export = (RED: NodeAPI): void => {
  const credentials = { key: { type: 'password' as const } };
  const register = function (this: Node, config: PublishDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`scada-publish.status.${key}`, values);
    const endpoint = RED.nodes.getNode(config.endpoint) as EndpointNode | null;

    let settings: PublisherSettings;
    let target: Target;
    try {
      const values = new RunTimeValues(config, (value, source) =>
        RED.util.evaluateNodeProperty(value, source, this, {}),
      );
      settings = readPublisherSettings(values.settings());
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

    const output = (port: number, record: PqRecord) => {
      const ports: (NodeMessage | null)[] = [null, null];
      ports[port] = { topic: record.meter, payload: record } as NodeMessage;
      this.send(ports as NodeMessage[]);
    };
    const { userDir } = RED.settings;
    // A Node-RED without a user folder (in a test) has nothing that survives it.
    const base = userDir ? join(userDir, 'power-quality') : mkdtempSync(join(tmpdir(), 'power-quality-'));
    const folder = join(base, 'outbox', this.id.replace(/\W/g, '_'));
    const names = { name: config.name || 'scada-publish', target: endpoint?.title ?? '' };
    const listener = {
      receipt: (receipt: Receipt) => output(0, receipt),
      diagnostic: (diagnostic: Diagnostic) => output(1, diagnostic),
    };
    const conditions = new Conditions((finding) =>
      output(1, { kind: 'diagnostic', meter: names.name, time: Date.now(), ...finding }),
    );
    const secret = (this as Node<Credentials>).credentials?.key || undefined;
    const store = new PatientOpening(
      async () => {
        const opened = await Publisher.open(folder, settings, target, names, listener, { secret });
        opened.look(trouble);
        return opened;
      },
      (error) => {
        conditions.set('store', error && storeError(`the store cannot be opened: ${error.message}`));
        if (!error) return;
        this.error(error.message);
        shown = text('store');
        this.status({ fill: 'red', shape: 'ring', text: shown });
      },
    );

    let trouble: LinkTrouble | undefined;
    let shown = '';
    let told = '';
    const showStatus = async () => {
      const publisher = store.opened;
      if (!publisher) return;
      const age = await publisher.age().catch(() => undefined);
      const { queued, standing, rejectedCount } = publisher;
      const words = [text(standing)];
      const lost = losses.total - publisher.losses.rejected;
      if (lost > 0) words.push(text('lost', { count: lost }));
      if (rejectedCount > 0) words.push(text('rejected', { count: rejectedCount }));
      if (queued > 0) words.push(text('waiting', { count: queued, age: inWords(age ?? 0) }));
      const now = words.join(', ');
      const standingNow = `${now} ${age ?? 0}`;
      if (standingNow !== told) {
        const name = config.name || this.id;
        board.queue(this.id, { name, target: endpoint?.title ?? '', state: standing, queued, age: age ?? 0 });
      }
      told = standingNow;
      const isWell = rejectedCount === 0 && lost <= 0;
      const light = standing === 'connected' && !isWell ? LIGHTS.silent : LIGHTS[standing];
      if (now !== shown) this.status({ ...light, text: now });
      shown = now;
    };
    const inWords = (seconds: number) => {
      if (seconds < 60) return text('seconds', { n: Math.floor(seconds) });
      if (seconds < 3600) return text('minutes', { n: Math.floor(seconds / 60) });
      return seconds < 172_800
        ? text('hours', { n: Math.floor(seconds / 3600) })
        : text('days', { n: Math.floor(seconds / 86_400) });
    };
    const onState = (_state: TargetState, why?: LinkTrouble) => {
      trouble = why;
      store.opened?.look(why);
      void showStatus();
    };
    endpoint?.watch(onState);
    let refusedWithoutStore = 0;
    const losses = viewLosses(this, () => ({ ...store.opened?.losses, refusedWithoutStore }));
    const look = setInterval(() => void showStatus(), LOOK_EVERY);

    const perform = async (open: Publisher, given: unknown) => {
      const command = check.oneOf(given as (typeof COMMANDS)[number], 'msg.command', COMMANDS);
      if (command === 'flush') await open.flush();
      else if (command === 'pause') open.pause();
      else if (command === 'resume') open.resume();
      else if (command === 'retry') await open.retry();
      else if (command === 'stats') output(1, await open.stats());
      else {
        const payload = await open.rejected();
        this.send([null, { topic: names.name, command, payload } as NodeMessage] as NodeMessage[]);
      }
      await showStatus();
    };

    this.on('input', (msg, _send, done) => {
      const { command, payload } = msg as Message;
      const take = async () => {
        const open = await store.get().catch((error: Error) => {
          if (command === undefined) refusedWithoutStore++;
          throw error;
        });
        if (command !== undefined) return await perform(open, command);
        await open.accept(parseRecord(payload));
      };
      take().then(() => done(), done);
    });

    this.on('close', (removed: boolean, done: () => void) => {
      clearInterval(look);
      losses.close();
      board.forget(this.id);
      endpoint?.unwatch(onState);
      const end = async () => {
        const open = await store.close();
        const left = await open?.close();
        if (!userDir) await rm(base, { recursive: true, force: true });
        if (!removed || left === undefined) return;
        // What has not been sent is not thrown away with the node.
        if (left > 0) this.warn(RED._('scada-publish.warning.left', { count: left, folder }));
        else await removeOutbox(folder);
      };
      end().then(done, done);
    });
  };
  RED.nodes.registerType('scada-publish', register, { credentials });
};
