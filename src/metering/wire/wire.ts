/** Tables of registers: function code 03, 04. */
export type Table = 'holding' | 'input';

/** A connection to meters. Whoever opens it hears when it is gone. */
export interface Wire {
  /** Something can be asked. */
  readonly isOpen: boolean;

  /** Questions that may be in flight at once: one where answers have no numbers. */
  readonly maxInFlight: number;

  /**
   * Registers (function code 03, or 04).
   * @param timeout ms until the answer
   * @returns `count` words
   * @throws what the device says or what came instead of an answer, for `faultOf`
   */
  read(unit: number, table: Table, address: number, count: number, timeout: number): Promise<number[]>;

  /** Writes holding registers (function code 16). Errors as in {@link read}. */
  write(unit: number, address: number, words: readonly number[], timeout: number): Promise<void>;

  /** Writes one holding register (function code 06). Errors as in {@link read}. */
  writeSingle(unit: number, address: number, word: number, timeout: number): Promise<void>;

  /**
   * The same registers several times in one request (function code 0x23 of Electro Industries meters).
   * @returns `count` words for each repeat. Errors as in {@link read}, and an Error where it cannot be asked
   */
  readRepeated(
    unit: number,
    address: number,
    count: number,
    repeats: number,
    timeout: number,
  ): Promise<number[][]>;

  /** ms for which a unit is not to be asked: an answer of it may still be on its way, and be taken for another. */
  quarantine(unit: number): number;

  /** What came that was no answer to what was asked; undefined where that is not known. */
  readonly line?: LineCounters;

  /** Lets go of the port or socket. */
  close(): Promise<void>;
}

/** What a line has seen that was no answer to what was asked. */
export interface LineCounters {
  /** Answers that came after they had been given up. */
  late: number;
  /** Whole frames of somebody else, or of another question. */
  foreign: number;
  /** Bytes that made no frame. */
  noise: number;
  /** Whether the adapter echoes what is sent. */
  echo: boolean;
}

export interface WireListener {
  /** It is gone, and why. */
  closed(error: Error): void;
  /** A unit answered so many ms after it was asked, when the answer had been given up. */
  late?(unit: number, ms: number): void;
}
