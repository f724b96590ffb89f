/** `npm run screenshot`: the picture of the README, taken from the running demo: docs/flow.png. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, openBrowser, openEditor } from './browser.mjs';
import { demoFlow, freePort, root, startBroker, startNodeRed } from './demo.mjs';

const chromium = findChromium();
if (!chromium) {
  console.log('no picture taken: there is no Chromium here, and none may be installed');
  process.exit(0);
}

const mqtt = await freePort(18830);
const modbus = await freePort(15020);
const port = await freePort(18800);
const userDir = mkdtempSync(join(tmpdir(), 'pq-screenshot-'));
const broker = await startBroker(mqtt);
const nodeRed = await startNodeRed({ port, flow: demoFlow({ mqtt, modbus }), userDir });
const { browser, page } = await openBrowser(chromium, { width: 1560, height: 620 });
try {
  await openEditor(page, nodeRed.url);
  await page.evaluate('RED.sidebar.show("debug")');
  // Until the first sag has ended, so that statuses and sidebar show what the flow does.
  await page.waitForFunction(() => document.querySelectorAll('.red-ui-debug-msg').length >= 2, null, {
    timeout: 60_000,
  });
  await page.waitForTimeout(500);
  mkdirSync(join(root, 'docs'), { recursive: true });
  await page.screenshot({ path: join(root, 'docs', 'flow.png') });
  console.log('docs/flow.png');
} finally {
  await browser.close();
  await nodeRed.stop();
  await broker.close();
  rmSync(userDir, { recursive: true, force: true });
}
