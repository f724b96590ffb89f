import type { PhaseMap } from '../record';
import { LongText, type Steps } from './steps';

/**
 * The whole map as JSON, laid out so that two runs can be compared line by line: `results.json`. In steps: of a hundred
 * thousand meters it is long.
 */
export function* resultsJson(map: PhaseMap): Steps<string> {
  const { assignments, transformers, ...head } = map;
  const parts = new LongText('');
  parts.add('{\n');
  for (const [name, value] of Object.entries(head)) {
    parts.add(`  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  }
  for (const [name, rows] of Object.entries({ transformers, assignments })) {
    parts.add(`  "${name}": [`);
    for (const [k, row] of rows.entries()) {
      parts.add(`${k ? ',' : ''}\n    ${JSON.stringify(row)}`);
      yield;
    }
    parts.add(name === 'assignments' ? '\n  ]\n}\n' : '\n  ],\n');
  }
  return parts.end();
}
