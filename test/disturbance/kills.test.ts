import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterEach } from '../clean-up';
import { seeded } from '../signal/signals';
import { until } from '../until';

const KILLS = 8;
const cleanUp = cleanUpAfterEach();

interface Line {
  id: string;
  state: string;
  flags: string;
}

/** The source of events of a folder, one of its runs. */
function startSource(folder: string, run: number, more: 'more' | 'no more' = 'more') {
  const script = join(__dirname, 'event-source.ts');
  const file = join(folder, `given-${run}`);
  const first = String(1e12 + run * 1e9);
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    script,
    join(folder, 'journal'),
    file,
    first,
    more,
  ]);
  const ended = once(child, 'close');
  child.stderr.pipe(process.stderr);
  cleanUp(() => child.kill('SIGKILL'));
  return {
    given(): Line[] {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
      return lines.map((line) => {
        const [id, state, flags] = line.split(' ');
        return { id, state, flags };
      });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('a detector that is killed', function () {
  this.timeout(180_000);

  it(`${KILLS} times at any moment: every start has one end, and none is open for ever`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-kills-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const random = seeded(7);
    const given: Line[] = [];
    for (let run = 0; run < KILLS; run++) {
      const source = startSource(folder, run);
      const lines = 20 + random(250);
      await until(() => source.given().length >= lines, 'events', 60_000);
      await source.kill();
      given.push(...source.given());
    }
    const starts = new Set(given.filter(({ state }) => state === 'start').map(({ id }) => id));
    const last = startSource(folder, KILLS, 'no more');
    const open = () => {
      const ended = new Set([...given, ...last.given()].filter((l) => l.state === 'end').map(({ id }) => id));
      return [...starts].filter((id) => !ended.has(id));
    };
    await until(
      () => open().length === 0,
      () => `an end of ${open().join(', ')}`,
      60_000,
    );
    await last.kill();
    // How each ended: where that was said twice, in the same way.
    const ends = new Map<string, string>();
    let again = 0;
    for (const { id, state, flags } of [...given, ...last.given()]) {
      if (state !== 'end') continue;
      if (ends.has(id)) again++;
      assert.equal(flags, ends.get(id) ?? flags, `${id} ended in two ways`);
      ends.set(id, flags);
    }
    const cut = [...ends.values()].filter((flags) => flags === 'cut').length;
    console.log(
      `      ${starts.size} starts, ${KILLS} kills: each has one end, ${cut} of them cut; ${again} said again as they were`,
    );
    assert.ok(starts.size > 200 && cut > KILLS);
  });
});
