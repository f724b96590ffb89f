import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { exportEvent, readExportRequest } from '../../src/comtrade';
import { board } from '../../src/desk';
import {
  eventOfId,
  type History,
  history,
  JournalKeeper,
  type ReplayAnswer,
  readDetectorSettings,
  readJournalSettings,
  readSuspended,
  SagSwellDetector,
  tryThresholds,
} from '../../src/disturbance';
import {
  check,
  endedMeter,
  FieldError,
  kindOf,
  type PqRecord,
  parseRecord,
  type Reading,
  WaveformFrame,
} from '../../src/record';
import { RunTimeValues } from '../../src/shared';
import { openDoor } from '../admin-door';
import { showRegularly, viewLosses } from '../losses';

const COMMANDS = ['configure', 'flush', 'history', 'replay', 'export', 'stats'] as const;
/** How events in progress stand is put into the journal this often, ms, and when one begins or ends. */
const NOTE_EVERY = 10_000;
/** A meter that was in the middle of an event at a restart, and is silent for so long, ms: its event is over. */
const RESUME_WITHIN = 600_000;
/** Output of answers to commands. */
const ANSWERS = 3;
/** Events of the journal that the sidebar shows after a start. */
const PAST = 100;

interface Message extends NodeMessage {
  command?: unknown;
  meter?: unknown;
}

interface DetectorNode extends Node {
  /** Events of the past without captures, the newest where there are more. */
  past?(query: object): Promise<History>;
  /** What other thresholds would have told. */
  replay?(thresholds: object): Promise<ReplayAnswer>;
}

/** Days that the panel looks back, and events that it draws. */
const LOOK_BACK = 30 * 86_400_000;
const DRAWN = 2000;

