import { Conditions, type Diagnostic, type Finding, type PqEvent } from '../../record';
import { PatientOpening } from '../../shared';
import type { Excursion } from './excursion';
import { Journal, type JournalSettings } from './journal';

/**
 * A journal as a detector keeps it, with its events in progress: opened in the background, again and again until that succeeds, and written to
 * without waiting. What goes wrong is said when it begins and when it is over, with what was lost, and stops nobody.
 */
export class JournalKeeper {
  private readonly opening: PatientOpening<Journal>;
  private readonly conditions: Conditions;
  private trouble: string | undefined;
  /** Events that were in progress when the one before this was closed or killed. */
  private left: PqEvent[] = [];
  /** Whether what has happened is kept, or only what is in progress. */
  readonly keeps: boolean;
  /** Events and excursions that are not in the journal. */
  lost = 0;

  /**
   * @param folder on disk
   * @param settings without a journal only events in progress are kept
   * @param name in place of a meter, in diagnostics
   */
  constructor(
    folder: string,
    settings: JournalSettings & { journal: boolean },
    name: string,
    tell: (diagnostic: Diagnostic) => void,
  ) {
    const say = (finding: Finding) => tell({ kind: 'diagnostic', meter: name, time: Date.now(), ...finding });
    this.conditions = new Conditions(say);
    this.keeps = settings.journal;
    this.opening = new PatientOpening(
      async () => {
        const journal = await Journal.open(folder, settings, Date.now, (aside) => say(damagedFinding(aside)));
        // Before anything new is written to it.
        this.left = await journal.inProgress();
        return journal;
      },
      (error) => this.say(error),
    );
  }

  /**
   * Events that a kill has cut: each ends where it was known to stand, under the flag `cut`. Waits until the journal is
   * open, however long that takes.
   * @param goingOn ids of events that go on
   */
  async cut(goingOn: ReadonlySet<string>): Promise<PqEvent[]> {
    await this.opening.whenOpen;
    const cut = this.left.filter(({ id }) => !goingOn.has(id));
    this.left = [];
    return cut.map((event) => ({ ...event, state: 'end', flags: [...event.flags, 'cut'] }));
  }

  /** The journal, once it is open. Rejects with what keeps it from that. */
  get journal(): Promise<Journal> {
    return this.opening.get();
  }

  /** Why nothing can be written now; undefined where it can. */
  get failure(): string | undefined {
    return this.trouble;
  }

  /** An event begins or ends. */
  addEvent(event: PqEvent): void {
    if (event.state === 'start') this.write((journal) => journal.begin([event]));
    else this.write((journal) => (this.keeps ? journal.addEvent(event) : journal.end(event)));
  }

  /** How events in progress stand. */
  note(events: readonly PqEvent[]): void {
    if (events.length > 0) this.write((journal) => journal.begin(events));
  }

  addExcursion(excursion: Excursion): void {
    if (this.keeps) this.write((journal) => journal.addExcursion(excursion));
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    const journal = await this.opening.close();
    await journal?.close();
  }

  private write(add: (journal: Journal) => Promise<void>): void {
    this.journal.then(add).then(
      () => this.say(undefined),
      (error: Error) => {
        this.lost++;
        this.say(error);
      },
    );
  }

  private say(error: Error | undefined): void {
    this.trouble = error?.message;
    this.conditions.set('journal', error && findingOf(error, this.lost));
  }
}

function findingOf(error: Error & { cause?: unknown }, lost: number): Finding {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const text = error.message.includes(cause) ? error.message : `${error.message}${cause}`;
  return {
    code: 'JOURNAL_ERROR',
    severity: 'error',
    text: `the journal takes no events: ${text}`,
    hint: 'Check free space and permissions of the journal folder in the user folder of Node-RED. It is tried again by itself; events that end meanwhile are not in the history.',
    detail: { lost },
  };
}

function damagedFinding(aside: string): Finding {
  return {
    code: 'JOURNAL_DAMAGED',
    severity: 'error',
    text: `the journal was damaged and put aside as ${aside}: the history begins again`,
    hint: 'Check the disk: memory cards wear out, and a loss of power can damage them.',
    detail: { aside },
  };
}
