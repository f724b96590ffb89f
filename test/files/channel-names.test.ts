import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'papaparse';
import { type NamedChannel, namedSets } from '../../src/files/channels/names';

/** A channel of a real file, and what it is by its maker's manual or by its samples. */
interface Row {
  maker: string;
  name: string;
  phase: string;
  unit: string;
  role: string;
  note: string;
}

const text = readFileSync(join(__dirname, 'channel-names.csv'), 'utf8');
const { data: rows } = parse<Row>(text, { header: true, skipEmptyLines: true });
const sets = new Map<string, Row[]>();
for (const row of rows) sets.set(row.maker, [...(sets.get(row.maker) ?? []), row]);

const PHASE = /^(v(a|b|c|ab|bc|ca)|i[abc])$/;
/** As the finder does before it looks at samples: the best sets first, none that shares a channel with another. */
const LEAST_SCORE = 0.5;

/** What each channel is taken for by its name alone. */
function byName(own: readonly Row[]): (string | undefined)[] {
  const channels = own.map(
    ({ name, phase, unit }, i): NamedChannel => ({ index: i + 1, id: name, phase, unit, component: '' }),
  );
  const taken: (string | undefined)[] = own.map(() => undefined);
  for (const { score, members, kind, lines } of namedSets(channels)) {
    if (score < LEAST_SCORE || members.some((place) => place !== undefined && taken[place])) continue;
    members.forEach((place, i) => {
      if (place !== undefined) taken[place] = `${kind}${(lines ? ['ab', 'bc', 'ca'] : ['a', 'b', 'c'])[i]}`;
    });
  }
  return taken;
}

const judged = [...sets].flatMap(([maker, own]) => {
  const taken = byName(own);
  return own
    .map((row, i) => ({ maker, role: row.role, name: row.name, note: row.note, taken: taken[i] }))
    .filter(({ note }) => !note.includes('UNSURE'));
});
const listed = (some: typeof judged) =>
  some.map(({ maker, name, role, taken }) => `${maker}: ${name} is ${role}, taken for ${taken}`).join('\n');

describe('files: channel names of 161 recorders', () => {
  it('are the 1,707 that were gathered', () => {
    assert.equal(rows.length, 1707);
    assert.equal(sets.size, 161);
    assert.equal(judged.filter(({ role }) => PHASE.test(role)).length, 1133);
  });

  it('give 1,120 phases or more', () => {
    const right = judged.filter(({ role, taken }) => PHASE.test(role) && taken === role);
    assert.ok(right.length >= 1120, `${right.length} right`);
  });

  it('never give a phase for another one, or a current for a voltage', () => {
    const wrong = judged.filter(({ role, taken }) => PHASE.test(role) && taken && taken !== role);
    assert.equal(wrong.length, 0, listed(wrong));
  });

  it('never give a neutral, a residual or a synchronising value for a phase', () => {
    const wrong = judged.filter(({ role, taken }) => !PHASE.test(role) && role !== 'other' && taken);
    assert.equal(wrong.length, 0, listed(wrong));
  });

  it('give 36 lookalikes at most, which their samples must reject', () => {
    const lookalikes = judged.filter(({ role, taken }) => role === 'other' && taken);
    assert.ok(lookalikes.length <= 36, `${lookalikes.length}:\n${listed(lookalikes)}`);
  });
});
