import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { startTestBroker, type TestBroker } from '../publishing/broker';
import { until } from '../until';
import { Editor, type FlowNode, LOOK, ROOT } from './editor';

/** The demo flow, with harmonics judged, a transformer to compare, and a source of a long, fast capture. */
async function deskFlow(broker: TestBroker): Promise<FlowNode[]> {
  const { demoFlow } = await import(join(ROOT, 'scripts', 'demo.mjs'));
  const flow = demoFlow({ mqtt: broker.port, modbus: await freePort() }) as FlowNode[];
  const calculator = flow.find(({ type }) => type === 'var-calculator');
  if (calculator) calculator.limits = 'EN 50160';
  const phases = JSON.parse(
    readFileSync(join(ROOT, 'examples', 'Phases of simulated customers.json'), 'utf8'),
  ) as FlowNode[];
  return [
    ...flow,
    ...phases,
    {
      id: 'fast',
      z: 'pq-tab',
      type: 'function',
      name: 'fast',
      x: 200,
      y: 640,
      outputs: 1,
      func: FAST,
      wires: [['fast-detector']],
    },
    {
      id: 'go',
      z: 'pq-tab',
      type: 'inject',
      name: 'ten seconds',
      props: [],
      repeat: '',
      once: false,
      x: 80,
      y: 640,
      wires: [['fast']],
    },
    {
      id: 'fast-detector',
      z: 'pq-tab',
      type: 'sag-swell-detector',
      name: 'fast detector',
      nominal: 230,
      maxCapture: 10,
      journal: false,
      x: 400,
      y: 640,
      wires: [[], [], [], []],
    },
  ];
}

/** A sag of 9.6 s at 10 kHz with six channels: with its surroundings ten seconds of capture. */
const FAST = `
const rate = 10000, frame = 2000, start = Date.now() - 60000;
for (let n = 0; n < 60; n++) {
  const channels = {};
  ['va', 'vb', 'vc', 'ia', 'ib', 'ic'].forEach((name, c) => {
    const peak = Math.SQRT2 * (name[0] === 'v' ? 230 : 10);
    channels[name] = Array.from({ length: frame }, (_, k) => {
      const t = (n * frame + k) / rate;
      const left = name[0] === 'v' && t > 1 && t < 10.6 ? 0.7 : 1;
      return peak * left * Math.sin(2 * Math.PI * 50 * t - (c % 3) * 2 * Math.PI / 3);
    });
  });
  node.send({ payload: { kind: 'waveform', meter: 'fast', time: start + n * frame * 1000 / rate, rate, channels } });
}
`;

