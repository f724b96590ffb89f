import type { AgeClock } from '../../shared';
import type { Envelope } from './envelope';
import type { Most, Vault } from './vault';

/** When more than the store may hold has come, this part of it is freed at once. */
const ROOM = 0.01;
/** Records that are looked at together when the oldest are dropped. */
const LOOK: Most = { records: 200, bytes: 4e6 };

export interface RetentionSource {
  /** The oldest records. */
  read(most: Most): Promise<{ envelopes: Envelope[]; to: number }>;
  /** Gives records up unsent: those before `to` are gone. */
  drop(envelopes: readonly Envelope[], to: number, reason: string): void;
}

/** What a store gives up: records that are too old, and the oldest where more come than it may hold. */
export class Retention {
  constructor(
    private readonly vault: Vault,
    private readonly ages: AgeClock,
    private readonly settings: { maxAge: number; maxBytes: number },
    private readonly source: RetentionSource,
  ) {}

  /** Drops what is older than it may be, until `stopped`. */
  async dropOld(stopped: () => boolean): Promise<void> {
    const { vault, source } = this;
    const oldest = this.ages.now() - this.settings.maxAge;
    while (this.queued > 0 && !stopped()) {
      const { envelopes, to } = await source.read(LOOK);
      const young = envelopes.findIndex(({ stamp }) => stamp >= oldest);
      const old = young < 0 ? envelopes : envelopes.slice(0, young);
      vault.bounds.dropped.age += old.length;
      source.drop(old, young < 0 ? to : envelopes[young].seq, 'older than maxAge');
      if (young >= 0) return;
    }
  }

  /** Drops the oldest records until there is room for more. */
  async makeRoom(bytes: number): Promise<void> {
    const { vault, source } = this;
    const { maxBytes } = this.settings;
    if (vault.bounds.bytes + bytes <= maxBytes) return;
    const goal = Math.max(0, maxBytes * (1 - ROOM) - bytes);
    while (vault.bounds.bytes > goal && this.queued > 0) {
      // Not as the outbox reads, which would wait for the batch that this makes room for.
      const { envelopes, to, problem } = await vault.read(vault.bounds.first, LOOK);
      if (envelopes.length === 0 && problem) return;
      let left = vault.bounds.bytes - goal;
      let n = 0;
      for (; n < envelopes.length && left > 0; n++) left -= envelopes[n].bytes;
      vault.bounds.dropped.size += n;
      source.drop(envelopes.slice(0, n), envelopes[n]?.seq ?? to, 'the store was full (maxSize)');
    }
  }

  private get queued(): number {
    const { first, next } = this.vault.bounds;
    return next - first;
  }
}
