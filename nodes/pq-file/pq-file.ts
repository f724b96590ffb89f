import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { board } from '../../src/desk';
import {
  type FileSettings,
  type Folders,
  FolderWatcher,
  openRecord,
  pathOf,
  type RecordSource,
  readFileSettings,
  takeUpload,
} from '../../src/files';
import { check, type Diagnostic, FieldError, type PqRecord, type RecordSummary } from '../../src/record';
import { openDoor } from '../admin-door';
import { viewLosses } from '../losses';
import { inspect } from './inspect';
import { type Delivery, Readers } from './readers';

const COMMANDS = ['cancel', 'stats'] as const;
/** Files that may wait for the one that is read. */
const MOST_WAITING = 1000;
/** Pause between two statuses, ms. */
const STATUS_PAUSE = 250;
/** A record of a watched folder that holds less than its header promises is waited for this long, ms. */
const UNFINISHED = 30_000;

interface Message extends NodeMessage {
  command?: unknown;
  filename?: unknown;
}

/** What errors of the file door and of settings say beside their text. */
interface Refusal {
  code?: string;
  field?: string;
  /** Channels of a file of which none was recognised: for the panel, to choose from. */
  channels?: object[];
}

interface FileNode extends Node {
  read?(): void;
}

/** What the user folder holds for this package. */
function foldersOf(RED: NodeAPI): Folders & { memory?: string } {
  const { userDir, fileWorkingDirectory } = RED.settings as {
    userDir?: string;
    fileWorkingDirectory?: string;
  };
  const own = userDir && join(userDir, 'power-quality', 'files');
  return {
    ...(fileWorkingDirectory && { working: fileWorkingDirectory }),
    ...(own && { uploads: join(own, 'uploads'), memory: join(own, 'watched') }),
  };
}

