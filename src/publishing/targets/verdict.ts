import type { DELIVERED, Outcome } from './target';

/**
 * What a code of each protocol means, where it is not that a record was taken: `bad`, this record will not be had, now
 * or later; `refused`, we are not let in, whatever is sent; all others: later.
 */
const CODES = {
  /**
   * RFC 9110, 15.5; RFC 6585. A redirection, a login that a network wants (511), and what concerns address, method or
   * form of all requests are no word on the record.
   */
  http: (status: number) => {
    if ([400, 409, 413, 422].includes(status)) return 'bad';
    if (status === 511) return 'refused';
    if ([408, 425, 429].includes(status) || status >= 500) return 'later';
    return 'refused';
  },
  /** MQTT 5, 2.4; of MQTT 3.1.1 the return codes of CONNACK (3.2.2.3): 4 and 5, and 1 and 2, which no time mends. */
  mqtt: (code: number) => {
    if ([0x90, 0x95, 0x99].includes(code)) return 'bad';
    if ([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c, 0x9c, 0x9d].includes(code)) return 'refused';
    return 'later';
  },
  /** AMQP 0-9-1, 1.2.1, reply codes: content-too-large, no-route; access-refused and what is set up otherwise. */
  amqp: (code: number) => {
    if (code === 311 || code === 312) return 'bad';
    if ([402, 403, 404, 405, 406, 530].includes(code)) return 'refused';
    return 'later';
  },
} as const;

/**
 * What becomes of a record after an answer that did not take it; the same for all targets.
 * @param error in words
 * @param after ms that the other side asks to wait
 */
export function verdictOf(
  protocol: keyof typeof CODES,
  code: number,
  error: string,
  after?: number,
): Exclude<Outcome, typeof DELIVERED> {
  const meaning = CODES[protocol](code);
  if (meaning === 'bad') return { state: 'rejected', error };
  if (meaning === 'refused') return { state: 'retry', error, refused: true };
  return { state: 'retry', error, ...(after !== undefined && { after }) };
}

/** We are not let in: the text says by whom and why. */
export class RefusedError extends Error {}