export = (RED: NodeAPI): void => {
  // What the threshold view of the panel shows.
  const permission = 'sag-swell-detector.read';
  const nodeOf = (id: unknown) => RED.nodes.getNode(String(id)) as DetectorNode | null;
  openDoor(RED, { method: 'get', path: '/sag-swell-detector/:id/past', permission }, (req, res) => {
    const query = { from: Date.now() - LOOK_BACK, limit: DRAWN };
    Promise.resolve(nodeOf(req.params.id)?.past?.(query)).then(
      (past) => res.json(past ?? { events: [], more: false }),
      (error: Error) => res.status(400).json({ error: error.message }),
    );
  });
  openDoor(RED, { method: 'post', path: '/sag-swell-detector/:id/replay', permission }, (req, res) => {
    const thresholds = { ...(req.body as object), from: Date.now() - LOOK_BACK };
    Promise.resolve(nodeOf(req.params.id)?.replay?.(thresholds)).then(
      (answer) => (answer ? res.json(answer) : res.status(404).json({ error: 'the node is not deployed' })),
      (error: Error) => res.status(400).json({ error: error.message }),
    );
  });

  RED.nodes.registerType('sag-swell-detector', function (this: DetectorNode, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`sag-swell-detector.status.${key}`, values);
    const name = this.id.replace(/\W/g, '_');
    let passedOver = 0;
    let shown = '';

    const output = (port: number, record: PqRecord) => {
      const ports: (NodeMessage | null)[] = [null, null, null, null];
      ports[port] = { topic: record.meter, payload: record } as NodeMessage;
      this.send(ports as NodeMessage[]);
      board.take(this.id, record);
    };

    // In the context of the flow: without a configured store Node-RED throws that of a node away at each
    // redeploy of the node.
    const store = this.context().flow;
    const key = `eventsInProgress_${name}`;
    const suspended = () => {
      try {
        return readSuspended(store.get(key));
      } catch (error) {
        this.warn(`${key}: ${(error as Error).message}`);
        return [];
      }
    };

    let values: RunTimeValues;
    /** The last events of before, for the sidebar. */
    const showPast = async (kept: JournalKeeper) => {
      const past = await kept.journal
        .then((opened) => history(opened, { limit: PAST }))
        .catch(() => undefined);
      for (const event of past?.events ?? []) board.take(this.id, event);
    };

    let detector: SagSwellDetector;
    let keeper: JournalKeeper | undefined;
    const before = suspended();
    // Taken up once: what is killed after this is known by the journal.
    store.set(key, undefined);
    try {
      values = new RunTimeValues(config, (value, source, msg) =>
        RED.util.evaluateNodeProperty(value, source, this, (msg ?? {}) as NodeMessage),
      );
      const settings = readDetectorSettings(values.settings());
      const kinds = readJournalSettings(config);
      const { userDir } = RED.settings;
      if (userDir) {
        const folder = join(userDir, 'power-quality', 'journal', name);
        keeper = new JournalKeeper(
          folder,
          kinds,
          config.name || 'sag-swell-detector',
          (diagnostic) => output(2, diagnostic),
          (event) => output(0, event),
        );
      }
      const kept = keeper;
      if (kept?.keeps) {
        board.provide(this.id, { event: async (id) => await eventOfId(await kept.journal, id) });
        void showPast(kept);
      }
      detector = new SagSwellDetector(
        settings,
        {
          event: (event) => (kept ? kept.addEvent(event) : output(0, event)),
          rms: (rms) => output(1, rms),
          diagnostic: (diagnostic) => output(2, diagnostic),
          ...(kept && { excursion: (excursion) => kept.addExcursion(excursion) }),
        },
        before,
      );
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const goingOn = new Set(before.flatMap(({ events }) => events.map(({ id }) => id)));
    void keeper?.endCut(goingOn);
    const noting = setInterval(() => {
      if (detector.status.open) keeper?.note(detector.standing);
    }, NOTE_EVERY);
    const resuming = setTimeout(() => detector.endSuspendedAll('cut'), RESUME_WITHIN).unref();

    const lossesOf = () => {
      const { gaps, framesLate, metersReleased, ...losses } = detector.counters;
      return { ...losses, passedOver, journalLost: keeper?.lost ?? 0 };
    };
    const losses = viewLosses(this, lossesOf);

    const showStatus = () => {
      const { meters, open } = detector.status;
      const lost = losses.total - passedOver;
      const failing = keeper?.failure !== undefined;
      const refused = detector.counters.metersRefused;
      const now = [meters, open, passedOver, lost, refused, failing].join(' ');
      // Looked up in the catalogue only when it changed.
      if (now === shown) return;
      shown = now;
      const words = [
        open ? text('open', { open, meters }) : text('watching', { meters }),
        passedOver ? text('passed', { count: passedOver }) : '',
        refused ? text('refused', { count: refused }) : '',
        lost ? text('lost', { count: lost }) : '',
        failing ? text('journal') : '',
      ];
      const fill = refused || failing ? 'red' : open || lost ? 'yellow' : 'green';
      this.status({ fill, shape: 'dot', text: words.filter((word) => word !== '').join(' ') });
    };
    const status = showRegularly(showStatus);

    const journal = () => {
      if (!keeper?.keeps)
        throw new FieldError('settings.journal', 'a journal, and a user folder for it', false);
      return keeper.journal;
    };

    this.past = async (query) => await history(await journal(), query);
    this.replay = async (thresholds) => await tryThresholds(await journal(), thresholds, detector.settings);

    /** Performs a command; gives its answer, where it has one. */
    const perform = async ({ command, meter, payload }: Message): Promise<unknown> => {
      switch (check.oneOf(command as (typeof COMMANDS)[number], 'msg.command', COMMANDS)) {
        case 'configure':
          detector.configure(payload, 'payload');
          return undefined;
        case 'flush':
          detector.finish(meter === undefined ? undefined : check.text(meter, 'msg.meter'));
          return undefined;
        case 'stats': {
          const { status, counters, budget } = detector;
          output(2, losses.statistics({ ...status, ...counters, budget }));
          return undefined;
        }
        case 'history':
          return await history(await journal(), payload);
        case 'replay':
          return await tryThresholds(await journal(), payload, detector.settings);
        case 'export': {
          const { id, ...options } = check.object(payload, 'payload');
          const asked =
            id !== undefined && options.kind === undefined
              ? { ...options, event: await eventOfId(await journal(), id) }
              : payload;
          return exportEvent(readExportRequest(asked));
        }
      }
    };

    /** Takes over thresholds that come at run time and have changed: at once, events in progress go on. */
    const follow = (msg: Message) => {
      const patch = values.changed(msg);
      if (!patch) return;
      detector.configure(patch, 'settings');
      values.taken(patch);
    };

    const take = (payload: unknown) => {
      const kind = kindOf(payload);
      if (kind === 'waveform') detector.push(WaveformFrame.from(payload));
      else if (kind === 'reading') detector.pushReading(parseRecord(payload) as Reading);
      else passedOver++;
    };

    this.on('input', (msg: Message, send, done) => {
      if (msg.command === undefined) {
        try {
          follow(msg);
          take(msg.payload);
          status.soon();
          done();
        } catch (error) {
          // A refused last frame ends its stream all the same.
          const ended = endedMeter(msg.payload);
          if (ended !== undefined) detector.finish(ended);
          done(error as Error);
        }
        return;
      }
      perform(msg)
        .then((answer) => {
          if (answer !== undefined) {
            const ports: (NodeMessage | null)[] = [null, null, null, null];
            ports[ANSWERS] = { ...msg, payload: answer };
            send(ports as NodeMessage[]);
          }
          showStatus();
          done();
        })
        .catch(done);
    });

    this.on('close', (removed: boolean, done: () => void) => {
      clearInterval(noting);
      status.stop();
      clearTimeout(resuming);
      losses.close();
      detector.close();
      board.forget(this.id);
      store.set(key, removed ? undefined : detector.suspend(true));
      keeper?.release();
      void Promise.resolve(keeper?.close()).then(done, done);
    });
  });
};
