/**
 * `npm run test:browser`: the panels in the editor, in headless Chromium. Installs Chromium where it may;
 * says what it skipped where it may not.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { findChromium } from './browser.mjs';
import { root } from './demo.mjs';

const chromium = findChromium();
if (!chromium) {
  console.log('skipped test:browser: there is no Chromium here, and none may be installed');
  process.exit(0);
}
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
execFileSync(
  process.execPath,
  [mocha, '--config', 'test/mocharc.json', '--reporter', 'spec', 'test/browser/*.test.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, CHROMIUM: chromium } },
);
