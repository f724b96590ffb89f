import { type Assignment, GRADES } from '../record';
import type { RunFrame } from './frame';
import type { Identified } from './group/judge';
import type { CorrelatorSettings } from './settings';

/** Confidence from which a record that differs is wrong, and not doubtful. */
const CERTAIN = 0.99;

/** What is found of the inputs of one meter as one assignment: the phase of each, and the least certain of all. */
export function merged(inputs: readonly Assignment[]): Assignment {
  const isPairs = inputs.some(({ phase }) => (phase?.length ?? 0) > 1);
  const phases = inputs.map(({ phase }) => phase ?? '-').join(isPairs ? ' ' : '');
  const least = (pick: (a: Assignment) => number | null | undefined) => {
    const values = inputs.map(pick);
    return values.some((value) => value === null || value === undefined)
      ? null
      : Math.min(...(values as number[]));
  };
  const worst = GRADES[Math.max(...inputs.map(({ grade }) => GRADES.indexOf(grade)))];
  const recorded = inputs.every((input) => input.recorded)
    ? inputs.map((input) => input.recorded).join(isPairs ? ' ' : '')
    : null;
  const reasons = new Set(inputs.map(({ reason }) => reason).filter(Boolean));
  const whole = worst !== 'excluded';
  const had = inputs.flatMap((input) => input.had ?? []);
  if (whole && new Set(inputs.map(({ phase }) => phase)).size < inputs.length) {
    reasons.add(
      inputs.length === 2
        ? 'both inputs on one phase: the halves of a split phase'
        : 'two inputs on one phase',
    );
  }
  return {
    ...inputs[0],
    inputs: inputs.length,
    phase: whole ? phases : null,
    score: least(({ score }) => score),
    margin: least(({ margin }) => margin),
    confidence: least(({ confidence }) => confidence),
    grade: worst,
    recorded,
    agrees: recorded === null || !whole ? null : recorded === phases,
    reason: [...reasons].join('; '),
    ...(had.length ? { had: Math.min(...had) } : {}),
  };
}

/** What the map says of one meter, or of one of its inputs. */
export function assignmentOf(
  found: Identified,
  transformer: string,
  recorded: string | null,
  settings: CorrelatorSettings,
  frame: RunFrame,
): Assignment {
  const { meter, phase, score, margin, confidence, grade, missing, excluded, clockLate, level, moved } =
    found;
  const agrees = recorded === null || phase === null ? null : recorded === phase;
  const time = moved && frame.timeOf(moved.interval);
  const reasons = [
    ...(excluded ? [excluded] : []),
    ...(score === null ? [] : gradeReason(score, settings)),
    ...(found.had === undefined ? [] : [`compared over ${(100 * found.had).toFixed(0)} % of the intervals`]),
    ...(found.together ? ['judged together with its transformer'] : []),
    ...(found.doubt && score !== null ? [DOUBTS[found.doubt]] : []),
    ...(agrees === false ? [differs(found)] : []),
    ...(moved && time
      ? [`moved from phase ${moved.from} on ${new Date(time).toISOString().slice(0, 10)}`]
      : []),
    ...(clockLate === undefined
      ? []
      : [`clock ${Math.abs(clockLate)} s ${clockLate > 0 ? 'late' : 'early'}`]),
    ...(level === undefined
      ? []
      : [`reads ${percent(level)} ${level > 0 ? 'above' : 'below'} its neighbours`]),
  ];
  return {
    meter,
    transformer,
    phase,
    score,
    margin,
    grade,
    recorded,
    agrees,
    reason: reasons.join('; '),
    confidence,
    ...(missing > 0 ? { missing } : {}),
    ...(found.had === undefined ? {} : { had: found.had }),
    ...(clockLate === undefined ? {} : { clockLate }),
    ...(level === undefined ? {} : { level }),
    ...(moved && time ? { moved: { from: moved.from, time } } : {}),
  };
}

const DOUBTS = {
  margin: 'the next phase is nearly as likely',
  name: 'the phases of its group may be permuted',
  feeder: 'compared with references whose feeder has no name',
  contradicts: 'more like the references of another phase',
};

function differs({ grade, confidence }: Identified): string {
  const isSure = grade === 'match' && (confidence ?? 0) >= CERTAIN;
  return isSure ? 'differs from the recorded phase' : 'differs from the recorded phase (doubtful)';
}

function gradeReason(r: number, { match, suspect, low }: CorrelatorSettings): string[] {
  if (r < low) return ['Low Correlation Coefficient'];
  if (r < suspect) return ['weak correlation'];
  return r < match ? ['Suspect Phase'] : [];
}

function percent(part: number): string {
  return `${Math.abs(100 * part).toFixed(1)} %`;
}
