/** A COMTRADE file that cannot be read; `place` says where: a line of the text, a byte of the data. */
export class ComtradeError extends Error {
  override name = 'ComtradeError';
  constructor(
    readonly place: string,
    reason: string,
  ) {
    super(`${place}: ${reason}`);
  }

  override toString(): string {
    return this.message;
  }
}
