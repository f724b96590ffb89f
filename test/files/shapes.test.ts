import assert from 'node:assert/strict';
import { openRecord } from '../../src/files';
import { makeRecord } from './shapes';
import { describeShape } from './shapes/draw';
import { type Judgement, judge } from './shapes/judge';

const SHAPES = 300;

describe('files: COMTRADE records of random shapes', () => {
  const { SHAPE } = process.env;
  const seeds = SHAPE === undefined ? Array.from({ length: SHAPES }, (_, seed) => seed) : [Number(SHAPE)];

  it(`each of ${seeds.length} is right, or refused with a reason that is true`, async () => {
    const wrong: string[] = [];
    const refused = new Map<string, number>();
    let right = 0;
    const worst = { residualError: 0, timeError: 0 };
    for (const seed of seeds) {
      const record = makeRecord(seed);
      const judgement = await judge(record, openRecord);
      if (SHAPE !== undefined) console.log(describeShape(record.shape), judgement);
      if (judgement.problems.length > 0) {
        wrong.push(messageOf(describeShape(record.shape), judgement));
        continue;
      }
      const { fault } = record.shape;
      if (judgement.refused !== undefined && fault) refused.set(fault, (refused.get(fault) ?? 0) + 1);
      else right++;
      worst.residualError = Math.max(worst.residualError, judgement.residualError);
      worst.timeError = Math.max(worst.timeError, judgement.timeError);
    }
    const reasons = [...refused].map(([fault, count]) => `${count} ${fault}`).join(', ');
    console.log(
      `    ${right} right, refused: ${reasons || 'none'}, ${wrong.length} wrong; worst residual ${worst.residualError.toFixed(4)} pu off, worst time ${worst.timeError.toFixed(2)} cycles off`,
    );
    assert.equal(wrong.length, 0, `\n${wrong.join('\n\n')}`);
  }).timeout(60_000);
});

function messageOf(shape: string, { problems }: Judgement): string {
  return `${shape}\n  ${problems.join('\n  ')}\n  (again: SHAPE=<seed> npx mocha --config test/mocharc.json test/files/shapes.test.ts)`;
}
