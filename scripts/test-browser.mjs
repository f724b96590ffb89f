/**
 * `npm run test:browser`: panels, sidebar, examples and dashboard in headless Chromium, on Node-RED 4.1 and 5, light
 * and dark. Installs Chromium where it may; says what it skipped where it may not. Arguments choose looks, e.g.
 * `npm run test:browser -- 4.1-light`.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { findChromium } from './browser.mjs';
import { root } from './demo.mjs';
import { nodeRed5 } from './node-red-5.mjs';

const chromium = findChromium();
if (!chromium) {
  console.log('skipped test:browser: there is no Chromium here, and none may be installed');
  process.exit(0);
}
const LOOKS = ['4.1-light', '4.1-dark', '5-light', '5-dark'];
const chosen = process.argv.slice(2).length ? process.argv.slice(2) : LOOKS;
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
let failed = 0;
for (const look of chosen) {
  const [release, theme] = look.split('-');
  const five = release === '5' ? nodeRed5() : undefined;
  console.log(`\nNode-RED ${five?.version ?? '4.1'}, ${theme}`);
  const { status } = spawnSync(
    process.execPath,
    [mocha, '--config', 'test/mocharc.json', '--reporter', 'spec', 'test/browser/*.test.ts'],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        CHROMIUM: chromium,
        EDITOR_THEME: theme,
        EDITOR_LOOK: look,
        ...(five && { NODE_RED_RUNTIME: five.runtime, NODE_RED_NODE: five.node }),
      },
    },
  );
  if (status !== 0) failed++;
}
process.exit(failed ? 1 : 0);
