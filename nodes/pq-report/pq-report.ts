import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import {
  Conditions,
  check,
  type Diagnostic,
  kindOf,
  type PqRecord,
  parseRecord,
  WaveformFrame,
} from '../../src/record';
import {
  archiveError,
  PdfThread,
  Reporter,
  type ReporterSettings,
  readReporterSettings,
} from '../../src/reporting';
import { PatientOpening } from '../../src/shared';
import { viewLosses } from '../losses';

const COMMANDS = ['week', 'disturbance', 'plot', 'stats'] as const;

interface Message extends NodeMessage {
  command?: unknown;
}

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('pq-report', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`pq-report.status.${key}`, values);
    let passedOver = 0;
    let refusedWithoutStore = 0;
    let shown = '';

    let settings: ReporterSettings;
    try {
      settings = readReporterSettings(config);
    } catch (error) {
      this.error((error as Error).message);
      this.status({ fill: 'red', shape: 'ring', text: text('settings') });
      this.on('input', (_msg, _send, done) => done(error as Error));
      return;
    }

    const { userDir } = RED.settings;
    // A Node-RED without a user folder (in a test) has nothing that survives it.
    const base = userDir
      ? join(userDir, 'power-quality', 'report')
      : mkdtempSync(join(tmpdir(), 'pq-report-'));
    const folder = join(base, this.id.replace(/\W/g, '_'));
    const thread = new PdfThread();
    const tell = (diagnostic: Diagnostic) => {
      this.send([null, { topic: diagnostic.meter, payload: diagnostic } as NodeMessage] as NodeMessage[]);
    };
    const conditions = new Conditions((finding) =>
      tell({ kind: 'diagnostic', meter: config.name || 'pq-report', time: Date.now(), ...finding }),
    );
    const store = new PatientOpening(
      async () => {
        const opened = await Reporter.open(folder, settings, tell, (document) => thread.make(document));
        showStatus(opened);
        return opened;
      },
      (error) => {
        conditions.set('store', error && archiveError(error.message));
        if (!error) return;
        this.error(error.message);
        shown = text('store');
        this.status({ fill: 'red', shape: 'ring', text: shown });
      },
    );
    const losses = viewLosses(this, () => ({ ...store.opened?.counters, refusedWithoutStore, passedOver }));
    const showStatus = (reporter: Reporter) => {
      const { meters, counters } = reporter;
      const refused = counters.metersRefused;
      const lost = losses.total - passedOver;
      const failing = conditions.keys.includes('write');
      const words = [
        text('meters', { meters }),
        passedOver ? text('passed', { count: passedOver }) : '',
        refused ? text('refused', { count: refused }) : '',
        lost ? text('lost', { count: lost }) : '',
        failing ? text('store') : '',
      ];
      const now = words.filter((word) => word !== '').join(' ');
      if (now !== shown)
        this.status({
          fill: refused || failing ? 'red' : lost ? 'yellow' : 'green',
          shape: 'dot',
          text: now,
        });
      shown = now;
    };

    const perform = async (reporter: Reporter, { command, payload }: Message): Promise<unknown> => {
      const name = check.oneOf(command as (typeof COMMANDS)[number], 'msg.command', COMMANDS);
      if (name === 'plot') return reporter.plot(payload);
      if (name === 'stats') return losses.statistics({ meters: reporter.meters, budget: reporter.budget });
      return name === 'week' ? await reporter.week(payload) : await reporter.disturbance(payload);
    };

    const keep = async (reporter: Reporter, record: PqRecord) => {
      try {
        if (!(await reporter.take(record))) passedOver++;
        conditions.set('write', undefined);
      } catch (error) {
        conditions.set('write', archiveError((error as Error).message));
        throw error;
      }
    };

    const take = async (reporter: Reporter, payload: unknown) => {
      try {
        // Samples are not read here: they need not be checked.
        if (payload instanceof WaveformFrame || kindOf(payload) === 'waveform') passedOver++;
        else await keep(reporter, parseRecord(payload));
      } finally {
        showStatus(reporter);
      }
    };

    this.on('input', (msg: Message, send, done) => {
      const work = async () => {
        const reporter = await store.get().catch((error: Error) => {
          if (msg.command === undefined) refusedWithoutStore++;
          throw error;
        });
        if (msg.command === undefined) return await take(reporter, msg.payload);
        const payload = await perform(reporter, msg);
        if (msg.command === 'stats') tell(payload as Diagnostic);
        else send([{ ...msg, payload }, null] as NodeMessage[]);
      };
      work().then(() => done(), done);
    });

    this.on('close', (_removed: boolean, done: () => void) => {
      losses.close();
      const end = async () => {
        const reporter = await store.close();
        await thread.close();
        await reporter?.close();
        if (!userDir) await rm(base, { recursive: true, force: true });
      };
      end().then(done, done);
    });
  });
};
