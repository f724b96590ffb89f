import { Conditions, type Diagnostic, type Finding, type PqEvent } from '../../record';
import { PatientOpening } from '../../shared';
import type { Excursion } from './excursion';
import { Journal, type JournalSettings } from './journal';

/** How long the start of an event waits at most for a disk that does not answer, ms. */
const PATIENCE = 2000;

/** An event to be given on. */
interface Held {
  event: PqEvent;
  /** What a start waits for. */
  kept?: Promise<void>;
  /** An end is on disk, or could not be written. */
  written?: Promise<void>;
}

/**
 * A journal as a detector keeps it, with its events in progress: opened in the background, again and again until that
 * succeeds. What goes wrong is said when it begins and when it is over, with what was lost, and stops nobody.
 *
 * The start of an event is given on only when it is on disk: a kill at any moment after that finds it there, and whoever
 * heard of the start hears of the end. What comes later waits behind it, so the order stays.
 */
export class JournalKeeper {
  private readonly opening: PatientOpening<Journal>;
  private readonly conditions: Conditions;
  private trouble: string | undefined;
  /** Events that were in progress when the one before this was closed or killed. */
  private left: PqEvent[] = [];
  /** Events to be given on, in order, each with what it waits for. */
  private readonly held: Held[] = [];
  private giving = false;
  /** Whether what has happened is kept, or only what is in progress. */
  readonly keeps: boolean;
  /** Events and excursions that are not in the journal. */
  lost = 0;

  /**
   * @param folder on disk
   * @param settings without a journal only events in progress are kept
   * @param name in place of a meter, in diagnostics
   * @param give gives an event on, in the order in which they were added
   */
  constructor(
    folder: string,
    settings: JournalSettings & { journal: boolean },
    name: string,
    tell: (diagnostic: Diagnostic) => void,
    private readonly give: (event: PqEvent) => void,
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
   * Gives on the ends that nobody may have heard of because of a kill: of an event that was in progress, where it was
   * known to stand, under the flag `cut`; of one that had ended just before, that end again. Waits until the journal is
   * open, however long that takes.
   * @param goingOn ids of events that go on
   */
  async endCut(goingOn: ReadonlySet<string>): Promise<void> {
    await this.opening.whenOpen;
    for (const event of this.left.splice(0)) {
      if (event.state === 'start') {
        if (!goingOn.has(event.id)) this.addEvent({ ...event, state: 'end', flags: [...event.flags, 'cut'] });
      } else {
        // It is in the history already.
        const written = this.write((journal) => journal.end(event));
        this.giveInTurn({ event, written });
      }
    }
  }

  /** The journal, once it is open. Rejects with what keeps it from that. */
  get journal(): Promise<Journal> {
    return this.opening.get();
  }

  /** Why nothing can be written now; undefined where it can. */
  get failure(): string | undefined {
    return this.trouble;
  }

  /** An event begins or ends: it is written and given on. */
  addEvent(event: PqEvent): void {
    if (event.state === 'start') {
      const kept = this.inTime(this.write((journal) => journal.begin([event])));
      this.giveInTurn({ event, kept });
    } else {
      const write = (journal: Journal) => (this.keeps ? journal.addEvent(event) : journal.end(event));
      this.giveInTurn({ event, written: this.write(write, this.keeps) });
    }
  }

  /** Gives on at once what waits: before an orderly close, which writes it all the same. */
  release(): void {
    for (const held of this.held.splice(0)) this.giveNow(held);
  }

  /** How events in progress stand. */
  note(events: readonly PqEvent[]): void {
    if (events.length > 0) void this.write((journal) => journal.begin(events));
  }

  addExcursion(excursion: Excursion): void {
    if (this.keeps) void this.write((journal) => journal.addExcursion(excursion), true);
  }

  /** Writes what waits, and closes. */
  async close(): Promise<void> {
    const journal = await this.opening.close();
    await journal?.close();
  }

  private giveInTurn(held: Held): void {
    this.held.push(held);
    if (!this.giving) void this.giveOn();
  }

  private async giveOn(): Promise<void> {
    this.giving = true;
    for (let next = this.held[0]; next; next = this.held[0]) {
      if (next.kept) await next.kept;
      // Released meanwhile.
      if (this.held[0] !== next) continue;
      this.held.shift();
      this.giveNow(next);
    }
    this.giving = false;
  }

  private giveNow({ event, written }: Held): void {
    this.give(event);
    // Only now: an end that waited in turn behind a slow disk must outlive a kill.
    void written
      ?.then(() => this.journal)
      .then(
        (journal) => journal.heard(event.id),
        () => undefined,
      );
  }

  /** Resolves with a write, or when the disk has not answered for too long. */
  private async inTime(write: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.say(new Error(`the disk has not answered for ${PATIENCE / 1000} s`));
        resolve();
      }, PATIENCE);
    });
    await Promise.race([write, patience]);
    clearTimeout(timer);
  }

  /**
   * Writes; resolves when it is on disk, and where it could not be, which is said.
   * @param isHistory it is missing in the history where it could not be written
   */
  private async write(add: (journal: Journal) => Promise<void>, isHistory = false): Promise<void> {
    await this.journal.then(add).then(
      () => this.say(undefined),
      (error: Error) => {
        if (isHistory) this.lost++;
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
