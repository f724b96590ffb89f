import type { Doubt } from '../record';

/** Doubts of one kind that are listed; more are counted. */
const LISTED = 20;

/** What a summary lists of the doubts: many of one kind would drown the others. */
export function listed(doubts: readonly Doubt[]): Doubt[] {
  const counts = new Map<string, number>();
  const kept: Doubt[] = [];
  for (const doubt of doubts) {
    const count = (counts.get(doubt.code) ?? 0) + 1;
    counts.set(doubt.code, count);
    if (count <= LISTED) kept.push({ ...doubt, text: doubt.text.slice(0, 2000) });
  }
  for (const [code, count] of counts) {
    if (count > LISTED) kept.push({ code, text: `${count - LISTED} more of this kind` });
  }
  return kept;
}
