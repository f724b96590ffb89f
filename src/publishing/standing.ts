import type { Finding } from '../record';
import type { Trouble } from './courier';
import type { TargetState } from './targets';

/** How delivery stands, for a status: the worst of what is known. */
export type Standing = TargetState | 'paused' | 'refused' | 'silent';

/** Why an endpoint is not connected, in its own words. */
export interface LinkTrouble {
  reason: string;
  refused: boolean;
}

/** What is known of how delivery stands. */
export interface DeliveryFacts {
  paused: boolean;
  state: TargetState;
  /** Something can be sent. */
  ready: boolean;
  trouble: Trouble | undefined;
  link: LinkTrouble | undefined;
}

export function standingOf({ paused, state, trouble, link }: DeliveryFacts): Standing {
  if (paused) return 'paused';
  if (trouble?.kind === 'refused' || link?.refused) return 'refused';
  // A line that cannot be made again is known better than one that was silent.
  if (trouble?.kind === 'silent' && !link) return 'silent';
  return state;
}

/**
 * What keeps records from arriving; undefined where nothing does.
 * @param waiting records, and the age of the oldest in s
 */
export function deliveryFinding(
  { ready, trouble, link }: DeliveryFacts,
  waiting: { queued: number; oldest: number },
): Finding | undefined {
  const isSilent = trouble?.kind === 'silent' && !link;
  // A line that is away is that, whatever became of what was on its way; one that is posted to has none.
  const isAway =
    link !== undefined && (!trouble || trouble.kind === 'silent' || (!ready && trouble.kind === 'failed'));
  const error = isAway ? link.reason : trouble?.error;
  if (error === undefined) return undefined;
  const { queued, oldest } = waiting;
  const tail = queued > 0 ? `; ${queued} records wait, the oldest for ${Math.floor(oldest)} s` : '';
  const detail = { error, queued, oldest };
  if (trouble?.kind === 'refused' || (isAway && link.refused)) {
    return {
      code: 'ENDPOINT_REFUSES',
      severity: 'error',
      text: `the target does not let us in: ${error}${tail}`,
      hint: 'Check user, password or token, address and rights. Nothing is given up: it is tried again by itself.',
      detail,
    };
  }
  if (isSilent) {
    return {
      code: 'NOT_ACKNOWLEDGED',
      severity: 'warning',
      text: `the target is connected but acknowledges nothing: ${error}${tail}`,
      hint: 'The connection was cut and is made again, and what is not acknowledged is sent again; check the target when this lasts.',
      detail,
    };
  }
  if (isAway) {
    return {
      code: 'ENDPOINT_UNREACHABLE',
      severity: 'warning',
      text: `the target cannot be reached: ${error}${tail}`,
      hint: 'Records stay in the store and are sent when it is back; check address, network and the target when this lasts.',
      detail,
    };
  }
  return {
    code: 'DELIVERY_FAILED',
    severity: 'warning',
    text: `the target does not take records: ${error}${tail}`,
    hint: 'They stay in the store and are sent again by themselves; check the target when this lasts.',
    detail,
  };
}
