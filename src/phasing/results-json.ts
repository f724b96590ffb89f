import type { PhaseMap } from '../record';
import type { Steps } from './steps';

/**
 * The whole map as JSON, laid out so that two runs can be compared line by line: `results.json`. In steps: of a hundred
 * thousand meters it is long.
 */
export function* resultsJson(map: PhaseMap): Steps<string> {
  const { assignments, transformers, ...head } = map;
  const parts = ['{\n'];
  for (const [name, value] of Object.entries(head)) {
    parts.push(`  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  }
  for (const [name, rows] of Object.entries({ transformers, assignments })) {
    parts.push(`  "${name}": [`);
    for (const [k, row] of rows.entries()) {
      parts.push(`${k ? ',' : ''}\n    ${JSON.stringify(row)}`);
      yield;
    }
    parts.push(name === 'assignments' ? '\n  ]\n}\n' : '\n  ],\n');
  }
  return parts.join('');
}
