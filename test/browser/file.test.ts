import assert from 'node:assert/strict';
import { CHANNELS, RATE, sagRecord } from '../comtrade/sag-record';
import { until } from '../until';
import { Editor, type FlowNode, LOOK } from './editor';

/** Both in a single file. */
function single({ cfg: header, dat }: { cfg: Buffer; dat: Buffer }): Buffer {
  const parts = [
    '--- file type: CFG ---\r\n',
    header,
    `--- file type: DAT BINARY: ${dat.length} ---\r\n`,
    dat,
  ];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** What the events of the record look like in the status of the debug node. */
const STATUS = 'payload.type & " " & payload.state & " " & $round(payload.extreme, 2)';

const FLOW: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'files' },
  {
    id: 'n-file',
    type: 'pq-file',
    z: 'tab',
    x: 200,
    y: 120,
    nominal: 230,
    wires: [['n-detector'], []],
  },
  {
    id: 'n-detector',
    type: 'sag-swell-detector',
    z: 'tab',
    x: 420,
    y: 120,
    rvc: 0,
    journal: false,
    wires: [['n-events'], [], [], []],
  },
  {
    id: 'n-events',
    type: 'debug',
    z: 'tab',
    name: 'events',
    x: 640,
    y: 120,
    active: true,
    tosidebar: false,
    tostatus: true,
    complete: 'true',
    targetType: 'full',
    statusVal: STATUS,
    statusType: 'jsonata',
    wires: [],
  },
];

const ALL_FOUND = { IA: 'ia', IB: 'ib', IC: 'ic', VA: 'va', VB: 'vb', VC: 'vc' };

