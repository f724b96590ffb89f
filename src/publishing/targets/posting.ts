import type { Envelope } from '../outbox';
import type { Answer } from './http-client';
import { all, DELIVERED, type Outcome, type Target, type TargetListener, type TargetState } from './target';

/** Longest pause that a server may ask for, ms. */
const LONGEST_WAIT = 3600_000;
/** The batch as a whole is too large, or something in it cannot be taken: its parts may pass. */
const SPLIT = new Set([400, 413, 422]);

/**
 * What an answer means: 2xx arrived; 408, 429, 5xx and a redirection may be tried again, not before Retry-After
 * (RFC 9110, 10.2.3); any other 4xx is a refusal.
 * @param now ms
 */
export function outcomeOf({ status, headers, text }: Answer, now = Date.now()): Outcome {
  if (status >= 200 && status < 300) return DELIVERED;
  const error = `${status} ${text.replace(/\s+/g, ' ').trim()}`.trim().slice(0, 500);
  if (status >= 300 && status < 400) {
    return {
      state: 'retry',
      error: `${status}: the address has moved: ${headers.location ?? 'it does not say where'}`,
    };
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return { state: 'rejected', error };
  const after = headers['retry-after'];
  const wait =
    after === undefined ? Number.NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
  return { state: 'retry', error, ...(wait > 0 && { after: Math.min(wait, LONGEST_WAIT) }) };
}

/**
 * Posts a batch; in halves where it is too large or something in it cannot be taken, so that one record does not take
 * the others with it. Once something is to be sent again, so is all behind it.
 * @param post rejects where there was no answer
 */
async function postSplitting(
  batch: readonly Envelope[],
  post: (batch: readonly Envelope[]) => Promise<Answer>,
): Promise<Outcome[]> {
  let answer: Answer;
  try {
    answer = await post(batch);
  } catch (error) {
    return all(batch, { state: 'retry', error: (error as Error).message });
  }
  if (!SPLIT.has(answer.status) || batch.length < 2) return all(batch, outcomeOf(answer));
  const half = batch.length >> 1;
  const first = await postSplitting(batch.slice(0, half), post);
  const stuck = first.find(({ state }) => state === 'retry');
  if (stuck) return [...first, ...all(batch.slice(half), stuck)];
  return [...first, ...(await postSplitting(batch.slice(half), post))];
}

/**
 * A target that is posted to, one request after the other; it stands as its last request went.
 * @param post rejects where there was no answer
 * @param probe a request that delivers nothing, but is answered as one that does
 * @param close ends what is open
 */
export function byPosting(
  post: (batch: readonly Envelope[]) => Promise<Answer>,
  listener: TargetListener,
  probe: () => Promise<Answer>,
  close: () => void = () => {},
): Target {
  let state: TargetState = 'connecting';
  let last = '';
  /** Takes what became of a batch, and gives it back. */
  const judge = (outcomes: Outcome[]): Outcome[] => {
    const bad = outcomes.find((outcome) => outcome.state === 'retry') as { error: string } | undefined;
    const now = bad ? 'disconnected' : 'connected';
    if (now !== state) {
      state = now;
      listener.state(now);
    }
    const reason = bad?.error ?? '';
    if (reason && reason !== last) listener.failed(reason);
    last = reason;
    return outcomes;
  };
  return {
    pipeline: 1,
    ready: true,
    get state() {
      return state;
    },
    probe: async () => outcomeOf(await probe()),
    send: async (batch) => judge(await postSplitting(batch, post)),
    close: async () => close(),
  };
}
