import { Envelope } from './envelope';
import { entryKey, rejectedKey, splitHead, withHead } from './layout';
import type { Operation, Vault } from './vault';

/** Records in the list, and the part of the store that they may take. */
const MAX_COUNT = 100_000;
const PART = 0.5;
/** Characters of an answer that are kept. */
const ANSWER = 1000;

/** A record that was rejected by the target, with its answer. */
export interface Rejected {
  envelope: Envelope;
  answer: string;
  time: number;
}

/** The records that a target will not have, bounded, oldest dropped first and counted. */
export class RejectedList {
  /**
   * @param put is given what is to be written
   * @param maxBytes of the whole store
   */
  constructor(
    private readonly vault: Vault,
    private readonly put: (operation: Operation) => void,
    private readonly maxBytes: number,
  ) {}

  /** Takes a record that is in the queue. */
  async add({ seq }: Envelope, answer: string, now: number): Promise<void> {
    const frame = await this.vault.get(entryKey(seq));
    if (!frame) return;
    const head = { answer: answer.slice(0, ANSWER), time: now };
    const value = this.vault.encode('rejected', seq, withHead(head, frame.body));
    this.put({ type: 'put', key: rejectedKey(seq), value });
    const { rejected, bounds } = this.vault;
    rejected.add(seq, value.length);
    bounds.bytes += value.length;
    while (rejected.count > MAX_COUNT || rejected.total > PART * this.maxBytes) {
      this.forget(rejected.oldest as number);
      bounds.dropped.size++;
    }
  }

  /** Numbers of the records, oldest first. */
  get numbers(): number[] {
    return this.vault.rejected.numbers;
  }

  async get(seq: number): Promise<Rejected | undefined> {
    const frame = await this.vault.get(rejectedKey(seq));
    if (!frame) return undefined;
    const { head, bytes } = splitHead<{ answer: string; time: number }>(frame);
    return { envelope: Envelope.decode(seq, bytes, bytes.length), ...head };
  }

  forget(seq: number): void {
    this.vault.bounds.bytes -= this.vault.rejected.remove(seq);
    this.put({ type: 'del', key: rejectedKey(seq) });
  }
}