export = (RED: NodeAPI): void => {
  const nodeOf = (id: unknown) => RED.nodes.getNode(String(id)) as FileNode | null;
  const answer = (
    work: Promise<object>,
    res: { status(code: number): { json(body: object): void }; json(body: object): void },
  ) => {
    work.then(
      (found) => res.json(found),
      ({ message, code = '', field = '', channels = [] }: Error & Refusal) =>
        res.status(400).json({ error: message, code, field, channels }),
    );
  };
  // Whoever may look into any file may as well deploy a flow that does.
  const permission = 'flows.write';
  openDoor(RED, { method: 'post', path: '/pq-file/inspect', permission }, (req, res) => {
    answer(inspect((req.body as { settings?: unknown }).settings, foldersOf(RED)), res);
  });
  openDoor(RED, { method: 'post', path: '/pq-file/upload', permission }, (req, res) => {
    const { uploads } = foldersOf(RED);
    if (!uploads) res.status(400).json({ error: 'no user folder' });
    else answer(takeUpload(uploads, req.body), res);
  });
  openDoor(RED, { method: 'post', path: '/pq-file/:id/read', permission: 'pq-file.write' }, (req, res) => {
    const node = nodeOf(req.params.id);
    if (!node?.read) {
      res.status(404).end();
      return;
    }
    node.read();
    res.status(204).end();
  });

  RED.nodes.registerType('pq-file', function (this: FileNode, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`pq-file.status.${key}`, values);
    const folders = foldersOf(RED);

    let settings: FileSettings;
    try {
      settings = readFileSettings(config);
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const counts = { recordsRefused: 0, filesRefused: 0 };
    const losses = viewLosses(this, () => counts);
    let closed = false;
    let cancelled = false;
    let waiting = 0;
    let shownAt = 0;
    /** Files are read one after the other. */
    let queue: Promise<unknown> = Promise.resolve();
    let active: Readers | undefined;

    const emit = (port: 0 | 1, record: PqRecord, message: NodeMessage = {}) => {
      const payload = { ...message, topic: record.meter, payload: record } as NodeMessage;
      this.send(port === 0 ? [payload, null] : [null, payload]);
      board.take(this.id, record);
    };
    const diagnose = (
      code: string,
      reason: string,
      hint: string,
      detail: Record<string, unknown>,
      meter: string,
    ) => {
      const record: Diagnostic = {
        kind: 'diagnostic',
        meter,
        time: Date.now(),
        code,
        severity: 'error',
        text: reason.slice(0, 1000),
        hint,
        detail,
      };
      emit(1, record);
    };

    const showProgress = (file: string, part: number) => {
      const now = Date.now();
      if (now - shownAt < STATUS_PAUSE) return;
      shownAt = now;
      this.status({
        fill: 'blue',
        shape: 'dot',
        text: text('reading', { file, percent: Math.round(100 * part) }),
      });
    };

    /** Sends the records of a file, no faster than they are read. */
    const send = async (file: Awaited<ReturnType<typeof openRecord>>, message: NodeMessage) => {
      const readers = new Readers(RED, this.id);
      active = readers;
      const sent: { waveforms: number; readings: number; refused?: number } = { waveforms: 0, readings: 0 };
      try {
        for await (const record of file.records()) {
          if (closed || cancelled) break;
          const _msgid = RED.util.generateId();
          readers.expect(_msgid);
          emit(0, record, { ...message, _msgid });
          if (record.kind === 'waveform') sent.waveforms++;
          else sent.readings++;
          await readers.ready();
        }
        const delivery = await readers.finish();
        if (delivery.refused) sent.refused = [...delivery.refused.values()].reduce((a, b) => a + b, 0);
        counts.recordsRefused += sent.refused ?? 0;
        return { sent, delivery };
      } finally {
        readers.close();
        active = undefined;
      }
    };

    const conclude = (summary: RecordSummary, delivery: Delivery) => {
      const { file, meter, meters, seconds, doubts, sent } = summary;
      emit(1, summary);
      for (const reader of delivery.silent) {
        this.warn(
          `${file}: node ${reader} did not say that it was done with a message; it was not waited for`,
        );
      }
      if (sent?.refused && delivery.refused) {
        const reasons = [...delivery.refused].map(([reason, count]) => `${reason} (${count})`);
        diagnose(
          'FRAMES_REFUSED',
          `${file}: ${sent.refused} records were refused: ${reasons.slice(0, 5).join('; ')}`,
          'Check the settings of the nodes behind pq-file, and its channels.',
          { file, refused: Object.fromEntries(delivery.refused) },
          meter,
        );
        this.status({ fill: 'red', shape: 'dot', text: text('refused', { file, count: sent.refused }) });
        return;
      }
      const values = {
        file,
        meters: meters.length,
        seconds: Number(seconds.toPrecision(4)),
        doubts: doubts.length,
      };
      this.status({
        fill: doubts.length ? 'yellow' : 'green',
        shape: 'dot',
        text: text(doubts.length ? 'doubts' : 'read', values),
      });
    };

    /** Reads a file to its end; false where it is to be `whole` and is not yet. */
    const read = async (source: RecordSource, message: NodeMessage, whole = false): Promise<boolean> => {
      const name = 'path' in source ? source.path : source.name;
      const file = baseOf(name);
      showProgress(file, 0);
      let scanned = false;
      const opened = await openRecord(source, {
        ...settings,
        nominal: settings.nominal || undefined,
        encoding: settings.encoding || undefined,
        // Looked through, then read: two halves.
        progress: (part) => showProgress(file, scanned ? 0.5 + part / 2 : part / 2),
      });
      scanned = true;
      try {
        if (whole && !opened.isWhole) return false;
        const { sent, delivery } = await send(opened, message);
        if (closed) return true;
        const summary = { ...opened.summary, sent };
        if (cancelled) {
          summary.doubts = [...summary.doubts, { code: 'CANCELLED', text: 'reading was cancelled' }];
        }
        conclude(summary, delivery);
        return true;
      } finally {
        await opened.close();
      }
    };

    /** What cannot be read is said in the status and at the output, too. */
    const guarded = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        const { code = 'FILE_UNREADABLE', message: reason } = error as Error & { code?: string };
        counts.filesRefused++;
        this.status({ fill: 'red', shape: 'ring', text: text('failed', { file }) });
        diagnose(
          'FILE_REFUSED',
          reason,
          'Check the file, and the channels in the panel of pq-file.',
          { file, code },
          settings.meter || file,
        );
        throw error;
      }
    };

    const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
      if (waiting >= MOST_WAITING) {
        counts.filesRefused++;
        throw new FieldError('msg', `at most ${MOST_WAITING} files that wait`, waiting);
      }
      waiting++;
      const result = queue.then(() => {
        cancelled = false;
        waiting--;
        return work();
      });
      queue = result.catch(() => undefined);
      return result;
    };

    /** What a message asks to be read: a Buffer, parts, a name, or what the settings name. */
    const sourceOf = async ({ payload, filename }: Message): Promise<RecordSource> => {
      if (Buffer.isBuffer(payload)) return { name: nameOf(filename, 'payload.cff'), cff: payload };
      const parts = payload as { cfg?: unknown; dat?: unknown } | undefined;
      if (Buffer.isBuffer(parts?.cfg) || Buffer.isBuffer(parts?.dat)) {
        if (!Buffer.isBuffer(parts.cfg)) throw new FieldError('payload.cfg', 'a Buffer', parts.cfg);
        if (!Buffer.isBuffer(parts.dat)) throw new FieldError('payload.dat', 'a Buffer', parts.dat);
        return { name: nameOf(filename, 'payload.cfg'), cfg: parts.cfg, dat: parts.dat };
      }
      const name = filename ?? settings.filename;
      if (name === '')
        throw new FieldError('msg.filename', 'a file, in the message or in the panel', filename);
      return { path: await pathOf(check.text(name, 'msg.filename', 4096), folders) };
    };

    const readNamed = () => {
      try {
        const file = baseOf(settings.filename);
        enqueue(() =>
          guarded(file, async () => read({ path: await pathOf(settings.filename, folders) }, {})),
        ).catch((error: Error) => this.error(error.message));
      } catch (error) {
        this.error((error as Error).message);
      }
    };
    this.read = () => {
      if (settings.filename) readNamed();
    };

    this.on('input', (msg: Message, _send, done) => {
      const work = async () => {
        if (msg.command !== undefined) {
          const command = check.oneOf(msg.command as (typeof COMMANDS)[number], 'msg.command', COMMANDS);
          if (command === 'cancel') cancelled = true;
          else emit(1, losses.statistics({ waiting }));
          return;
        }
        const { filename } = msg;
        const file = baseOf(typeof filename === 'string' ? filename : settings.filename || 'payload');
        const message = filename === undefined ? {} : ({ filename } as NodeMessage);
        await enqueue(() => guarded(file, async () => read(await sourceOf(msg), message)));
      };
      work().then(
        () => done(),
        (error: Error) => done(error),
      );
    });

    let watcher: FolderWatcher | undefined;
    if (settings.watch) {
      const since = new Map<string, number>();
      watcher = new FolderWatcher({
        folder: settings.watch,
        existing: settings.existing,
        ...(folders.memory && { memory: join(folders.memory, `${this.id.replace(/\W/g, '_')}.json`) }),
        failed: (error) => {
          if (error) {
            this.error(error.message);
            this.status({ fill: 'red', shape: 'ring', text: text('folder') });
          } else {
            this.status({ fill: 'green', shape: 'ring', text: text('watching') });
          }
        },
        read: async (found) => {
          // It is looked at again when others have been read.
          if (waiting >= MOST_WAITING) return false;
          const first = since.get(found) ?? Date.now();
          since.set(found, first);
          try {
            const isDone = await enqueue(() =>
              guarded(baseOf(found), async () =>
                read({ path: await pathOf(found, folders) }, {}, Date.now() - first < UNFINISHED),
              ),
            );
            if (isDone) since.delete(found);
            return isDone;
          } catch (error) {
            since.delete(found);
            this.error((error as Error).message);
            return true;
          }
        },
      });
      this.status({ fill: 'green', shape: 'ring', text: text('watching') });
    } else {
      this.status({ fill: 'grey', shape: 'ring', text: text('waiting') });
    }
    // Not before all nodes are there: what they are sent earlier is lost.
    const started = () => readNamed();
    if (settings.atStart && settings.filename) RED.events.once('flows:started', started);

    this.on('close', (_removed: boolean, done: () => void) => {
      closed = true;
      losses.close();
      active?.close();
      RED.events.removeListener('flows:started', started);
      board.forget(this.id);
      Promise.all([watcher?.close(), queue]).then(
        () => done(),
        () => done(),
      );
    });
  });
};

/** The name of a file without its folder. */
function baseOf(path: string): string {
  return path.split(/[\\/]/).pop() || path;
}

function nameOf(filename: unknown, fallback: string): string {
  return typeof filename === 'string' && filename !== '' ? baseOf(filename) : fallback;
}