describe(`sidebar, Node-RED ${LOOK}`, function () {
  this.timeout(90_000);
  let broker: TestBroker;
  let editor: Editor;

  before(async () => {
    broker = await startTestBroker();
    editor = await Editor.open({ flow: await deskFlow(broker), width: 1500, height: 950 });
    await editor.load();
    await editor.page.evaluate(`RED.sidebar.show('power-quality')`);
    await editor.page.waitForSelector('.pq-desk .pq-fold');
  });

  after(async () => {
    await editor?.close();
    await broker?.close();
  });

  const view = (name: string) => `.pq-fold[data-view="${name}"]`;
  const open = (name: string) =>
    editor.page.evaluate(
      `document.querySelector('${view(name)} details').open = true; document.querySelector('${view(name)}').scrollIntoView()`,
    );
  const text = async (name: string) => (await editor.page.textContent(view(name))) ?? '';

  it('shows meters with their state, and the last events, live', async () => {
    await until(
      async () => /feeder-1.*23\d\.\d.*50\.\d\d/.test(await text('meters')),
      'the first meter',
      30_000,
    );
    await until(async () => /feeder-2/.test(await text('meters')), 'the second meter', 30_000);
    const rows = () => editor.page.$$eval(`${view('events')} tr[data-id]`, (all) => all.length);
    await until(async () => (await rows()) > 0, 'an event', 30_000);
    const before = await rows();
    await until(async () => (await rows()) > before, 'the next event, without a reload', 30_000);
    await until(
      async () => /[01]\.\d{3}\d\.\d{3} s/.test(await text('events')),
      'an event that has ended',
      30_000,
    );
  });

  it('finds a meter by a part of its name', async () => {
    await editor.page.fill(`${view('meters')} input`, 'der-2');
    await until(async () => !/feeder-1/.test(await text('meters')), 'only the one that was looked for');
    await editor.page.fill(`${view('meters')} input`, '');
    await until(async () => /feeder-1/.test(await text('meters')), 'all again');
  });

  it('shows the waveform of an event with its RMS, by keyboard alone', async () => {
    const { page } = editor;
    await until(async () => /0\.600/.test(await text('events')), 'a sag', 30_000);
    await page.evaluate(
      `[...document.querySelectorAll('${view('events')} tr[data-id]')].find((row) => /0\\.600.* s/.test(row.textContent)).focus()`,
    );
    await page.keyboard.press('Enter');
    const canvas = `${view('waveform')} .pq-canvas[data-ready]`;
    await page.waitForSelector(canvas, { timeout: 20_000 });
    assert.match(await text('waveform'), /sag a b c.*0\.600 pu.*instantaneous sag, EN 50160 C2/);
    assert.match((await page.getAttribute(canvas, 'aria-label')) ?? '', /sag a b c.*0\.600 pu/);
    const seen = () =>
      page
        .$$eval(`${view('waveform')} .u-axis`, (all) => all.length)
        .then(async () => page.screenshot({ clip: (await page.locator(canvas).boundingBox()) ?? undefined }));
    await page.locator(canvas).scrollIntoViewIfNeeded();
    const whole = await seen();
    await page.focus(canvas);
    for (const key of ['+', '+', 'ArrowRight']) await page.keyboard.press(key);
    await page.waitForTimeout(200);
    const zoomed = await seen();
    assert.notDeepEqual(zoomed, whole, 'another part of it');
    await page.keyboard.press('0');
    await page.waitForTimeout(200);
    // What a pointer says of the samples under it.
    const box = await page.locator(`${canvas} .u-over`).boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await until(async () => /RMS 13[78]\.\d/.test(await text('waveform')), 'the RMS in the sag, 0.6 x 230 V');
    await page.mouse.click(box.x + box.width / 4, box.y + 20);
    await page.mouse.click(box.x + (3 * box.width) / 4, box.y + 20);
    await until(
      async () => /between cursors 0\.\d{4} s/.test(await text('waveform')),
      'the time between two cursors',
    );
    await editor.picture('sidebar');
    await page.click(`${view('waveform')} > button`);
    await page.waitForSelector('dialog.pq-large[open] .pq-canvas');
    await page.waitForTimeout(300);
    await editor.picture('sidebar-waveform');
    await page.click('dialog.pq-large .pq-bar button');
    await page.waitForSelector('dialog.pq-large', { state: 'detached' });
  });

  it('draws phasors, and harmonics with their limits', async () => {
    await open('phasors');
    await until(
      async () => /1\.03 kW.*50\d\.\d var.*25\.\d°.*0\.900/.test(await text('phasors')),
      'the phasors',
      20_000,
    );
    const labels = await editor.page.$$eval(`${view('phasors')} svg text`, (all) =>
      all.map((one) => one.textContent),
    );
    assert.deepEqual(labels, ['Va', 'Ia', 'Vb', 'Ib', 'Vc', 'Ic']);
    await open('harmonics');
    await until(async () => /EN 50160/.test(await text('harmonics')), 'the limits in the legend', 20_000);
    const told = await editor.page.$$eval(`${view('harmonics')} svg rect title`, (all) =>
      all.map((one) => one.textContent ?? ''),
    );
    // The simulator has 2 % of order 5; EN 50160 allows 6.
    assert.ok(
      told.some((one) => /^va 5: (1\.99|2\.00|2\.01) % \(6\.00 %\)$/.test(one)),
      told.slice(0, 20).join('; '),
    );
    await editor.picture('sidebar-harmonics');
  });

  it('draws the phase map as clusters, with the changes of the records', async () => {
    await editor.inject('a week');
    await open('map');
    await until(async () => /customer-18/.test(await text('map')), 'the changes', 30_000);
    const points = await editor.page.$$eval(`${view('map')} svg circle title`, (all) => all.length);
    assert.equal(points, 23, '24 customers, less the one with a gap');
    assert.match(await text('map'), /customer-03ac0\.9/);
  });

  it('shows what waits to be sent', async () => {
    await open('queue');
    await until(async () => /broker.*connected/.test(await text('queue')), 'the queue', 20_000);
  });

  it('draws ten seconds at 10 kHz with six channels', async () => {
    const { page } = editor;
    await editor.inject('ten seconds');
    await until(async () => /fast.*0\.700.*9\.6\d\d s/.test(await text('events')), 'the event', 30_000);
    const took = (await page.evaluate(`(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const row = [...document.querySelectorAll('${view('events')} tr[data-id]')].find((one) => /fast/.test(one.textContent) && /9\\.6/.test(one.textContent));
      document.querySelector('${view('waveform')}').scrollIntoView();
      const began = performance.now();
      row.click();
      const id = row.dataset.id;
      while (document.querySelector('${view('waveform')} .pq-canvas')?.dataset.ready !== id) await frame();
      await frame(); await frame();
      const all = performance.now() - began;
      const drawn = performance.getEntriesByName('power-quality:waveform').pop().duration;
      const holder = document.querySelector('${view('waveform')} .pq-canvas');
      for (const tick of document.querySelectorAll('${view('waveform')} .pq-toggles input:not(:checked)')) tick.click();
      const press = (key) => holder.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      for (let k = 0; k < 3; k++) press('+');
      await frame(); await frame();
      const times = [];
      let last = performance.now();
      for (let k = 0; k < 60; k++) {
        press(k % 20 < 10 ? 'ArrowLeft' : 'ArrowRight');
        await frame();
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return { all, drawn, frames: 1000 / (times.reduce((a, b) => a + b) / times.length) };
    })()`)) as { all: number; drawn: number; frames: number };
    console.log(
      `      10 s x 10 kHz x 6 channels: drawn in ${took.drawn.toFixed(0)} ms (${took.all.toFixed(0)} ms from the click, fetched and shown), moved at ${took.frames.toFixed(0)} frames a second with all six seen`,
    );
    await editor.picture('sidebar-ten-seconds', view('waveform'));
  });

  it('can be used with a screen reader: no serious fault by axe', async () => {
    assert.deepEqual(await editor.inaccessible('.pq-desk'), []);
  });

  it('tells the operator at once what other thresholds would have told', async () => {
    const { page } = editor;
    await editor.openPanel('pq-detector');
    await page.waitForSelector('#sag-swell-detector-plot svg circle', { timeout: 20_000 });
    const counts = () =>
      page.$$eval('#sag-swell-detector-counts td', (all) => all.map((one) => one.textContent ?? ''));
    await until(async () => (await counts()).includes('sag'), 'the counts', 20_000);
    const at = async (type: string) => {
      const cells = await counts();
      const k = cells.indexOf(type);
      return [Number(cells[k + 1]), Number(cells[k + 2])];
    };
    // Both are of the same past, though events go on.
    const [told, same] = await at('sag');
    assert.ok(told > 0 && same === told, `the thresholds in force: ${told}, ${same}`);
    await editor.type('#node-input-sag', '0.5');
    await until(async () => (await at('sag'))[1] === 0, 'no sag below 0.5', 20_000);
    assert.ok((await at('sag'))[0] >= told, 'what was told stays');
    // Dragged in the plot back to where it was.
    await page.locator('#sag-swell-detector-plot').scrollIntoViewIfNeeded();
    const box = await page.locator('#sag-swell-detector-plot svg').boundingBox();
    const line = await page.locator('#sag-swell-detector-plot .threshold[data-name="sag"]').boundingBox();
    assert.ok(box && line);
    await page.mouse.move(line.x + line.width / 3, line.y + line.height / 2);
    await page.mouse.down();
    await page.mouse.move(line.x + line.width / 3, line.y - 0.4 * ((box.height - 60) / 2), { steps: 6 });
    await page.mouse.up();
    const value = Number(await page.inputValue('#node-input-sag'));
    assert.ok(value > 0.8 && value < 1, `dragged to ${value}`);
    await until(async () => (await at('sag'))[1] > 0, 'sags again', 20_000);
    await editor.picture('thresholds', '.red-ui-tray');
    await editor.closePanel('cancel');
  });

  it('says nothing wrong in the console', () => {
    assert.deepEqual(editor.complaints, []);
  });
});

