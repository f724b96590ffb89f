import type { Finding } from '../../record';
import type { DiskSpace } from '../../shared';
import { wordsOf } from './store';
import type { Vault } from './vault';

/** After an error the store is opened anew, at most this often, ms. */
const REOPEN_EVERY = 2000;

/** Whether a store takes records: room on the disk, errors and what is done about them, told when they begin and end. */
export class StoreHealth {
  /** Why the store takes nothing since it last failed. */
  failure: Error | undefined;
  private failedAt = Number.NEGATIVE_INFINITY;

  /** @param tell what is wrong with the store; undefined when that is over */
  constructor(
    private readonly vault: Vault,
    private readonly space: DiskSpace,
    private readonly tell: (finding: Finding | undefined) => void,
  ) {}

  /** @throws Error that says why records of so many bytes cannot be taken now */
  async check(bytes: number): Promise<void> {
    if (!(await this.recovered())) throw this.failure;
    const shortage = await this.space.shortage(bytes);
    if (!shortage) return;
    this.tell(storeError(shortage));
    throw new Error(shortage);
  }

  /** Whether the store can be written to; after an error it is opened anew, since what it wrote last may be torn. */
  async recovered(): Promise<boolean> {
    if (!this.failure) return true;
    if (performance.now() - this.failedAt < REOPEN_EVERY) return false;
    this.failedAt = performance.now();
    if (await this.space.shortage()) return false;
    try {
      await this.vault.reopen();
      this.failure = undefined;
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  /** Records were taken. */
  well(): void {
    this.tell(undefined);
  }

  failed(error: unknown): void {
    const text = `the store takes no records: ${wordsOf(error)}`;
    this.failure = new Error(text);
    this.failedAt = performance.now();
    this.tell(storeError(text));
  }

  /** @throws what keeps the store from being mended */
  async rescue(problem: string): Promise<void> {
    try {
      await this.vault.rescue(problem);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }
}

/** A store that takes nothing. */
export function storeError(text: string): Finding {
  return {
    code: 'STORE_ERROR',
    severity: 'error',
    text,
    hint: 'Check free space and permissions of the folder power-quality in the user folder of Node-RED; what was stored before is kept.',
    detail: {},
  };
}
