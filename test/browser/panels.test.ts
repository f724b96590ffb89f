import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../free-port';
import { startTestBroker, type TestBroker } from '../publishing/broker';
import { until } from '../until';
import { Editor, type FlowNode, LOOK } from './editor';

/** Values that each panel is filled with, besides what it has. */
const FILLED: Record<string, Record<string, string>> = {
  'modbus-link': { host: '10.1.2.3', port: '1502', timeout: '700', retries: '1', gap: '20' },
  'meter-fleet': {},
  'meter-poll': { interval: '5', eventInterval: '30', waveformInterval: '1', concurrency: '8' },
  'pq-file': {
    watch: '/srv/records',
    nominal: '20000',
    meter: 'feeder 7',
    encoding: 'gbk',
    channels: 'va=4',
  },
  'meter-simulator': { nominal: '120', current: '7.5', powerFactor: '-0.8', noise: '0.5', stagger: '2' },
  'sag-swell-detector': {
    sag: '0.85',
    swell: '1.15',
    rvc: '0',
    preCycles: '5',
    journalDays: '10',
    watchLow: '0.92',
  },
  'var-calculator': { ct: '40', pt: '2', harmonics: '40', nominal: '231', targetPf: '0.97' },
  'phase-correlator': { interval: '900', days: '14', match: '0.9', maxGap: '4', schedule: '0 3 * * *' },
  'pq-report': { nominal: '240', days: '50', issuer: 'Utility <North> & Co', maxMeters: '10' },
  'scada-endpoint': { url: 'mqtt://10.1.1.1:1883', clientId: 'gateway-7', keepalive: '60' },
  'scada-publish': { topic: 'north/{meter}/{kind}', batch: '50', maxAge: '7', deadband: '1.5' },
};
const TYPES = Object.keys(FILLED);
const idOf = (type: string) => `n-${type}`;
const prefixOf = (type: string) =>
  ['modbus-link', 'meter-fleet', 'scada-endpoint'].includes(type) ? '#node-config-input-' : '#node-input-';

function flowOf(modbus: number, broker: number): FlowNode[] {
  const node = (type: string, more: object = {}): FlowNode => ({ id: idOf(type), type, ...more });
  const onTab = (type: string, y: number, outputs: number, more: object = {}): FlowNode =>
    node(type, { z: 'tab', x: 300, y, wires: Array.from({ length: outputs }, () => []), ...more });
  return [
    { id: 'tab', type: 'tab', label: 'panels' },
    onTab('meter-simulator', 60, 0, { port: modbus, meters: 2 }),
    {
      ...onTab('meter-poll', 120, 3, { fleet: idOf('meter-fleet'), interval: 1 }),
      wires: [[idOf('sag-swell-detector'), idOf('var-calculator')], [], []],
    },
    onTab('sag-swell-detector', 200, 4, { journal: true }),
    onTab('var-calculator', 280, 2),
    onTab('phase-correlator', 360, 2, {
      references: [{ meter: 'r', transformer: 'T', phase: 'a' }],
      meters: [],
      schedule: '',
    }),
    onTab('pq-report', 420, 2),
    onTab('pq-file', 540, 2),
    onTab('scada-publish', 480, 2, { endpoint: idOf('scada-endpoint') }),
    node('meter-fleet', {
      link: idOf('modbus-link'),
      meters: [
        { id: 'feeder-1', unit: '1' },
        { id: 'feeder-2', unit: '2' },
      ],
      profiles: [],
    }),
    node('modbus-link', { transport: 'tcp', host: '127.0.0.1', port: modbus, timeout: 500, retries: 0 }),
    node('scada-endpoint', { protocol: 'mqtt', url: `mqtt://127.0.0.1:${broker}` }),
  ];
}

/** Names of the settings of a type that hold numbers, as the editor knows them. */
const numbersOf = (type: string) =>
  `Object.entries(RED.nodes.getType('${type}').defaults).filter(([, d]) => typeof d.value === 'number' && d.validate).map(([name]) => name)`;