describe(`sidebar with users, Node-RED ${LOOK}`, function () {
  this.timeout(60_000);
  let broker: TestBroker;
  let editor: Editor;
  const PASSWORD = randomBytes(12).toString('hex');

  before(async () => {
    broker = await startTestBroker();
    // As Node-RED keeps passwords: bcrypt, of its own library.
    const bcrypt = createRequire(createRequire(__filename).resolve('node-red'))('@node-rs/bcrypt') as {
      hashSync(text: string, rounds: number): string;
    };
    const password = bcrypt.hashSync(PASSWORD, 8);
    const users = [
      { username: 'operator', password, permissions: 'read' },
      { username: 'engineer', password, permissions: '*' },
      { username: 'clerk', password, permissions: ['flows.read', 'settings.read'] },
    ];
    editor = await Editor.open({
      flow: await deskFlow(broker),
      settings: { adminAuth: { type: 'credentials', users } },
    });
  });

  after(async () => {
    await editor?.close();
    await broker?.close();
  });

  const tokenOf = async (username: string) => {
    const body = new URLSearchParams({
      client_id: 'node-red-editor',
      grant_type: 'password',
      scope: '',
      username,
      password: PASSWORD,
    });
    const answer = await fetch(`${editor.url}auth/token`, { method: 'POST', body });
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const ask = async (path: string, token?: string, method = 'GET') =>
    (
      await fetch(editor.url + path, {
        method,
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        ...(method === 'POST' && { body: '{}' }),
      })
    ).status;

  const READ = ['meters', 'events', 'power', 'maps', 'queues'].map((name) => `power-quality/desk/${name}`);

  it('shows nothing to whoever is not known, or may not', async () => {
    const clerk = await tokenOf('clerk');
    for (const path of [
      ...READ,
      'sag-swell-detector/pq-detector/past',
      'var-calculator/pq-calculator/latest',
      'modbus-link/serial-ports',
    ]) {
      assert.equal(await ask(path), 401, path);
      assert.equal(await ask(path, clerk), 401, `${path} for the clerk`);
    }
    for (const path of ['modbus-link/test', 'scada-endpoint/test']) {
      assert.equal(await ask(path, undefined, 'POST'), 401, path);
      assert.equal(await ask(path, await tokenOf('operator'), 'POST'), 401, `${path} for the operator`);
    }
  });

  it('shows all to whoever may read', async () => {
    const operator = await tokenOf('operator');
    for (const path of READ) assert.equal(await ask(path, operator), 200, path);
    const engineer = await tokenOf('engineer');
    assert.equal(await ask('modbus-link/test', engineer, 'POST'), 200);
  });

  it('tells of changes over comms only whoever may see them', async () => {
    const { WebSocket } = createRequire(createRequire(__filename).resolve('node-red'))('ws');
    const hear = (token: string | undefined) =>
      new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`${editor.url.replace('http', 'ws')}comms`);
        const timer = setTimeout(() => {
          socket.terminate();
          resolve('silence');
        }, 8000);
        const end = (what: string) => {
          clearTimeout(timer);
          socket.terminate();
          resolve(what);
        };
        socket.on('open', () => {
          const subscribe = JSON.stringify({ subscribe: 'power-quality/#' });
          socket.send(token ? JSON.stringify({ auth: token }) : subscribe);
        });
        socket.on('message', (data: Buffer) => {
          const text = data.toString();
          if (/"auth":"fail"/.test(text)) end('refused');
          if (/"auth":"ok"/.test(text)) socket.send(JSON.stringify({ subscribe: 'power-quality/#' }));
          if (/"topic":"power-quality\/changed"/.test(text)) end('told');
        });
        socket.on('close', () => end('refused'));
        socket.on('error', reject);
      });
    assert.equal(await hear(await tokenOf('operator')), 'told');
    assert.notEqual(await hear(undefined), 'told');
    assert.notEqual(await hear(await tokenOf('clerk')), 'told');
  });
});
