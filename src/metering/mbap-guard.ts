/** Bytes of the header of Modbus TCP before those that its length counts. */
const HEAD = 6;
/** Unit and function code at the least, and as much as a frame of Modbus can have. */
const LEAST = 2;
const MOST = 260;

/**
 * Looks at what comes over Modbus TCP (Modbus Messaging on TCP/IP 1.0b, 3.1.3): the protocol id is 0, and the length is
 * one that a frame can have. The library looks at neither, and takes whatever stands there for an answer.
 */
export class MbapGuard {
  private readonly head = Buffer.alloc(HEAD);
  private filled = 0;
  /** Bytes of the present frame that are still to come. */
  private rest = 0;

  /** @returns what shows that this is no Modbus TCP; undefined where nothing does */
  push(bytes: Buffer): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.rest > 0) {
        const some = Math.min(this.rest, bytes.length - at);
        this.rest -= some;
        at += some;
        continue;
      }
      const some = Math.min(HEAD - this.filled, bytes.length - at);
      bytes.copy(this.head, this.filled, at, at + some);
      this.filled += some;
      at += some;
      if (this.filled < HEAD) break;
      this.filled = 0;
      const protocol = this.head.readUInt16BE(2);
      if (protocol !== 0) return `protocol id ${protocol} instead of 0`;
      this.rest = this.head.readUInt16BE(4);
      if (this.rest < LEAST || this.rest > MOST) return `a frame of ${this.rest} bytes`;
    }
    return undefined;
  }
}
