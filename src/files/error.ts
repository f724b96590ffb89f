/** A file that holds nothing to be measured, or that cannot be read; `code` for programs, the message for people. */
export class RecordError extends Error {
  override name = 'RecordError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  override toString(): string {
    return this.message;
  }
}
