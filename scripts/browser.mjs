/** Headless Chromium for pictures and browser tests: the one of the system, installed where that is allowed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of a Chromium, or undefined where there is none and none may be installed. */
export function findChromium() {
  const found = [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path));
  if (found) return found;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return undefined;
  console.log('installing chromium with apt-get ...');
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  return PLACES.find((path) => existsSync(path));
}

/**
 * A page in a fresh headless Chromium.
 * @param storage entries of the local storage, e.g. the language of the editor
 */
export async function openBrowser(executablePath, { width = 1400, height = 800, storage = {} } = {}) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = await browser.newPage({ viewport: { width, height } });
  await page.addInitScript((entries) => {
    for (const [key, value] of Object.entries(entries)) localStorage.setItem(key, value);
  }, storage);
  return { browser, page };
}

/** Opens the editor, and waits until flow and palette are there. */
export async function openEditor(page, url) {
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('.red-ui-flow-node', { timeout: 60_000 });
  await page.waitForSelector('.red-ui-palette-node[data-palette-type="sag-swell-detector"]', {
    timeout: 60_000,
  });
}
