import type { RecordSummary } from '../../../src/record';
import type { ShapedRecord } from '../shapes';
import { unitFactor } from './naming';

type Test = (record: ShapedRecord, text: string) => boolean;

const isRandom: Test = ({ shape }) => shape.fault === 'random stamps';

/** Doubts by their code: when they are true. Of a code that is not here nothing can be said. */
const TRUE_WHEN: Record<string, Test> = {
  GAP: ({ truth }, text) => truth.gaps.some(({ sample }) => text.includes(`before sample ${sample + 1}`)),
  RATE_DRIFT: ({ shape }) => shape.layout === 'drift',
  RATE_MISMATCH: isRandom,
  STAMP_UNIT: isRandom,
  STAMPS_BACK: isRandom,
  STAMPS: isRandom,
  NO_STAMPS: ({ shape }) => shape.clock.stamps === 'missing',
  FREQUENCY: ({ shape }) => Math.abs(Number(shape.headerFrequency) - shape.system.frequency) > 2.5,
  UNIT: ({ shape }) => shape.channels.some(({ unit }) => unitFactor(unit) === undefined),
  NOMINAL: ({ shape }) => !shape.isNominalGiven,
  NO_START_TIME: ({ shape }) => shape.date.time === undefined,
  TIME_ZONE: ({ shape }) => shape.revision !== 2013 || shape.date.timeCode === 'x',
  TREND: ({ shape }) => shape.layout === 'slow',
  NO_WAVEFORM: ({ shape }) => shape.fault === 'too few samples a cycle',
  SHORT_SECTION: () => false,
  MISSING_SAMPLES: ({ shape }) => shape.hasMissingValues,
  ROTATION: ({ shape }) => shape.system.rotation === -1,
  SINGLE_PHASE: () => false,
  FORMAT: ({ shape }, text) => {
    if (/promises/.test(text)) return shape.countOff !== 0 || shape.fault !== undefined;
    if (/unfinished|left out/.test(text)) return shape.fault !== undefined;
    return !/date|time of day|calendar/.test(text) || shape.date.time === undefined;
  },
};

/** Doubts of a summary that are not so. */
export function falseDoubts(record: ShapedRecord, { doubts }: RecordSummary): string[] {
  return doubts
    .filter(({ code, text }) => TRUE_WHEN[code]?.(record, text) === false)
    .map(({ code, text }) => `a doubt that is not so: ${code} ${text}`);
}
