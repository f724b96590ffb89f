import assert from 'node:assert/strict';
import { ieee1159 } from '../../../src/record';

describe('IEEE 1159 categories', () => {
  const TABLE: [Parameters<typeof ieee1159>, string, boolean][] = [
    [['sag', 0.5, 0.1, 5], 'instantaneous sag', true],
    [['sag', 0.5, 0.6, 30], 'instantaneous sag', true],
    [['sag', 0.5, 0.61, 30.5], 'momentary sag', true],
    [['sag', 0.9, 3, 150], 'momentary sag', true],
    [['sag', 0.1, 3.01, 150.5], 'temporary sag', true],
    [['sag', 0.85, 61, 3050], 'undervoltage', true],
    [['sag', 0.5, 61, 3050], 'undervoltage', false],
    [['sag', 0.05, 0.1, 5], 'instantaneous sag', false],
    [['swell', 1.8, 0.1, 5], 'instantaneous swell', true],
    [['swell', 1.9, 0.1, 5], 'instantaneous swell', false],
    [['swell', 1.4, 1, 50], 'momentary swell', true],
    [['swell', 1.5, 1, 50], 'momentary swell', false],
    [['swell', 1.2, 59, 2950], 'temporary swell', true],
    [['swell', 1.5, 5, 250], 'temporary swell', false],
    [['swell', 1.15, 100, 5000], 'overvoltage', true],
    [['interruption', 0.05, 0.02, 1], 'momentary interruption', true],
    [['interruption', 0.05, 3.5, 175], 'temporary interruption', true],
    [['interruption', 0, 61, 3050], 'sustained interruption', true],
  ];
  for (const [input, category, inTable] of TABLE) {
    it(`${input.join(' ')} is ${category}${inTable ? '' : ', outside the table'}`, () => {
      assert.deepEqual(ieee1159(...input), { category, inTable });
    });
  }
});
