import type { NodeAPI } from 'node-red';

// The parts of Node-RED's hooks that are used here.
interface Hooks {
  add(name: string, hook: (event: HookEvent) => void): void;
  remove(name: string): void;
}
interface HookEvent {
  msg: { _msgid?: string };
  destination?: { id: string; node?: { _expectedDoneCount?: number } };
  node?: { id: string };
  error?: Error | string;
}

/** Messages that may be on their way before the next one is sent. */
const ON_THE_WAY = 4;
/** A reader that is not done with a message for so long, ms, is not waited for any longer. */
const PATIENCE = 30_000;

/** What became of the messages that were sent. */
export interface Delivery {
  /** Reasons of those that a reader refused, with how often; absent where that cannot be known. */
  refused?: Map<string, number>;
  /** Ids of readers that did not say when they were done. */
  silent: string[];
}

/**
 * Follows the messages that a node sends until those who got them are done with them, so that it sends no faster than
 * its readers follow, and knows what they refused.
 */
export class Readers {
  /** Absent where nodes run outside a whole Node-RED, as under its test helper. */
  private readonly hooks: Hooks | undefined;
  private readonly label: string;
  /** Deliveries of each message that are not done, by the id of the reader. */
  private readonly pending = new Map<string, Set<string>>();
  private readonly silent = new Set<string>();
  private readonly refused = new Map<string, number>();
  private wake: (() => void) | undefined;
  private closed = false;

  constructor(RED: NodeAPI, id: string) {
    this.hooks = (RED as unknown as { hooks?: Hooks }).hooks;
    this.label = `pq-file-${id.replace(/\W/g, '')}`;
    this.hooks?.add(`preDeliver.${this.label}`, ({ msg, destination }) => {
      const readers = this.pending.get(msg._msgid ?? '');
      // Nodes that take no `done` are done at once, as far as anybody can know.
      const isSaying = destination?.node?._expectedDoneCount !== 0;
      if (readers && destination && isSaying && !this.silent.has(destination.id)) readers.add(destination.id);
    });
    this.hooks?.add(`onComplete.${this.label}`, ({ msg, node, error }) => {
      const id = msg._msgid ?? '';
      const readers = this.pending.get(id);
      if (!readers || !node) return;
      if (error) this.note(error);
      readers.delete(node.id);
      if (readers.size === 0) this.pending.delete(id);
      this.wake?.();
    });
  }

  /** A message is about to be sent. */
  expect(id: string): void {
    this.pending.set(id, new Set());
  }

  /** Resolves when so few messages are on their way that another one may follow. */
  async ready(most = ON_THE_WAY): Promise<void> {
    // Deliveries begin in the turn after a message was sent.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [id, readers] of this.pending) if (readers.size === 0) this.pending.delete(id);
    while (this.pending.size > most && !this.closed) {
      const isDone = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), PATIENCE);
        this.wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      this.wake = undefined;
      if (!isDone) this.giveUp();
    }
  }

  /** All are done, or are not waited for. */
  async finish(): Promise<Delivery> {
    await this.ready(0);
    return { ...(this.hooks && { refused: this.refused }), silent: [...this.silent] };
  }

  close(): void {
    this.hooks?.remove(`*.${this.label}`);
    this.closed = true;
    this.pending.clear();
    this.wake?.();
  }

  private giveUp(): void {
    for (const [id, readers] of this.pending) {
      for (const reader of readers) this.silent.add(reader);
      this.pending.delete(id);
    }
  }

  private note(error: Error | string): void {
    const reason = typeof error === 'string' ? error : error.message;
    // Different values in the reasons are no different reasons: a bound is enough.
    if (this.refused.size < 100 || this.refused.has(reason))
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}