describe(`panels, Node-RED ${LOOK}`, function () {
  this.timeout(90_000);
  let broker: TestBroker;
  let editor: Editor;
  let modbus: number;

  before(async () => {
    broker = await startTestBroker();
    modbus = await freePort();
    editor = await Editor.open({ flow: flowOf(modbus, broker.port) });
    await editor.load();
  });

  after(async () => {
    await editor?.close();
    await broker?.close();
  });

  const text = (selector: string) => editor.page.textContent(selector);
  const exported = (type: string) =>
    editor.page.evaluate(
      `RED.nodes.createExportableNodeSet([RED.nodes.node('${idOf(type)}')]).find((one) => one.id === '${idOf(type)}')`,
    ) as Promise<FlowNode>;

  for (const type of TYPES) {
    it(`${type}: every setting in words, a wrong value told, right ones kept over saving and export`, async () => {
      await editor.openPanel(idOf(type));
      const { page } = editor;
      const labels = await page.$$eval('.pq-form .form-row > label', (all) =>
        all.filter((one) => (one as HTMLElement).offsetParent).map((one) => (one.textContent ?? '').trim()),
      );
      assert.ok(labels.length >= 2, labels.join());
      for (const label of labels) assert.match(label, /^[A-Z][\w()/ ,-]+$/, `"${label}"`);
      const empty = await page.$$eval('.pq-form select', (all) =>
        all
          .filter(
            (one) =>
              (one as HTMLSelectElement).selectedIndex < 0 ||
              !(one as HTMLSelectElement).selectedOptions[0].textContent,
          )
          .map(({ id }) => id),
      );
      assert.deepEqual(empty, [], 'a choice without anything chosen, or without words');
      const wrong = await page.$$eval('.pq-form .input-error', (all) => all.map(({ id }) => id));
      assert.deepEqual(wrong, [], 'nothing is marked before anything is typed');
      await editor.picture(`panel-${type}`, '.red-ui-tray');
      assert.deepEqual(await editor.inaccessible('.pq-form', ['wcag2a']), []);

      // Wrong: each number is told where it stands, with what may stand there.
      const prefix = prefixOf(type);
      for (const name of (await page.evaluate(numbersOf(type))) as string[]) {
        const field = prefix + name;
        if (!(await page.$(field)) || (await page.$eval(field, (one) => one.tagName)) === 'SELECT') continue;
        const before = await page.inputValue(field);
        await editor.type(field, 'abc');
        await until(
          async () => /expected a.* number/.test((await text(`${field}-message`)) ?? ''),
          `${name} told`,
        );
        assert.match((await page.getAttribute(field, 'class')) ?? '', /input-error/, name);
        await editor.type(field, before);
        await until(async () => (await text(`${field}-message`)) === '', `${name} taken`);
      }

      // Right, saved, exported, and there again.
      const values = FILLED[type];
      for (const [name, value] of Object.entries(values)) await editor.type(prefix + name, value);
      await editor.closePanel('ok');
      const saved = await exported(type);
      for (const [name, value] of Object.entries(values)) assert.equal(String(saved[name]), value, name);
      await editor.openPanel(idOf(type));
      for (const [name, value] of Object.entries(values))
        assert.equal(await page.inputValue(prefix + name), value, name);
      assert.deepEqual(await page.$$eval('.pq-form .input-error', (all) => all.map(({ id }) => id)), []);
      await editor.closePanel('cancel');
    });
  }

  it('saves where a value comes from, and takes a variable of the environment', async () => {
    await editor.openPanel(idOf('sag-swell-detector'));
    await editor.page.evaluate(
      `$('#node-input-sag').typedInput('type', 'flow'); $('#node-input-sag').typedInput('value', 'threshold')`,
    );
    await editor.type('#node-input-sag', 'threshold');
    assert.equal(await text('#node-input-sag-message'), '');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how Node-RED writes an environment variable.
    await editor.type('#node-input-preCycles', '${CYCLES}');
    assert.equal(await text('#node-input-preCycles-message'), '');
    await editor.closePanel('ok');
    const { sag, sagType, preCycles } = await exported('sag-swell-detector');
    assert.deepEqual([sag, sagType], ['threshold', 'flow']);
    assert.match(String(preCycles), /^\$\{CYCLES\}$/);
  });

  it('shows the defaults of settings that a node of an earlier version does not have', async () => {
    const names = ['rvc', 'mode', 'journal', 'swellWindow'];
    await editor.page.evaluate(
      `${JSON.stringify(names)}.forEach((name) => delete RED.nodes.node('${idOf('sag-swell-detector')}')[name])`,
    );
    await editor.openPanel(idOf('sag-swell-detector'));
    assert.equal(await editor.page.inputValue('#node-input-rvc'), '0.05');
    assert.equal(await editor.page.isChecked('#node-input-journal'), true);
    await editor.closePanel('ok');
    const saved = await exported('sag-swell-detector');
    assert.deepEqual(
      names.map((name) => String(saved[name])),
      ['0.05', 'cycle', 'true', '1'],
    );
  });

  it('has a name for every port, and no key without its text, in English and German', async () => {
    const missing = `(() => {
      const found = [];
      for (const type of ${JSON.stringify(TYPES)}) {
        const def = RED.nodes.getType(type);
        const node = RED.nodes.node('n-' + type);
        for (let port = 0; port < (def.outputs || 0); port++) found.push(def.outputLabels.call(node, port));
        if (def.inputs) found.push(def.inputLabels.call(node));
      }
      return found.filter((label) => !label || /^[a-z-]+\\.port/.test(label));
    })()`;
    assert.deepEqual(await editor.page.evaluate(missing), []);
    const german = await Editor.open({ flow: flowOf(await freePort(), broker.port), language: 'de' });
    try {
      await german.load();
      assert.deepEqual(await german.page.evaluate(missing), []);
      for (const type of TYPES) {
        await german.openPanel(idOf(type));
        const texts = await german.page.$$eval(
          '.pq-form [data-pq^="label."], .pq-form [data-pq^="group."], .pq-form .pq-range, .pq-form button',
          (all) => all.map((one) => (one.textContent ?? '').trim()),
        );
        const strange = texts.filter((one) => /^[a-z-]+\.[a-zA-Z.]+$|__|^(from|above) /.test(one));
        assert.deepEqual(strange, [], type);
        await german.closePanel('cancel');
      }
      await german.openPanel(idOf('sag-swell-detector'));
      await german.type('#node-input-hysteresis', '3');
      await until(
        async () =>
          (await german.page.textContent('#node-input-hysteresis-message')) ===
          'erwartet: eine Zahl (pu) von 0 bis 0.2; gegeben: 3',
        'the message in German',
      );
      await german.closePanel('cancel');
      assert.deepEqual(german.complaints, []);
    } finally {
      await german.close();
    }
  });

  it('tries a Modbus link and says what it found', async () => {
    await editor.openPanel(idOf('modbus-link'));
    const { page } = editor;
    const found = () => text('#modbus-link-test-found');
    await editor.type('#node-config-input-host', '127.0.0.1');
    await editor.type('#node-config-input-port', String(modbus));
    await page.click('#modbus-link-test');
    await until(
      async () => /^connected; unit 1 answers/.test((await found()) ?? ''),
      'the answer of unit 1',
      15_000,
    );
    await page.fill('#modbus-link-test-unit', '99');
    await page.click('#modbus-link-test');
    await until(
      async () => /^connected.*unit 99.*failed to respond/.test((await found()) ?? ''),
      'that the gateway has no unit 99',
      15_000,
    );
    await editor.type('#node-config-input-port', String(await freePort()));
    await page.click('#modbus-link-test');
    await until(
      async () => /^no connection: nobody listens there/.test((await found()) ?? ''),
      'that nobody listens',
      15_000,
    );
    await editor.type('#node-config-input-port', 'x');
    await page.click('#modbus-link-test');
    await until(
      async () => /^these settings cannot be taken: settings.port/.test((await found()) ?? ''),
      'the setting',
    );
    await editor.closePanel('cancel');
  });

  it('tries an endpoint: a broker, a server, and what is not there', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.statusCode = request.headers.authorization === 'Bearer right' ? 204 : 401;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await editor.openPanel(idOf('scada-endpoint'));
      const { page } = editor;
      const found = () => text('#scada-endpoint-test-found');
      const press = async (url: string, told: RegExp) => {
        await editor.type('#node-config-input-url', url);
        await page.click('#scada-endpoint-test');
        await until(async () => told.test((await found()) ?? ''), `${told} of ${url}`, 15_000);
      };
      await press(`mqtt://127.0.0.1:${broker.port}`, /^connected in \d+ ms$/);
      await press(`mqtt://127.0.0.1:${await freePort()}`, /^failed: .*nobody listens there/);
      await page.selectOption('#node-config-input-protocol', 'http');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
      await press(url, /^failed: 401/);
      await page.fill('#node-config-input-token', 'right');
      await press(url, /^connected and accepted in \d+ ms$/);
      await editor.closePanel('cancel');
    } finally {
      server.close();
    }
  });

  it('shows of an endpoint what its protocol has, and marks an address that it cannot have', async () => {
    await editor.openPanel(idOf('scada-endpoint'));
    const { page } = editor;
    const shown = () =>
      page.$$eval('.red-ui-tray .form-row', (all) =>
        all.filter((one) => (one as HTMLElement).offsetParent).map(({ id }) => id.split('-').pop()),
      );
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
      await page.selectOption('#node-config-input-protocol', name);
      const rows = await shown();
      for (const row of has) assert.ok(rows.includes(row), `${name} has ${row}: ${rows}`);
      for (const row of lacks) assert.ok(!rows.includes(row), `${name} lacks ${row}`);
      await editor.type(address, 'ftp://nowhere');
      await page.waitForSelector(`${address}.input-error`);
      await editor.type(address, good);
      await page.waitForSelector(`${address}:not(.input-error)`);
    }
    await page.selectOption('#node-config-input-protocol', 'influxdb');
    await page.selectOption('#node-config-input-influxVersion', '1');
    const first = await shown();
    assert.ok(first.includes('database') && !first.includes('bucket'));
    await editor.closePanel('cancel');
  });

  const fleet = '#node-config-input-meters';
  const rowsOf = () => editor.page.evaluate(`RED.nodes.node('${idOf('meter-fleet')}').meters`);
  const upload = (which: string, name: string, content: string) =>
    editor.page.setInputFiles(`${which}-table input[type=file]`, {
      name,
      mimeType: 'text/csv',
      buffer: Buffer.from(content),
    });

  it('edits a fleet in a grid: a row is added, a wrong cell named, rows taken out', async () => {
    await editor.openPanel(idOf('meter-fleet'));
    const { page } = editor;
    const message = () => text(`${fleet}-message`);
    await page.waitForSelector(`${fleet}-table[data-ready]`);
    await until(async () => (await message()) === '2 rows', 'the rows');
    await page.click(`${fleet}-table .pq-add`);
    await page.waitForSelector(`${fleet}-table .tabulator-editing input`);
    await page.keyboard.type('feeder-1');
    await page.keyboard.press('Tab');
    await until(
      async () =>
        /^row 3: id: expected a name not used in row 1, got "feeder-1"/.test((await message()) ?? ''),
      'the doubled name',
    );
    assert.equal(await page.$$eval(`${fleet}-table .pq-wrong`, (all) => all.length), 1);
    await page.click(`${fleet}-table .tabulator-row:nth-child(3) .tabulator-cell[tabulator-field="id"]`);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('feeder-3');
    await page.keyboard.press('Enter');
    await until(async () => (await message()) === '3 rows', 'three rows');
    await page.click(`${fleet}-table .tabulator-row:nth-child(1) input[type=checkbox]`);
    await page.click(`${fleet}-table .pq-remove`);
    await until(async () => (await message()) === '2 rows', 'one row less');
    await editor.closePanel('ok');
    assert.deepEqual(await rowsOf(), [{ id: 'feeder-2', unit: '2' }, { id: 'feeder-3' }]);
  });

  it('reads a fleet of 5,000 from a file, pastes rows, saves it as CSV, knows a device that the user adds', async () => {
    await editor.openPanel(idOf('meter-fleet'));
    const { page } = editor;
    await page.waitForSelector(`${fleet}-table[data-ready]`);
    const message = (of: string) => text(`#node-config-input-${of}-message`);
    const rows = Array.from(
      { length: 5000 },
      (_, i) => `m${i},10.0.${i >> 8}.${i & 255},${(i % 247) + 1},acme`,
    );
    await upload(fleet, 'fleet.csv', ['id,host,unit,profile', ...rows].join('\n'));
    await until(
      async () => /^row 1: profile: expected one of generic-pq, /.test((await message('meters')) ?? ''),
      'the device that is not known',
    );
    const profiles = '#node-config-input-profiles';
    await upload(profiles, 'p.json', '[{"profile": "acme", "quantity": "va", "address": 1, "type": "real"}]');
    await until(
      async () => /^row 1: type: expected one of/.test((await message('profiles')) ?? ''),
      'the wrong type',
    );
    await upload(profiles, 'p.json', '[{"profile": "acme",\n "quantity": }]');
    await until(
      async () => /^(line 2|JSON): .*JSON/.test((await message('profiles')) ?? ''),
      'what is wrong with the JSON',
    );
    await upload(
      profiles,
      'p.json',
      '[{"profile": "acme", "quantity": "va", "address": "0x10", "type": "uint16"}]',
    );
    await until(async () => (await message('profiles')) === '1 rows', 'the device');
    await until(async () => (await message('meters')) === '5000 rows', 'the fleet');
    // Pasted from a spreadsheet, without a header.
    await page.evaluate(`(() => {
      const data = new DataTransfer();
      data.setData('text/plain', 'pasted-1\\t\\t10.9.9.9\\t502\\t7');
      document.querySelector('${fleet}-table .pq-grid').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    })()`);
    await until(async () => (await message('meters')) === '5001 rows', 'the row that was pasted');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`${fleet}-table .pq-export`),
    ]);
    assert.equal(download.suggestedFilename(), 'meters.csv');
    const saved = readFileSync(await download.path(), 'utf8').split(/\r?\n/);
    assert.equal(saved.length, 5002);
    assert.match(saved[5000], /^m4999,,10\.0\.19\.135,,60,acme/);
    assert.match(saved[5001], /^pasted-1,,10\.9\.9\.9,502,7/);
    await upload(fleet, 'wrong.csv', 'id,adress\nm1,x');
    await until(
      async () => /^line 1: no column is called "adress"/.test((await message('meters')) ?? ''),
      'the column',
    );
    await upload(
      fleet,
      'fleet.csv',
      ['id,host,unit', ...rows.map((row) => row.replace(/,acme$/, ''))].join('\n'),
    );
    await until(async () => (await message('meters')) === '5000 rows', 'the fleet again');
    await editor.closePanel('ok');
    assert.equal(((await rowsOf()) as unknown[]).length, 5000);

    const opened = (await page.evaluate(`(async () => {
      const began = performance.now();
      RED.editor.editConfig('', 'meter-fleet', '${idOf('meter-fleet')}');
      const message = () => document.querySelector('${fleet}-message')?.textContent;
      while (message() !== '5000 rows' || !document.querySelector('${fleet}-table .tabulator-row')) await new Promise(requestAnimationFrame);
      return performance.now() - began;
    })()`)) as number;
    console.log(
      `      a fleet of 5,000 rows opens, with its rows seen and judged, in ${opened.toFixed(0)} ms`,
    );
    const drawn = await page.$$eval(`${fleet}-table .tabulator-row`, (all) => all.length);
    assert.ok(drawn < 100, `${drawn} rows in the page: only those that are seen`);
    await page.waitForTimeout(400);
    await editor.picture('panel-fleet-5000', '.red-ui-tray');
    await editor.closePanel('cancel');
  });

  it('draws the phasors of the meter that is chosen', async () => {
    await editor.openPanel(idOf('var-calculator'));
    const { page } = editor;
    await page.waitForSelector('#var-calculator-measured svg', { timeout: 30_000 });
    await page.waitForFunction(`document.querySelectorAll('#var-calculator-meter option').length === 2`);
    const meters = await page.$$eval('#var-calculator-meter option', (all) =>
      all.map((one) => one.textContent),
    );
    assert.deepEqual(meters, ['feeder-1', 'feeder-2']);
    const labels = await page.$$eval('#var-calculator-measured text', (all) =>
      all.map((one) => one.textContent),
    );
    assert.deepEqual(labels, ['Va', 'Ia', 'Vb', 'Ib', 'Vc', 'Ic']);
    const cells = await page.$$eval('#var-calculator-values td', (all) =>
      all.map((one) => one.textContent ?? ''),
    );
    assert.deepEqual(cells.slice(0, 5), ['', 'P', 'Q1', 'angle', 'cos φ']);
    // 230 V, 5 A, 0.9 inductive.
    assert.match(cells[7], /^50\d\.\d var$/);
    assert.match(cells[8], /^25\.\d°$/);
    await page.locator('#var-calculator-values').scrollIntoViewIfNeeded();
    await editor.picture('phasors', '.red-ui-tray');
    await editor.closePanel('cancel');
  });

  it('says nothing wrong in the console', () => {
    assert.deepEqual(editor.complaints, []);
  });
});
