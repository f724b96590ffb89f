import { ComtradeError } from '../comtrade';
import type { ChannelFacts } from '../record';

/** A file that holds nothing to be measured, or that cannot be read; `code` for programs, the message for people. */
export class RecordError extends Error {
  override name = 'RecordError';
  constructor(
    readonly code: string,
    message: string,
    /** Channels of the file, where the reason is that none of them was recognised. */
    readonly channels?: ChannelFacts[],
  ) {
    super(message);
  }

  override toString(): string {
    return this.message;
  }
}

/** A fault of a format as one of the file: its name in front of line or byte. Other errors stay as they are. */
export function withName(file: string, error: unknown): unknown {
  return error instanceof ComtradeError ? new RecordError('FORMAT', `${file}, ${error.message}`) : error;
}
