import { join, resolve } from 'node:path';
import { Cron } from 'croner';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { board } from '../../src/desk';
import {
  changesText,
  historyDamaged,
  ImportThread,
  inSlices,
  PhaseCorrelator,
  readCorrelatorSettings,
  resultsJson,
  SeriesDisk,
  seriesDamaged,
  seriesError,
  seriesKey,
  tablePath,
  WorkerPool,
} from '../../src/phasing';
import {
  Conditions,
  check,
  type Diagnostic,
  FieldError,
  type Finding,
  kindOf,
  type PqEvent,
  parseRecord,
  type Reading,
} from '../../src/record';
import { PatientOpening } from '../../src/shared';
import { viewLosses } from '../losses';

const COMMANDS = [
  'run',
  'reset',
  'import',
  'cancel',
  'plot',
  'stats',
  'records',
  'accept',
  'reject',
  'history',
] as const;
/** These wait for nobody. */
const AT_ONCE: readonly Command[] = ['cancel', 'plot', 'stats', 'accept', 'reject', 'history'];
type Command = (typeof COMMANDS)[number];

interface Credentials {
  /** Secret under which the window lies on disk. */
  key?: string;
}

interface Message extends NodeMessage {
  command?: unknown;
  payload: unknown;
}

export = (RED: NodeAPI): void => {
  const credentials = { key: { type: 'password' as const } };
  const register = function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`phase-correlator.status.${key}`, values);
    let passedOver = 0;
    let shown = '';
    let running: WorkerPool | undefined;
    let importing: ImportThread | undefined;
    let closing = false;

    const settings = (() => {
      try {
        return readCorrelatorSettings(config);
      } catch (error) {
        this.error((error as Error).message);
        this.status({ fill: 'red', shape: 'ring', text: text('settings') });
        this.on('input', (_msg, _send, done) => done(error as Error));
        return undefined;
      }
    })();
    if (!settings) return;
    const say = (finding: Finding) => {
      const meter = config.name || 'phase-correlator';
      const payload: Diagnostic = { kind: 'diagnostic', meter, time: Date.now(), ...finding };
      this.send([null, { topic: meter, payload } as NodeMessage] as NodeMessage[]);
    };
    const correlator = new PhaseCorrelator(settings, say);
    board.provide(this.id, {
      name: config.name || this.id,
      plot: (transformer) => correlator.plot(transformer),
    });

    // Messages wait until the window of before is read: what they bring may correct it.
    const { userDir } = RED.settings;
    const tables = resolve(userDir ?? '.', settings.folder || 'import');
    let disk: SeriesDisk | undefined;
    let opening: PatientOpening<true> | undefined;
    /** Where runs and decisions are kept; and whether it can be written without losing what could not be read. */
    let historyPath: string | undefined;
    let ready: Promise<unknown> = Promise.resolve();
    const conditions = new Conditions(say);
    if (settings.keep && userDir) {
      const folder = join(userDir, 'power-quality', 'phases', this.id.replace(/\W/g, '_'));
      const { key } = (this as Node<Credentials>).credentials ?? {};
      const kept = new SeriesDisk(folder, settings, key || undefined, {
        aside: (words) => say(seriesKey(words)),
        damaged: (words) => say(seriesDamaged(words)),
        failing: (words) => conditions.set('disk', words === undefined ? undefined : seriesError(words)),
      });
      disk = kept;
      opening = new PatientOpening(
        async () => {
          await correlator.keepOn(kept);
          historyPath = join(folder, 'history.json');
          const damaged = await correlator.history.load(historyPath);
          if (damaged) say(historyDamaged(damaged));
          return true as const;
        },
        (error) => {
          conditions.set('opening', error && seriesError(error.message));
          if (error) this.error(error.message);
          heard = -1;
          showCollecting();
        },
      );
      // Readings are taken also where the window of before cannot be read: it comes to them later.
      ready = opening.get().catch(() => undefined);
      void ready.then(() => showCollecting());
    }

    const losses = viewLosses(this, () => ({
      ...correlator.counters,
      diskDropped: disk?.counters.dropped ?? 0,
      passedOver,
    }));
    const show = (shape: 'dot' | 'ring', given: string) => {
      const noStore = conditions.keys.length > 0;
      const lost = losses.total - passedOver;
      const refused = correlator.counters.metersRefused;
      const words = [
        given,
        noStore ? text('store') : '',
        refused ? text('refused', { count: refused }) : '',
        lost ? text('lost', { count: lost }) : '',
      ]
        .filter((word) => word !== '')
        .join(', ');
      const fill = refused ? 'red' : noStore || lost ? 'yellow' : 'green';
      if (words !== shown) this.status({ fill, shape, text: words });
      shown = words;
    };
    const saveHistory = async () => {
      if (historyPath === undefined) return;
      await correlator.history.save(historyPath).then(
        () => conditions.set('history', undefined),
        (error: Error) => conditions.set('history', seriesError(error.message)),
      );
    };
    let heard = -1;
    const showCollecting = () => {
      const { meters } = correlator.status;
      const now = meters + losses.total;
      if (running || heard === now) return;
      heard = now;
      const passed = passedOver ? ` ${text('passed', { count: passedOver })}` : '';
      show('ring', text('collecting', { meters }) + passed);
    };
    showCollecting();

    /** One run at a time, in worker threads: the flow goes on meanwhile. */
    const run = async (send: (message: NodeMessage[][]) => void, only?: ReadonlySet<string>) => {
      if (running) throw new FieldError('msg.command', 'no run under way', 'run');
      const pool = new WorkerPool((done, all) =>
        show('ring', text('running', { percent: Math.round((100 * done) / all) })),
      );
      running = pool;
      try {
        const { map, diagnostics } = await correlator.runWith(pool, Date.now(), only);
        const toMessage = (payload: { meter: string }, more = {}) =>
          ({ topic: payload.meter, payload, ...more }) as NodeMessage;
        const corrections = changesText(settings.changes, map, correlator.meters, Date.now());
        const { text: changes, leftOut: changesLeftOut } = await inSlices(corrections);
        const files = { results: await inSlices(resultsJson(map)), changes, changesLeftOut };
        board.take(this.id, map);
        await saveHistory();
        send([[toMessage(map, files)], diagnostics.map((diagnostic) => toMessage(diagnostic))]);
        show('dot', text('result', map.run));
      } finally {
        running = undefined;
      }
    };
    const runBySelf = (only?: ReadonlySet<string>) => {
      if (running) return;
      run((message) => this.send(message as unknown as NodeMessage[]), only).catch((error: Error) => {
        // A run that is given up because the node is closed is no error.
        if (!closing) this.error(error.message);
      });
    };
    const schedule = settings.schedule
      ? new Cron(settings.schedule, { unref: true }, () => runBySelf())
      : undefined;

    /** All records of a message, checked before the first is taken: a bad one leaves nothing half done. */
    const recordsOf = (payload: unknown): (Reading | PqEvent)[] => {
      const records = Array.isArray(payload) ? payload : [payload];
      return records.flatMap((record, i) => {
        const at = Array.isArray(payload) ? `payload[${i}]` : 'payload';
        const kind = kindOf(record, at);
        if (kind === 'reading' || kind === 'event') return [parseRecord(record, at) as Reading | PqEvent];
        passedOver++;
        return [];
      });
    };

    const take = (payload: unknown) => {
      for (const record of recordsOf(payload)) {
        const taken =
          record.kind === 'event' ? correlator.pushEvent(record) : correlator.push(record, Date.now());
        if (!taken) passedOver++;
      }
      const restored = running ? new Set<string>() : correlator.takeRestored();
      if (restored.size) runBySelf(restored);
      showCollecting();
    };

    /** How often was cancelled: an import that waits or has not begun to read is given up, too. */
    let cancels = 0;
    const perform = async (
      name: Command,
      payload: unknown,
      send: (message: NodeMessage[][]) => void,
      since = cancels,
    ): Promise<void> => {
      if (name === 'run') return await run(send, transformersOf(payload));
      if (name === 'cancel') {
        cancels++;
        await Promise.all([importing?.cancel(), running?.stop()]);
        return;
      }
      if (name === 'stats') {
        const said = losses.statistics({ ...correlator.status, budget: correlator.budget });
        send([[], [{ topic: said.meter, payload: said } as NodeMessage]]);
        return;
      }
      const answer = (code: string, words: string, hint: string, detail: object) => {
        const said: Diagnostic = {
          ...{ kind: 'diagnostic', meter: config.name || 'phase-correlator', time: Date.now(), code },
          ...{ severity: 'info', text: words, hint, detail: { ...detail } },
        };
        send([[], [{ topic: said.meter, payload: said } as NodeMessage]]);
      };
      if (name === 'accept' || name === 'reject') {
        const { meter, phase, by, ...rest } = correlator.history.decide(name, payload, Date.now());
        await saveHistory();
        const words = `${meter}: phase ${phase} ${name}ed by ${by}`;
        answer('PHASE_DECISION', words, 'It is respected from the next run on.', {
          meter,
          phase,
          by,
          ...rest,
        });
        return;
      }
      if (name === 'history') {
        const { kept } = correlator.history;
        answer('PHASE_RUNS', `${kept.length} runs`, 'Nothing to do.', { runs: kept });
        return;
      }
      if (name === 'plot') {
        const asked = check.text(check.object(payload, 'payload').transformer, 'payload.transformer');
        send([[{ topic: asked, payload: correlator.plot(asked) } as NodeMessage], []]);
        return;
      }
      if (running) throw new FieldError('msg.command', 'no run under way', name);
      if (name === 'records') {
        const { added, changed, meters } = correlator.takeRecords(payload);
        const words = `records taken: ${changed} changed, ${added} added, ${meters} meters in all`;
        answer('RECORDS_TAKEN', words, 'They count until the next deploy or restart.', {
          added,
          changed,
          meters,
        });
        return;
      }
      if (name === 'reset') {
        await correlator.reset();
        await saveHistory();
      } else {
        const file = check.text(check.object(payload, 'payload').file, 'payload.file', 4096);
        const path = await tablePath(file, tables);
        if (since !== cancels) throw new Error('the import was cancelled');
        importing = new ImportThread(path);
        try {
          const { values, skipped, problem } = await correlator.importBy(importing, Date.now(), (part) =>
            show('ring', text('importing', { percent: Math.round(100 * part) })),
          );
          if (problem)
            this.warn(`${file}: ${skipped} of ${values + skipped} not taken; the first: ${problem}`);
        } finally {
          importing = undefined;
        }
      }
      heard = -1;
      showCollecting();
    };

    let commands: Promise<unknown> = ready;
    let runWaits = false;
    this.on('input', (msg, send, done) => {
      const message = msg as Message;
      if (message.command === undefined) {
        ready.then(() => take(message.payload)).then(() => done(), done);
        return;
      }
      let command: Command;
      try {
        command = check.oneOf(message.command as Command, 'msg.command', COMMANDS);
        if (command === 'run' && (running || runWaits))
          throw new FieldError('msg.command', 'no run under way', command);
      } catch (error) {
        done(error as Error);
        return;
      }
      const out = (messages: NodeMessage[][]) => send(messages as unknown as NodeMessage[]);
      if (AT_ONCE.includes(command)) {
        perform(command, message.payload, out).then(() => done(), done);
        return;
      }
      // Commands one after the other: a run waits for the file that is being read.
      if (command === 'run') runWaits = true;
      const since = cancels;
      const performed = commands.then(() => {
        if (command === 'run') runWaits = false;
        return perform(command, message.payload, out, since);
      });
      commands = performed.catch(() => {});
      performed.then(() => done(), done);
    });

    this.on('close', (_removed: boolean, done: () => void) => {
      closing = true;
      correlator.close();
      losses.close();
      board.forget(this.id);
      schedule?.stop();
      const end = async () => {
        await Promise.all([running?.stop(), importing?.cancel(), opening?.close()]);
        await disk?.flush();
      };
      end().then(done, done);
    });
  };
  RED.nodes.registerType('phase-correlator', register, { credentials });
};

/** Transformers of a delta run, by `msg.payload.transformers`; undefined for a run over all. */
function transformersOf(payload: unknown): Set<string> | undefined {
  const given = (payload as { transformers?: unknown } | null | undefined)?.transformers;
  if (given === undefined) return undefined;
  const at = 'payload.transformers';
  return new Set(check.array(given, at).map((name, i) => check.text(name, `${at}[${i}]`)));
}