describe(`files, Node-RED ${LOOK}`, function () {
  this.timeout(90_000);
  const short = sagRecord({ count: 2 * RATE });
  let editor: Editor;
  let refusals = 0;

  before(async () => {
    editor = await Editor.open({ flow: FLOW });
    await editor.load();
  });

  after(async () => {
    await editor?.close();
  });

  /** What is said of the file that is read, and of the one that is dropped. */
  const state = (at = editor) => at.page.textContent('#pq-file-state');
  const sent = (at = editor) => at.page.textContent('#pq-file-sent');
  const event = (at = editor) => at.page.textContent('.pq-file-event');
  const channels = () => editor.page.inputValue('#node-input-channels');
  const filename = () => editor.page.inputValue('#node-input-filename');

  /** Drops files onto the panel, as a person does from the file manager. */
  const drop = async (files: Record<string, Buffer | string>, { page } = editor) => {
    const given = Object.entries(files).map(([name, data]) => [name, Buffer.from(data).toString('base64')]);
    const dataTransfer = await page.evaluateHandle((all) => {
      const data = new DataTransfer();
      for (const [name, base64] of all) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name));
      }
      return data;
    }, given);
    await page.dispatchEvent('#pq-file-drop', 'dragover', { dataTransfer });
    await page.waitForSelector('#pq-file-drop.pq-over');
    await page.dispatchEvent('#pq-file-drop', 'drop', { dataTransfer });
    await page.waitForSelector('#pq-file-drop:not(.pq-over)');
  };

  /** What each channel of the file is used as, by its name in the file. */
  const used = ({ page } = editor): Promise<Record<string, string>> =>
    page.$$eval('.pq-file-channels tbody tr', (rows) =>
      Object.fromEntries(
        rows.map((row) => [
          (row as HTMLTableRowElement).cells[1].textContent ?? '',
          row.querySelector('select')?.value ?? 'no select',
        ]),
      ),
    );

  const shows = (expected: Record<string, string>, what: string, at = editor) =>
    until(
      async () =>
        `${await sent(at)}${await state(at)}` === '' &&
        JSON.stringify(await used(at)) === JSON.stringify(expected),
      what,
      20_000,
    );

  it('comes from the palette with a button that waits to be deployed', async () => {
    const { page } = editor;
    const entry = page.locator('.red-ui-palette-node[data-palette-type="pq-file"]');
    await entry.scrollIntoViewIfNeeded();
    await entry.dragTo(page.locator('#red-ui-workspace-chart'), { targetPosition: { x: 300, y: 400 } });
    const dropped = `(() => { let id = ''; RED.nodes.eachNode((one) => { if (one.type === 'pq-file' && one.id !== 'n-file') id = one.id; }); return id; })()`;
    await page.waitForFunction(dropped);
    const id = await page.evaluate(dropped);
    assert.equal(await page.evaluate(`RED.nodes.node('${id}').valid`), true, 'nothing has to be filled in');
    await page.waitForSelector(`[id="${id}"] .red-ui-flow-node-button.red-ui-flow-node-button-disabled`);
    await page.evaluate(`(() => {
      RED.nodes.remove('${id}');
      RED.view.select({ nodes: [] });
      RED.view.redraw(true);
    })()`);
  });

  it('shows of a record that is dropped its channels, its first event, and the waveform', async () => {
    await editor.openPanel('n-file');
    assert.equal(await state(), '', 'nothing is said before a file is chosen');
    await drop({ 'feeder 7.cfg': short.cfg, 'feeder 7.dat': short.dat });
    await shows(ALL_FOUND, 'all six channels as what they are');
    assert.deepEqual([await filename(), await channels()], ['feeder 7.cfg', '']);
    assert.match(
      (await event()) ?? '',
      /^First event: sag on a b c, 0\.600 pu for 0\.2\d\d s, 1999-02-01 12:00:01\.4/,
    );
    const { page } = editor;
    const rows = await page.$$eval('.pq-file-channels tbody tr', (all) =>
      all.map((row) => Array.from((row as HTMLTableRowElement).cells, (one) => one.textContent ?? '')),
    );
    assert.deepEqual(
      rows.map(([number, name]) => `${number} ${name}`),
      CHANNELS.map((name, i) => `${i + 1} ${name}`),
    );
    for (const [, name, , rms] of rows) {
      const [value, unit] = rms.split(' ');
      assert.equal(unit, name.startsWith('V') ? 'V' : 'A');
      assert.ok(Math.abs(Number(value) / (unit === 'V' ? 230 : 5) - 1) < 0.05, `${name}: ${rms}`);
    }
    assert.match(
      (await page.textContent('#pq-file-found')) ?? '',
      /^Station, Device: COMTRADE 1999 BINARY, .*, 50\.00\sHz/,
    );
    const plot = page.locator('.pq-file-plot svg');
    const { width = 0, height = 0 } = (await plot.boundingBox()) ?? {};
    assert.ok(width > 300 && height > 100, `the waveform, ${width} by ${height}`);
    const legend = await page.$$eval('.pq-file-plot text', (all) => all.map((one) => one.textContent));
    for (const name of ['va', 'vb', 'vc']) assert.ok(legend.includes(name), name);
    const top = await page.$eval('#pq-file-look', (one) => one.getBoundingClientRect().top);
    assert.ok(top > 0 && top < 400, `what was found is in sight, at ${top}`);
    assert.equal(await page.$eval('#red-ui-header', (one) => one.getBoundingClientRect().top), 0);
    assert.deepEqual(await editor.inaccessible('.pq-form', ['wcag2a']), []);
    await page.setViewportSize({ width: 1400, height: 1560 });
    await editor.picture('panel-pq-file-record', '.red-ui-tray');
    await page.setViewportSize({ width: 1400, height: 800 });
  });

  it('fits into the panel and can be read in this look', async () => {
    const { page } = editor;
    const wide = await page.$$eval('.pq-file-view *', (all) => {
      const room = (document.querySelector('.pq-form') as HTMLElement).getBoundingClientRect();
      return all
        .filter((one) => one.getBoundingClientRect().right > room.right + 1)
        .map((one) => `${one.tagName} ${one.getAttribute('class')}`);
    });
    assert.deepEqual(wide, []);
    assert.deepEqual(await page.evaluate(FAINT), []);
  });

  it('takes a choice in the table over to the channels, and reads the file again', async () => {
    const { page } = editor;
    const choose = async (name: string, as: string) => {
      const select = page.locator('.pq-file-channels select').nth(CHANNELS.indexOf(name));
      await select.focus();
      await select.selectOption(as);
    };
    await choose('IC', '');
    await shows({ ...ALL_FOUND, IC: '' }, 'one channel that is not used');
    assert.equal(await channels(), 'ia=1, ib=2, va=4, vb=5, vc=6');
    // A name that is given to another channel is taken from the one that had it.
    await choose('VC', 'vb');
    await shows({ ...ALL_FOUND, IC: '', VB: '', VC: 'vb' }, 'the name moved');
    assert.equal(await channels(), 'ia=1, ib=2, va=4, vb=6');
    assert.match((await event()) ?? '', /^First event: sag on a b, /);
    assert.match((await page.textContent('#pq-file-found')) ?? '', /nominal 230\sV; channels as set above/);
    const focused = await page.evaluate(`document.activeElement.getAttribute('aria-label')`);
    assert.equal(focused, 'Used as VC', 'the keyboard stays where it was');
    // What cannot be read leaves the table, so that it can be mended there.
    await choose('VA', '');
    await shows({ IA: 'ia', IB: 'ib', IC: '', VA: '', VB: '', VC: 'vb' }, 'two currents and a voltage');
    await choose('VC', '');
    await until(async () => /at least one voltage/.test((await state()) ?? ''), 'that a voltage is wanted');
    refusals++;
    await choose('VA', 'va');
    await shows({ IA: 'ia', IB: 'ib', IC: '', VA: 'va', VB: '', VC: '' }, 'what was mended');
    // What is typed counts on the button.
    await editor.type('#node-input-channels', 'va=VA, vb=VB, vc=VC');
    await page.click('#pq-file-look');
    await shows({ IA: '', IB: '', IC: '', VA: 'va', VB: 'vb', VC: 'vc' }, 'what was typed');
    assert.match((await event()) ?? '', /^First event: sag on a b c, /);
  });

  it('names the channels of one meter where the file has several', async () => {
    const buses = ['Bus1 VA', 'Bus1 VB', 'Bus1 VC', 'Bus2 VA', 'Bus2 VB', 'Bus2 VC'];
    const two = sagRecord({ count: 2 * RATE, names: buses });
    await drop({ 'two.dat': two.dat, 'two.cfg': two.cfg });
    const names = ['va', 'vb', 'vc', 'va', 'vb', 'vc'];
    await shows(Object.fromEntries(buses.map((bus, i) => [bus, names[i]])), 'both buses');
    await editor.page.locator('.pq-file-channels select').nth(5).selectOption('');
    await shows(
      { ...Object.fromEntries(buses.map((bus) => [bus, ''])), 'Bus2 VA': 'va', 'Bus2 VB': 'vb' },
      'the bus whose channel was chosen',
    );
    assert.equal(await channels(), 'va=4, vb=5');
  });

  it('sends a large file that is chosen in pieces, and forgets the channels of the one before', async () => {
    const { page } = editor;
    const large = single(sagRecord({ count: 70 * RATE }));
    assert.ok(large.length > 2 << 20);
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('#pq-file-choose')]);
    assert.ok(chooser.isMultiple());
    await chooser.setFiles({ name: 'long.CFF', mimeType: '', buffer: large });
    await shows(ALL_FOUND, 'the channels of the single file');
    assert.deepEqual([await filename(), await channels()], ['long.CFF', '']);
    assert.match((await page.textContent('#pq-file-found')) ?? '', /, 70\ss, /);
    assert.match((await event()) ?? '', /^First event: sag on a b c, 0\.600 pu/);
  });

  it('shows the channels of a file in which it finds no voltages, to choose them', async () => {
    const currents = sagRecord({ count: 2 * RATE, names: ['IA', 'IB', 'IC'] });
    await drop({ 'currents.cfg': currents.cfg, 'currents.dat': currents.dat });
    await until(async () => /there is no voltage in it/.test((await state()) ?? ''), 'the reason');
    refusals++;
    const table = editor.page.locator('.pq-file-channels select');
    await until(async () => (await table.count()) === 3, 'the table');
    await table.nth(1).selectOption('va');
    await shows({ IA: '', IB: 'va', IC: '' }, 'what was chosen');
    assert.equal(await channels(), 'va=2');
    assert.match(
      (await editor.page.textContent('.pq-file-doubts')) ?? '',
      /IB is taken for va and has the unit "A"/,
    );
    await drop({ 'long.CFF': single(sagRecord({ count: 70 * RATE })) });
    await shows(ALL_FOUND, 'the file of before');
  });

  it('says why it cannot take what is dropped, and keeps the file that it has', async () => {
    const told = async (files: Record<string, Buffer | string>, reason: RegExp, where = 'sent') => {
      await drop(files);
      const place = `#pq-file-${where}`;
      await until(async () => reason.test((await editor.page.textContent(place)) ?? ''), String(reason));
      assert.match((await editor.page.getAttribute(place, 'class')) ?? '', /pq-bad/);
    };
    await told({ 'lone.cfg': short.cfg }, /^lone\.cfg needs its \.dat file: select both$/);
    await told({ 'other.cfg': short.cfg, 'lone.dat': short.dat }, /^other\.cfg needs its \.dat/);
    await told({ 'notes.txt': 'hello' }, /^A COMTRADE record is a \.cff file, or a \.cfg with its \.dat$/);
    await told({ 'a;b.cff': single(short) }, /a name of letters, digits/);
    refusals++;
    assert.deepEqual(await editor.page.evaluate(FAINT), []);
    assert.equal(await filename(), 'long.CFF');
    // Parts that can be sent and not be read: the reader's own reason.
    await told({ 'broken.cfg': 'hello', 'broken.dat': 'hello' }, /^broken\.cfg, line 2: /, 'state');
    refusals++;
    assert.equal(await sent(), '');
    assert.equal(await editor.page.$('.pq-file-channels'), null, 'nothing of the file before is left');
    await editor.type('#node-input-filename', '/nowhere/at.all');
    await editor.page.click('#pq-file-look');
    await until(async () => /no such file/.test((await state()) ?? ''), 'that there is no such file');
    refusals++;
    await drop({ 'feeder 7.cfg': short.cfg, 'feeder 7.dat': short.dat });
    await shows(ALL_FOUND, 'the record again');
  });

  it('reads the file on its button, once it is deployed', async () => {
    const { page } = editor;
    await editor.closePanel('ok');
    const node = (await page.evaluate(`RED.nodes.node('n-file')`)) as FlowNode;
    assert.deepEqual([node.filename, node.channels], ['feeder 7.cfg', '']);
    const button = '[id="n-file"] .red-ui-flow-node-button';
    await page.waitForSelector(`${button}.red-ui-flow-node-button-disabled`);
    await editor.deploy();
    await page.waitForSelector(`${button}:not(.red-ui-flow-node-button-disabled)`);
    await page.click(`${button} .red-ui-flow-node-button-button`);
    const status = async (name: string) => (await editor.statuses())[name] ?? '';
    await until(
      async () => /^feeder 7\.cfg: 1\.999 s, meters: 1, notes: 1$/.test(await status('pq-file')),
      'that it was read',
      15_000,
    );
    await until(
      async () => (await status('events')) === 'sag end 0.6',
      'the event behind the detector',
      15_000,
    );
  });

  it('shows the file when the panel is opened again', async () => {
    await editor.openPanel('n-file');
    await shows(ALL_FOUND, 'the channels');
    await editor.closePanel('cancel');
  });

  it('says in German what it shows', async () => {
    const german = await Editor.open({ flow: FLOW, language: 'de' });
    try {
      await german.load();
      await german.openPanel('n-file');
      const { page } = german;
      assert.match(
        (await page.textContent('#pq-file-drop')) ?? '',
        /hierher ziehen, oder\s+Datei auswählen$/,
      );
      assert.equal(await page.textContent('#pq-file-look'), 'Kanäle anzeigen');
      await drop({ 'lone.cfg': short.cfg }, german);
      await until(
        async () => /^Zu lone\.cfg gehört eine \.dat/.test((await sent(german)) ?? ''),
        'what is missing',
      );
      await drop({ 'feeder 7.cfg': short.cfg, 'feeder 7.dat': short.dat }, german);
      await shows(ALL_FOUND, 'the channels', german);
      const heads = await page.$$eval('.pq-file-channels th', (all) => all.map((one) => one.textContent));
      assert.deepEqual(heads, ['Nr.', 'Kanal', 'Phase', 'Effektivwert', 'Winkel', 'Verwendet als']);
      assert.match((await event(german)) ?? '', /^Erstes Ereignis: Einbruch an a b c, 0\.600 pu/);
      const texts = (await page.textContent('.pq-form')) ?? '';
      assert.doesNotMatch(texts, /__|undefined|NaN|view\./);
      assert.deepEqual(german.complaints, []);
    } finally {
      await german.close();
    }
  });

  it('says nothing wrong in the console but what was refused', () => {
    const isRefusal = (text: string) => /status of 400/.test(text);
    assert.equal(editor.complaints.filter(isRefusal).length, refusals);
    assert.deepEqual(
      editor.complaints.filter((text) => !isRefusal(text)),
      [],
    );
  });
});

/** Texts of the view that stand out from what is behind them by less than 4.5, the ratio of WCAG 2. */
const FAINT = `(() => {
  // Mixed colours are told from 0 to 1.
  const parts = (color) => {
    const [r, g, b, opacity] = color.match(/[\\d.]+/g).map(Number);
    return [...[r, g, b].map((part) => (color.startsWith('color(') ? 255 * part : part)), opacity];
  };
  const isClear = (color) => parts(color)[3] === 0;
  const light = (color) => {
    const [r, g, b] = parts(color)
      .map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (one) => {
    let ground = one;
    while (ground.parentElement && isClear(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    return getComputedStyle(ground).backgroundColor;
  };
  return [...document.querySelectorAll('.pq-file-view :is(p, li, th, td, span, text, .pq-file-state)')]
    .filter((one) => one.textContent)
    .map((one) => {
      const two = [groundOf(one), getComputedStyle(one)[one.tagName === 'text' ? 'fill' : 'color']].map(light);
      const ratio = (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
      return ratio < 4.5 ? one.textContent.slice(0, 40) + ': ' + ratio.toFixed(1) : '';
    })
    .filter(Boolean);
})()`;
