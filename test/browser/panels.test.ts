import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../free-port';
import { startTestBroker, type TestBroker } from '../publishing/broker';
import { until } from '../until';

const SCRIPTS = join(__dirname, '..', '..', 'scripts');

interface NodeRed {
  url: string;
  stop(): Promise<void>;
}

describe('the editor in Chromium', function () {
  this.timeout(90_000);
  const userDir = mkdtempSync(join(tmpdir(), 'pq-browser-'));
  const said: string[] = [];
  let broker: TestBroker;
  let nodeRed: NodeRed;
  let browser: Browser;
  let page: Page;

  before(async () => {
    const { demoFlow, startNodeRed } = await import(join(SCRIPTS, 'demo.mjs'));
    const { openBrowser, openEditor } = await import(join(SCRIPTS, 'browser.mjs'));
    broker = await startTestBroker();
    const flow = demoFlow({ mqtt: broker.port, modbus: await freePort() });
    nodeRed = await startNodeRed({ port: await freePort(), flow, userDir });
    ({ browser, page } = await openBrowser(process.env.CHROMIUM));
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(String(error)));
    await openEditor(page, nodeRed.url);
  });

  after(async () => {
    await browser?.close();
    await nodeRed?.stop();
    await broker?.close();
    rmSync(userDir, { recursive: true, force: true });
  });

  /** Opens the panel of a node, or of a config node, by its id. */
  async function openPanel(id: string): Promise<void> {
    await page.evaluate(`(() => {
      const node = RED.nodes.node(${JSON.stringify(id)});
      if (node._def.category === 'config') RED.editor.editConfig('', node.type, node.id);
      else RED.editor.edit(node);
    })()`);
    await page.waitForSelector(
      '.red-ui-tray .red-ui-tray-body form:visible, .red-ui-tray .red-ui-tray-body .form-row:visible',
    );
    await page.waitForTimeout(350);
  }

  const closePanel = async (button: 'ok' | 'cancel') => {
    await page.evaluate(
      `$('#node-${button === 'ok' ? 'dialog-ok' : 'dialog-cancel'}:visible, #node-config-dialog-${button}:visible').click()`,
    );
    await page.waitForSelector('.red-ui-tray', { state: 'detached' });
  };

  it('shows the statuses in words', async () => {
    const texts = () =>
      page.$$eval('.red-ui-flow-node-status-label', (all) => all.map((one) => one.textContent ?? ''));
    await until(
      async () => (await texts()).some((text) => text === '2 of 2 answer'),
      'the status of meter-poll',
      30_000,
    );
    await until(
      async () => (await texts()).some((text) => /^2 meters( \(\d+ passed over\))?$/.test(text)),
      'that of the detector',
      30_000,
    );
    for (const text of await texts()) assert.doesNotMatch(text, /__|\{\{|status\./);
  });

  const IDS = [
    'pq-simulator',
    'pq-poll',
    'pq-detector',
    'pq-calculator',
    'pq-publish',
    'pq-fleet',
    'pq-link',
    'pq-broker',
  ];
  for (const id of IDS) {
    it(`opens the panel of ${id} with every label in words and nothing marked wrong`, async () => {
      await openPanel(id);
      const labels = await page.$$eval(
        '.red-ui-tray .form-row label:visible, .red-ui-tray .form-row label',
        (all) =>
          all.filter((one) => (one as HTMLElement).offsetParent).map((one) => (one.textContent ?? '').trim()),
      );
      assert.ok(labels.length >= 2, labels.join());
      for (const label of labels) assert.match(label, /^[A-Z][\w()/ -]+$/, `"${label}" of ${id}`);
      const wrong = await page.$$eval('.red-ui-tray .input-error', (all) =>
        all.map(({ id: field }) => field),
      );
      assert.deepEqual(wrong, []);
      const empty = await page.$$eval('.red-ui-tray select', (all) =>
        all.filter((one) => (one as HTMLSelectElement).selectedIndex < 0).map(({ id: field }) => field),
      );
      assert.deepEqual(empty, [], 'a choice without anything chosen');
      if (process.env.PANEL_PICTURES)
        await page.screenshot({ path: join(process.env.PANEL_PICTURES, `${id}.png`) });
      await closePanel('cancel');
    });
  }

  it('draws the phasors of the meter that is chosen', async () => {
    await openPanel('pq-calculator');
    await page.waitForSelector('#var-calculator-measured svg', { timeout: 20_000 });
    const meters = await page.$$eval('#var-calculator-meter option', (all) =>
      all.map((one) => one.textContent),
    );
    assert.deepEqual(meters, ['feeder-1', 'feeder-2']);
    const labels = await page.$$eval('#var-calculator-measured text', (all) =>
      all.map((one) => one.textContent),
    );
    assert.deepEqual(labels, ['Va', 'Ia', 'Vb', 'Ib', 'Vc', 'Ic']);
    await page.selectOption('#var-calculator-meter', 'feeder-2');
    const cells = await page.$$eval('#var-calculator-values td', (all) =>
      all.map((one) => one.textContent ?? ''),
    );
    assert.deepEqual(cells.slice(0, 5), ['', 'P', 'Q1', 'angle', 'cos φ']);
    // 230 V, 5 A, 0.9 inductive.
    assert.match(cells[7], /^50\d\.\d var$/);
    assert.match(cells[8], /^25\.\d°$/);
    if (process.env.PANEL_PICTURES) {
      await page.locator('#var-calculator-values').scrollIntoViewIfNeeded();
      await page.screenshot({ path: join(process.env.PANEL_PICTURES, 'phasors.png') });
    }
    await closePanel('cancel');
  });

  it('shows, and saves, the defaults of settings that a node of an earlier version does not have', async () => {
    const names = ['rvc', 'mode', 'journal', 'watchLow'];
    const read = `${JSON.stringify(names)}.map((name) => RED.nodes.node('pq-detector')[name])`;
    const before = await page.evaluate(read);
    await page.evaluate(
      `${JSON.stringify(names)}.forEach((name) => delete RED.nodes.node('pq-detector')[name])`,
    );
    await openPanel('pq-detector');
    assert.equal(await page.inputValue('#node-input-rvc'), '0.05');
    assert.equal(await page.isChecked('#node-input-journal'), true);
    await closePanel('ok');
    assert.deepEqual(
      ((await page.evaluate(read)) as unknown[]).map(String),
      (before as unknown[]).map(String),
    );
  });

  it('marks a wrong threshold, and keeps a right one when it is saved', async () => {
    await openPanel('pq-detector');
    // The editor validates on keyup, which fill() alone does not give.
    await page.fill('#node-input-sag', 'low');
    await page.press('#node-input-sag', 'End');
    await page.waitForSelector('#node-input-sag.input-error');
    await page.fill('#node-input-sag', '0.85');
    await page.press('#node-input-sag', 'End');
    await page.waitForSelector('#node-input-sag:not(.input-error)');
    await closePanel('ok');
    assert.equal(await page.evaluate(`RED.nodes.node('pq-detector').sag`), '0.85');
    await openPanel('pq-detector');
    assert.equal(await page.inputValue('#node-input-sag'), '0.85');
    await closePanel('cancel');
  });

  it('names the line of a fleet table that cannot be, and saves the rows', async () => {
    await openPanel('pq-fleet');
    const area = '#node-config-input-metersText';
    assert.match(await page.inputValue(area), /^id,link,host,port,unit,profile/);
    await page.fill(area, 'id,unit\nm1,1\nm2,999\n');
    const message = () => page.textContent(`${area}-message`);
    await until(async () => /^line 3: unit: /.test((await message()) ?? ''), 'the message for line 3');
    await page.fill(area, 'id,unit\nm1,1\nm1,2\n');
    await until(
      async () => /^line 3: id: expected a name not used in row 1/.test((await message()) ?? ''),
      'the doubled name',
    );
    await page.fill(area, 'id;unit\nm1;1\nm2;2\n');
    await until(async () => (await message()) === '2 rows', 'the rows');
    await closePanel('ok');
    assert.deepEqual(await page.evaluate(`RED.nodes.node('pq-fleet').meters`), [
      { id: 'm1', unit: '1' },
      { id: 'm2', unit: '2' },
    ]);
  });

  it('shows of an endpoint what its protocol has, and marks an address that it cannot have', async () => {
    await openPanel('pq-broker');
    const shown = () =>
      page.$$eval('.red-ui-tray .form-row:visible', (all) =>
        all.filter((one) => (one as HTMLElement).offsetParent).map(({ id }) => id.split('-').pop()),
      );
    const protocol = '#node-config-input-protocol';
    const address = '#node-config-input-url';
    const places: Record<string, { has: string[]; lacks: string[]; address: string }> = {
      mqtt: {
        has: ['mqttVersion', 'statusTopic', 'captures'],
        lacks: ['org', 'token'],
        address: 'mqtts://h',
      },
      sparkplug: { has: ['group', 'edgeNode'], lacks: ['statusTopic', 'captures'], address: 'mqtt://h' },
      http: { has: ['gzip', 'token', 'timeout'], lacks: ['clientId'], address: 'https://h/x' },
      influxdb: { has: ['org', 'bucket', 'token'], lacks: ['database', 'gzip'], address: 'http://h:8086' },
      prometheus: { has: ['mode'], lacks: ['captures'], address: 'http://127.0.0.1:9464' },
      amqp: { has: ['exchange', 'queue'], lacks: ['virtualHost'], address: 'amqps://h/grid' },
      stomp: { has: ['virtualHost'], lacks: ['exchange'], address: 'stomp://h' },
    };
    for (const [name, { has, lacks, address: good }] of Object.entries(places)) {
      await page.selectOption(protocol, name);
      const rows = await shown();
      for (const row of has) assert.ok(rows.includes(row), `${name} has ${row}: ${rows}`);
      for (const row of lacks) assert.ok(!rows.includes(row), `${name} lacks ${row}`);
      for (const [text, wrong] of [
        ['ftp://nowhere', true],
        [good, false],
      ] as const) {
        await page.fill(address, text);
        await page.press(address, 'End');
        await page.waitForSelector(`${address}${wrong ? '.input-error' : ':not(.input-error)'}`);
      }
      if (process.env.PANEL_PICTURES)
        await page.screenshot({ path: join(process.env.PANEL_PICTURES, `endpoint-${name}.png`) });
    }
    await page.selectOption(protocol, 'influxdb');
    await page.selectOption('#node-config-input-influxVersion', '1');
    const first = await shown();
    assert.ok(first.includes('database') && !first.includes('bucket'));
    await closePanel('cancel');
  });

  it('reads a fleet of 5,000 from a file, saves it as CSV, and knows a device that the user adds', async () => {
    await openPanel('pq-fleet');
    const area = '#node-config-input-metersText';
    const message = (of: string) => page.textContent(`#node-config-input-${of}Text-message`);
    const rows = Array.from(
      { length: 5000 },
      (_, i) => `m${i},10.0.${i >> 8}.${i & 255},${(i % 247) + 1},acme`,
    );
    const csv = ['id,host,unit,profile', ...rows].join('\n');
    const file = { name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
    await page.setInputFiles(`${area} + div input[type=file]`, file);
    await until(
      async () => /^line 2: profile: expected one of generic-pq, /.test((await message('meters')) ?? ''),
      'the device that is not known',
    );
    // Added in the other table, as JSON: a wrong line is named, a right one makes the fleet whole.
    const profiles = '#node-config-input-profilesText';
    await page.fill(profiles, '[{"profile": "acme", "quantity": "va", "address": 1, "type": "real"}]');
    await until(
      async () => /^entry 1: type: expected one of/.test((await message('profiles')) ?? ''),
      'the wrong type',
    );
    await page.fill(profiles, '[{"profile": "acme",\n "quantity": }]');
    await until(
      async () => /^(line 2|JSON): .*JSON/.test((await message('profiles')) ?? ''),
      'what is wrong with the JSON',
    );
    await page.fill(profiles, '[{"profile": "acme", "quantity": "va", "address": "0x10", "type": "uint16"}]');
    await until(async () => (await message('profiles')) === '1 rows', 'the device');
    await until(async () => (await message('meters')) === '5000 rows', 'the fleet');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`${area} + div button:nth-of-type(2)`),
    ]);
    assert.equal(download.suggestedFilename(), 'meters.csv');
    const saved = readFileSync(await download.path(), 'utf8').split(/\r?\n/);
    assert.equal(saved.length, 5001);
    assert.match(saved[0], /^id,link,host,port,unit,profile/);
    assert.match(saved[5000], /^m4999,,10\.0\.19\.135,,60,acme/);
    if (process.env.PANEL_PICTURES)
      await page.screenshot({ path: join(process.env.PANEL_PICTURES, 'fleet.png') });
    await closePanel('cancel');
  });

  it('adds a phase-correlator from the palette, with its tables', async () => {
    await page.evaluate(`RED.view.importNodes(JSON.stringify([{id:'x1',type:'phase-correlator',x:300,y:560,z:'pq-tab',wires:[[],[]],
      interval:300,days:7,match:0.85,suspect:0.7,low:0.6,maxGap:3,references:[{meter:'r',transformer:'T',phase:'a'}],meters:[]}]),
      {generateIds:false,addFlow:false,touchImport:true})`);
    await openPanel('x1');
    assert.match(await page.inputValue('#node-input-referencesText'), /^meter,transformer,phase\nr,T,a/);
    await page.fill('#node-input-referencesText', 'meter,transformer,phase\nr,T,q');
    await until(
      async () =>
        /line 2: phase: /.test((await page.textContent('#node-input-referencesText-message')) ?? ''),
      'the message',
    );
    await closePanel('cancel');
  });

  it('says nothing wrong in the browser console', () => {
    assert.deepEqual(
      said.filter((text) => !/favicon|ERR_INTERNET|net::ERR/.test(text)),
      [],
    );
  });
});
