import { fillGaps, isStuck, type Level, longestRun, shareOf, smooth, toZScores, usualStep } from '../clean';
import type { CorrelatorSettings, Phase } from '../settings';

/** Part of its intervals that a series with long gaps must have. */
const LEAST_PRESENT = 0.5;
/** Part of the intervals in which the power of a customer must be known, and that in which it is compared. */
const LEAST_OF_POWER = 0.5;
const QUIET_PART = 0.5;

/** A series that takes part: of a customer's meter, or of a reference whose phase is known. */
export interface Member {
  meter: string;
  /** Phase of a reference; and whether it is that of another transformer, on the same feeder or on one without a name. */
  reference?: Phase;
  borrowed?: 'feeder' | 'unknown';
  /** Phase that the records have. */
  recorded?: Phase;
  /** Input of a meter of several phases. */
  input?: string;
  /** Transformer, where a group has meters of several. */
  transformer?: string;
}

/** A member whose series is cleaned: z-scores, unless it is excluded. */
export interface Prepared {
  /** Number of the member. */
  index: number;
  member: Member;
  row: Float32Array;
  missing: number;
  /** Intervals that are compared, 1 for each; all of them without. */
  present?: Uint8Array;
  /** It has longer gaps, which are masked. */
  masked?: boolean;
  level?: Level;
  /** Why it is left out; and whether by its gaps alone. */
  excluded?: string;
  hasGaps?: boolean;
  clockLate?: number;
}

/** Series of all members, cleaned; those that cannot be compared with the reason. */
export function prepareAll(
  members: readonly Member[],
  length: number,
  read: (index: number, into: Float32Array) => void,
  settings: CorrelatorSettings,
): Prepared[] {
  const all = members.map((member, k): Prepared & { run: number } => {
    const row = new Float32Array(length);
    read(k, row);
    const missing = 1 - shareOf(row);
    const run = longestRun(row);
    const step = usualStep(row);
    if (step > 1) {
      const excluded = `Inconsistent Sampling Frequency: a reading every ${step} intervals`;
      return { index: k, member, row, missing, run, excluded };
    }
    const cleaned = fillGaps(row, settings.maxGap);
    if (cleaned.ok) return { index: k, member, row, missing, run };
    // A reference with a longer gap is still the best there is: in the gap it says nothing. So is a masked meter.
    if ((member.reference || settings.gaps === 'mask') && 1 - missing >= LEAST_PRESENT) {
      return {
        index: k,
        member,
        row,
        missing,
        run,
        present: Uint8Array.from(row, (x) => (Number.isNaN(x) ? 0 : 1)),
        masked: true,
      };
    }
    return {
      index: k,
      member,
      row,
      missing,
      run,
      excluded: cleaned.reason,
      hasGaps: 1 - missing >= LEAST_PRESENT,
    };
  });
  const runs = all.map(({ run }) => run).sort((a, b) => a - b);
  const usual = runs[runs.length >> 1] ?? 0;
  for (const one of all) {
    if (one.excluded !== undefined) continue;
    if (settings.lowPass > 1) smooth(one.row, settings.lowPass);
    one.level = toZScores(one.row);
  }
  // References of a feeder may be on another voltage: only what moves in them is compared.
  const levels = all
    .flatMap(({ level, member }) => (level && !member.borrowed ? [level.mean] : []))
    .sort((a, b) => a - b);
  const middle = levels[levels.length >> 1] ?? 0;
  for (const one of all) {
    if (one.excluded !== undefined) continue;
    if (!one.level) one.excluded = 'voltage never changes';
    else if (!one.member.reference && isImplausible(one.level.mean, middle)) {
      one.excluded = `implausible voltage: ${one.level.mean.toPrecision(3)} V where the others have ${middle.toPrecision(3)} V`;
    } else if (isStuck(one.run, usual))
      one.excluded = `stuck value: the same voltage for ${one.run} intervals`;
  }
  return all;
}

/** Whether a mean is none of this network: another unit, a dead input, a line voltage among phase voltages. */
function isImplausible(mean: number, middle: number): boolean {
  return !(mean > 0) || (middle > 0 && (mean < 0.6 * middle || mean > 1.5 * middle));
}

/**
 * The half of the intervals in which a customer draws least: then the drop of its own branch, which hides its phase,
 * is smallest (after the power bands of M. Lave et al. and L. Blakely et al.; arXiv 2210.00155).
 * @returns undefined where its power is not known for half of the time
 */
export function quietOf(power: Float32Array | undefined): Uint8Array | undefined {
  if (!power || shareOf(power) < LEAST_OF_POWER) return undefined;
  const known = power.filter((x) => !Number.isNaN(x)).sort();
  const limit = known[Math.floor(QUIET_PART * (known.length - 1))];
  return Uint8Array.from(power, (x) => (x <= limit ? 1 : 0));
}

/** Leaves of a series its quiet intervals, as z-scores of their own; the others say nothing. */
export function onlyQuiet(one: Prepared, quiet: Uint8Array | undefined): void {
  const { row, level, present } = one;
  if (!quiet) return;
  one.present = present ? quiet.map((x, i) => x & present[i]) : quiet;
  for (let i = 0; i < row.length; i++) if (!one.present[i]) row[i] = Number.NaN;
  const ofQuiet = toZScores(row, 1e-6);
  if (!ofQuiet || !level) {
    row.fill(0);
    return;
  }
  level.mean += level.deviation * ofQuiet.mean;
  level.deviation *= ofQuiet.deviation;
}
