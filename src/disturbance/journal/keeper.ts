import { Conditions, type Diagnostic, type PqEvent } from '../../record';
import type { Excursion } from './excursion';
import { Journal, type JournalSettings } from './journal';

/**
 * A journal as a detector keeps it: opened in the background, written to without waiting. What goes wrong
 * is told once, when it begins and when it is over, and stops nobody.
 */
export class JournalKeeper {
  private readonly opened: Promise<Journal>;
  private readonly conditions: Conditions;
  private meter = '';

  /** @param folder on disk */
  constructor(folder: string, settings: JournalSettings, tell: (diagnostic: Diagnostic) => void) {
    this.opened = Journal.open(folder, settings);
    // Whoever needs it hears of it.
    this.opened.catch(() => undefined);
    this.conditions = new Conditions((finding) =>
      tell({ kind: 'diagnostic', meter: this.meter, time: Date.now(), ...finding }),
    );
  }

  /** The journal, once it is open. Rejects with what kept it from that. */
  get journal(): Promise<Journal> {
    return this.opened;
  }

  addEvent(event: PqEvent): void {
    this.write(event.meter, (journal) => journal.addEvent(event));
  }

  addExcursion(excursion: Excursion): void {
    this.write(excursion.meter, (journal) => journal.addExcursion(excursion));
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    const journal = await this.opened.catch(() => undefined);
    await journal?.close();
  }

  private write(meter: string, add: (journal: Journal) => Promise<void>): void {
    const tell = (error?: Error) => {
      this.meter = meter;
      this.conditions.set('journal', error && findingOf(error));
    };
    this.opened.then(add).then(() => tell(), tell);
  }
}

function findingOf(error: Error & { cause?: unknown }) {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return {
    code: 'JOURNAL_ERROR',
    severity: 'error' as const,
    text: `the journal takes no events: ${error.message}${cause}`,
    hint: 'Check free space and permissions of the journal folder in the user folder of Node-RED.',
    detail: {},
  };
}
