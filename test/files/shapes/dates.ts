import type { Dice } from './dice';
import type { Revision } from './writer';

export interface StartDate {
  start: string;
  trigger: string;
  timeCode: string;
  /** ms since 1970; undefined where the header gives no date that exists. */
  time: number | undefined;
}

/** Local time less UTC of a 2013 time code, minutes. */
const TIME_CODES: Record<string, number> = {
  '0': 0,
  x: 0,
  '-5': -300,
  '+5h30': 330,
  '8': 480,
  '-3h30': -210,
};

/**
 * Date of the first sample and of the trigger as a header gives them.
 * @param digits of the fraction of a second @param beforeTrigger s from the first sample to the trigger
 */
export function drawDate(dice: Dice, revision: Revision, digits: number, beforeTrigger: number): StartDate {
  const timeCode = revision === 2013 ? dice.pick(Object.keys(TIME_CODES)) : '0';
  const shown = Date.UTC(
    dice.whole(1994, 2025),
    dice.whole(0, 11),
    dice.whole(1, 28),
    dice.whole(0, 23),
    dice.whole(0, 59),
    dice.whole(0, 59),
  );
  const unit = 10 ** digits;
  const fraction = Math.floor(dice.between(0, 0.9) * unit);
  const kind = dice.pick([...Array(18).fill('good'), 'impossible', 'empty']);
  if (kind === 'empty') return { start: ',', trigger: ',', timeCode, time: undefined };
  const start = dateText(dice, revision, shown, fraction, digits);
  const triggered = fraction + Math.round(beforeTrigger * unit);
  const trigger = dateText(
    dice,
    revision,
    shown + 1000 * Math.floor(triggered / unit),
    triggered % unit,
    digits,
  );
  if (kind === 'impossible') return { start: impossible(dice, revision), trigger, timeCode, time: undefined };
  const time = shown + (fraction / unit) * 1000 - TIME_CODES[timeCode] * 60_000;
  return { start, trigger, timeCode, time };
}

function dateText(dice: Dice, revision: Revision, shown: number, fraction: number, digits: number): string {
  const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(
    new Date(shown).toISOString(),
  ) as string[];
  const date =
    revision === 1991
      ? `${month}/${day}/${dice.chance(0.7) ? year.slice(2) : year}`
      : `${day}/${month}/${year}`;
  return `${date},${clock}.${String(fraction).padStart(digits, '0')}`;
}

function impossible(dice: Dice, revision: Revision): string {
  const february = revision === 1991 ? '02/31/2004' : '31/02/2004';
  return dice.pick([
    `${february},10:20:30.123456`,
    '13/13/2004,10:20:30.123456',
    '05/06/2004,25:20:30.123456',
  ]);
}
