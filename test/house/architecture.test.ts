import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What each folder of src/ may import from its sisters: one way only (design, section 1). */
const SHARED = ['record', 'signal', 'registers', 'shared', 'plots'];
const ALLOWED: Record<string, string[]> = {
  record: [],
  shared: ['record'],
  signal: ['record'],
  registers: ['record'],
  panel: ['record', 'signal', 'plots', 'desk'],
  plots: ['record', 'signal'],
  desk: ['record'],
  // One door for the forms of files: each form is a room of its own.
  files: [...SHARED, 'comtrade'],
};

function importsOf(folder: string): { file: string; target: string }[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((name) => {
    const file = join(ROOT, folder, name);
    const targets = [...readFileSync(file, 'utf8').matchAll(/(?:from|import|require\()\s*['"]([^'"]+)['"]/g)];
    return targets.map(([, target]) => ({
      file: relative(ROOT, file),
      target: target.startsWith('.') ? relative(ROOT, resolve(dirname(file), target)) : target,
    }));
  });
}

describe('the house', () => {
  it('lets dependencies point one way: stages know what they share, not each other', () => {
    for (const { file, target } of importsOf('src')) {
      if (!target.startsWith('src/')) continue;
      const [, own] = file.split('/');
      const [, other] = target.split('/');
      const allowed = [own, ...(ALLOWED[own] ?? SHARED)];
      assert.ok(allowed.includes(other), `${file} imports ${target}`);
    }
  });

  it('keeps Node-RED out of src/, and nodes apart from each other', () => {
    for (const { file, target } of importsOf('src')) assert.doesNotMatch(target, /node-red|^nodes\//, file);
    for (const { file, target } of importsOf('nodes')) {
      const own = file.split('/').slice(0, 2).join('/');
      const isOwn = target.startsWith(`${own}/`) || /^nodes\/[a-z-]+$/.test(target);
      assert.ok(!target.startsWith('nodes/') || isOwn, `${file} imports ${target}`);
      if (!file.endsWith('.editor.ts')) continue;
      // A panel bundles the settings of its stage, not the stage with its libraries.
      assert.doesNotMatch(target, /^src\/[a-z]+$/, file);
    }
  });
});
