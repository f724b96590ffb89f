import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../free-port';

export const ROOT = join(__dirname, '..', '..');
const SCRIPTS = join(ROOT, 'scripts');
const THEME = process.env.EDITOR_THEME ?? 'light';
/** Version and theme of this run, e.g. `4.1-light`. */
export const LOOK = process.env.EDITOR_LOOK ?? '4.1-light';

export type FlowNode = Record<string, unknown> & { id: string; type: string };

export interface EditorOptions {
  flow?: FlowNode[];
  /** Of Node-RED. */
  settings?: Record<string, unknown>;
  language?: string;
  width?: number;
  height?: number;
}

/** What the console may say: what is not ours, and what fails without the internet. */
const NOT_OURS =
  /favicon|ERR_INTERNET|net::ERR|catalogue\.nodered\.org|handleDebugMessage|RED\.comms\.subscribe: TypeError.*'label'/;

/** A Node-RED of its own, and its editor in Chromium. */
export class Editor {
  private readonly said: string[] = [];

  private constructor(
    readonly url: string,
    readonly port: number,
    readonly page: Page,
    private readonly browser: Browser,
    private readonly stop: () => Promise<void>,
  ) {
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => {
      if (message.type() === 'error') this.said.push(message.text());
    });
    page.on('pageerror', (error) => this.said.push(String(error.stack ?? error)));
  }

  static async open({
    flow = [],
    settings = {},
    language,
    width,
    height,
  }: EditorOptions = {}): Promise<Editor> {
    const { startNodeRed } = await import(join(SCRIPTS, 'demo.mjs'));
    const { openBrowser } = await import(join(SCRIPTS, 'browser.mjs'));
    const userDir = mkdtempSync(join(tmpdir(), 'pq-browser-'));
    // Node-RED 5.0.7 shows its tips, where it is slow to start, before there is a place for them, and fails.
    const settingsOfUsers = { _: { editor: { view: { 'view-show-tips': false } } } };
    writeFileSync(join(userDir, '.config.users.json'), JSON.stringify(settingsOfUsers));
    const port = await freePort();
    // Node-RED 5 has a dark theme of its own; 4.1 takes one from a package of themes.
    const editorTheme = THEME === 'dark' && LOOK.startsWith('4') ? { theme: 'dark' } : {};
    const nodeRed = await startNodeRed({ port, flow, userDir, settings: { editorTheme, ...settings } });
    const storage = { 'view-dark-theme': THEME, ...(language && { 'editor-language': language }) };
    const { browser, page } = await openBrowser(process.env.CHROMIUM, { width, height, storage });
    return new Editor(nodeRed.url, port, page, browser, async () => {
      await nodeRed.stop();
      rmSync(userDir, { recursive: true, force: true });
    });
  }

  /** Opens the editor, and waits until the nodes of the package are there. */
  async load(): Promise<void> {
    await this.page.goto(this.url, { waitUntil: 'domcontentloaded' });
    await this.page.waitForSelector('.red-ui-palette-node[data-palette-type="sag-swell-detector"]', {
      timeout: 60_000,
      state: 'attached',
    });
    await this.page.waitForFunction('RED.workspaces.count() > 0 && RED.nodes.getType("sag-swell-detector")');
    await this.page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' }).catch(() => {});
  }

  /** Opens the panel of a node, or of a config node, by its id. */
  async openPanel(id: string): Promise<void> {
    await this.page.evaluate(`(() => {
      const node = RED.nodes.node(${JSON.stringify(id)});
      if (node._def.category === 'config') RED.editor.editConfig('', node.type, node.id);
      else RED.editor.edit(node);
    })()`);
    await this.page.waitForSelector('.red-ui-tray .pq-form .form-row:visible');
    // Until the tray has slid in: what is clicked before goes nowhere.
    await this.page.waitForFunction(
      `(() => { const trays = document.querySelectorAll('.red-ui-tray'); const tray = trays[trays.length - 1];
        const box = tray.getBoundingClientRect(); const same = tray.dataset.at === String(box.left);
        tray.dataset.at = String(box.left); return same && box.left < window.innerWidth - 200; })()`,
      null,
      { polling: 120 },
    );
  }

  async closePanel(button: 'ok' | 'cancel'): Promise<void> {
    await this.page.evaluate(
      `$('#node-${button === 'ok' ? 'dialog-ok' : 'dialog-cancel'}:visible, #node-config-dialog-${button}:visible').click()`,
    );
    await this.page.waitForSelector('.red-ui-tray', { state: 'detached' });
  }

  /** Types into a field as a person does: the editor judges on keys. */
  async type(field: string, text: string): Promise<void> {
    await this.page.evaluate(`(() => {
      const field = document.querySelector(${JSON.stringify(field)});
      const text = ${JSON.stringify(text)};
      const isTyped = field.nextElementSibling && field.nextElementSibling.classList.contains('red-ui-typedInput-container');
      if (isTyped) $(field).typedInput('value', text);
      else $(field).val(text);
      $(field).trigger('keyup');
      field.dispatchEvent(new Event('input', { bubbles: true }));
      $(field).trigger('change');
    })()`);
  }

  /** Imports an example by the menu, each in a flow of its own, with what must differ here changed. */
  async importExample(
    name: string,
    change: (node: FlowNode) => Partial<FlowNode> = () => ({}),
  ): Promise<void> {
    const { page } = this;
    await page.evaluate(`RED.actions.invoke('core:show-examples-import-dialog')`);
    const label = (text: string) =>
      page.locator('.ui-dialog .red-ui-treeList-label:visible', {
        hasText: text,
      });
    await label('node-red-contrib-power-quality').first().click();
    await label(name).last().click();
    await page.waitForSelector('#red-ui-clipboard-dialog-ok:not([disabled])');
    await page.click('#red-ui-clipboard-dialog-ok');
    await page.waitForFunction(`(() => {
      let found;
      RED.nodes.eachWorkspace((one) => { if (one.label === ${JSON.stringify(name)}) found = one.id; });
      if (found) RED.workspaces.show(found);
      return Boolean(found);
    })()`);
    const flow = JSON.parse(readFileSync(join(ROOT, 'examples', `${name}.json`), 'utf8')) as FlowNode[];
    const changes = flow
      .map((node) => ({ name: node.name ?? '', type: node.type, patch: change(node) }))
      .filter(({ patch }) => Object.keys(patch).length > 0);
    await page.evaluate(`(() => {
      for (const { type, name, patch } of ${JSON.stringify(changes)}) {
        const apply = (node) => {
          if (node.type === type && (node.name ?? '') === name) Object.assign(node, patch, { changed: true });
        };
        RED.nodes.eachNode(apply);
        RED.nodes.eachConfig(apply);
      }
    })()`);
  }

  async deploy(): Promise<void> {
    const { page } = this;
    await page.evaluate(`RED.nodes.dirty(true)`);
    await page.click('#red-ui-header-button-deploy');
    // Unused config nodes, unknown ones: there are none in the examples.
    await page.waitForFunction(`!RED.nodes.dirty()`, null, { timeout: 15_000 });
  }

  /** Texts of the statuses that are shown, by the name or type of the node. */
  statuses(): Promise<Record<string, string>> {
    return this.page.evaluate(`(() => {
      const texts = {};
      RED.nodes.eachNode((node) => {
        if (node.status && node.status.text) texts[node.name || node.type] = node.status.text;
      });
      return texts;
    })()`);
  }

  /** Presses the button of an inject node. */
  async inject(name: string): Promise<void> {
    const id = (await this.page.evaluate(`(() => {
      let found = '';
      RED.nodes.eachNode((node) => {
        if (node.type === 'inject' && node.name === ${JSON.stringify(name)}) found = node.id;
      });
      return found;
    })()`)) as string;
    assert.ok(id, `an inject node called ${name}`);
    const answer = await fetch(`${this.url}inject/${id}`, { method: 'POST' });
    assert.equal(answer.status, 200);
  }

  /** What axe finds in a part of the page that keeps people out: serious and critical faults. */
  async inaccessible(part: string, tags?: string[]): Promise<string[]> {
    if (!(await this.page.evaluate('typeof axe !== "undefined"')))
      await this.page.addScriptTag({ path: createRequire(__filename).resolve('axe-core') });
    const options = { resultTypes: ['violations'], ...(tags && { runOnly: tags }) };
    return this.page.evaluate(
      // The grid is a library's: its roles are its own.
      `axe.run({ include: ['${part}'], exclude: ['.tabulator'] }, ${JSON.stringify(options)}).then(({ violations }) => violations
        .filter(({ impact }) => ['serious', 'critical'].includes(impact))
        .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map((one) => one.html.slice(0, 150) + ' ' + (one.any[0]?.message ?? '')).join(' | ')))`,
    );
  }

  /** A picture for the documentation; only the light 4.1 editor stands for it. */
  async picture(name: string, selector?: string): Promise<void> {
    if (LOOK !== '4.1-light') return;
    const folder = join(ROOT, 'docs', 'pictures');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    if (selector) await this.page.locator(selector).last().screenshot({ path });
    else await this.page.screenshot({ path });
  }

  /** What the console has said that it should not have. */
  get complaints(): string[] {
    return this.said.filter((text) => !NOT_OURS.test(text));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.stop();
  }
}
