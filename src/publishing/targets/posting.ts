import type { Envelope } from '../outbox';
import type { Answer } from './http-client';
import { all, DELIVERED, type Outcome, type Target, type TargetListener, type TargetState } from './target';
import { verdictOf } from './verdict';

/** Longest pause that a server may ask for, ms. */
const LONGEST_WAIT = 3600_000;
/** The batch as a whole is too large, or something in it cannot be taken: its parts may pass. */
const SPLIT = new Set([400, 413, 422]);

/** What the answer of a server that has taken a batch looks like. */
export interface GoodAnswer {
  /** Status codes; any 2xx where there are none. */
  statuses: readonly number[];
  /** Stands in the answer; empty: anything, but no page for people. */
  text: string;
}

const ANY: GoodAnswer = { statuses: [], text: '' };

/**
 * What an answer means: that the batch was taken, or the verdict on its status, which may be tried again not before
 * Retry-After (RFC 9110, 10.2.3). An answer that only looks well, such as the login page of a network (200, HTML), is
 * none of the server that we mean.
 * @param now ms
 */
export function outcomeOf(
  { status, headers, text }: Answer,
  good: GoodAnswer = ANY,
  now = Date.now(),
): Outcome {
  const { statuses, text: wanted } = good;
  const isTaken = statuses.length > 0 ? statuses.includes(status) : status >= 200 && status < 300;
  if (isTaken) {
    const problem = wrongIn({ headers, text }, wanted);
    return problem === undefined
      ? DELIVERED
      : { state: 'retry', error: `${status} ${problem}`, refused: true };
  }
  const moved = status >= 300 && status < 400;
  const words = moved
    ? `: the address has moved: ${headers.location ?? 'it does not say where'}`
    : ` ${text}`;
  const error = `${status}${words}`.trim();
  if (status < 300)
    return { state: 'retry', error: `${error} (not an answer that was agreed)`, refused: true };
  const after = headers['retry-after'];
  const wait =
    after === undefined ? Number.NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
  return verdictOf('http', status, error, wait > 0 ? Math.min(wait, LONGEST_WAIT) : undefined);
}

/** What shows that an answer is not that of the server; undefined where nothing does. */
function wrongIn({ headers, text }: Pick<Answer, 'headers' | 'text'>, wanted: string): string | undefined {
  if (wanted) return text.includes(wanted) ? undefined : `without "${wanted}" in the answer: ${text}`;
  const type = headers['content-type'] ?? '';
  return /html/i.test(type) || /^\s*<(!doctype html|html)/i.test(text)
    ? 'with a web page as the answer: a login page of the network, or another server'
    : undefined;
}

/**
 * Posts a batch; in halves where it is too large or something in it cannot be taken, so that one record does not take
 * the others with it. Once something is to be sent again, so is all behind it.
 * @param post rejects where there was no answer
 */
async function postSplitting(
  batch: readonly Envelope[],
  post: (batch: readonly Envelope[]) => Promise<Answer>,
  good: GoodAnswer,
): Promise<Outcome[]> {
  let answer: Answer;
  try {
    answer = await post(batch);
  } catch (error) {
    return all(batch, { state: 'retry', error: (error as Error).message });
  }
  const outcome = outcomeOf(answer, good);
  if (outcome.state !== 'rejected' || !SPLIT.has(answer.status) || batch.length < 2)
    return all(batch, outcome);
  const half = batch.length >> 1;
  const first = await postSplitting(batch.slice(0, half), post, good);
  const stuck = first.find(({ state }) => state === 'retry');
  if (stuck) return [...first, ...all(batch.slice(half), stuck)];
  return [...first, ...(await postSplitting(batch.slice(half), post, good))];
}

export interface PostingTarget {
  /** Rejects where there was no answer. */
  post(batch: readonly Envelope[]): Promise<Answer>;
  /** A request that delivers nothing, but is answered as one that does. */
  probe(): Promise<Answer>;
  /** ms without an answer after which a batch is given up: more than a request may take. */
  patience: number;
  good?: GoodAnswer;
  /** Ends what is open. */
  close?(): void;
}

/** A target that is posted to, one request after the other; it stands as its last request went. */
export function byPosting(
  { post, probe, patience, good = ANY, close = () => {} }: PostingTarget,
  listener: TargetListener,
): Target {
  let state: TargetState = 'connecting';
  let last = '';
  /** Ends what is under way, where requests do not end by themselves. */
  let giveUp: (reason: string) => void = () => {};
  /** Takes what became of a batch, and gives it back. */
  const judge = (outcomes: Outcome[]): Outcome[] => {
    const bad = outcomes.find((outcome) => outcome.state === 'retry') as
      | (Outcome & { state: 'retry' })
      | undefined;
    const now = bad ? 'disconnected' : 'connected';
    if (now !== state) {
      state = now;
      listener.state(now);
    }
    const reason = bad?.error ?? '';
    if (reason && reason !== last) listener.failed(reason, bad?.refused);
    last = reason;
    return outcomes;
  };
  return {
    pipeline: 1,
    patience,
    ready: true,
    get state() {
      return state;
    },
    probe: async () => {
      try {
        return outcomeOf(await probe(), good);
      } catch (error) {
        return { state: 'retry', error: (error as Error).message };
      }
    },
    send: async (batch, _how, heard) => {
      const cut = new Promise<Outcome[]>((resolve) => {
        giveUp = (error) => resolve(all(batch, { state: 'retry', error }));
      });
      const posted = postSplitting(
        batch,
        async (some) => {
          const answer = await post(some);
          heard();
          return answer;
        },
        good,
      );
      return judge(await Promise.race([posted, cut]));
    },
    cut: (reason) => {
      close();
      giveUp(reason);
    },
    close: async () => close(),
  };
}
