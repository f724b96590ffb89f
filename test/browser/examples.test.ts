import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { startTestBroker, type TestBroker } from '../publishing/broker';
import { until } from '../until';
import { Editor, type FlowNode, LOOK, ROOT } from './editor';

/** Time in which an example shows what it promises, ms. */
const PROMISED = 30_000;

interface Promised {
  /** Waits until the example has shown what its comment says. */
  shows(editor: Editor): Promise<void>;
}

/** A status that reads like that, by the name of its node. */
async function status(editor: Editor, name: string, like: RegExp): Promise<string> {
  let all: Record<string, string> = {};
  try {
    await until(
      async () => {
        all = await editor.statuses();
        return like.test(all[name] ?? '');
      },
      `the status of ${name} to read like ${like}`,
      PROMISED,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; there is ${JSON.stringify(all)}`);
  }
  return all[name];
}

/** What the debug sidebar says. */
const debugged = (editor: Editor) =>
  editor.page.$$eval('.red-ui-debug-msg', (all) => all.map((one) => one.textContent ?? '').join('\n'));

const EXAMPLES: Record<string, Promised> = {
  'Sags from simulated meters to MQTT': {
    async shows(editor) {
      await status(editor, 'scada-publish', /^connected/);
      await status(editor, 'events', /^(sag|swell) (start|end) [01]\.\d{3} pu$/);
      await status(editor, 'receipts', /^delivered$/);
    },
  },
  'A fleet of 200 polled in groups': {
    async shows(editor) {
      await status(editor, 'feeders', /^20 meters, 23\d\.\d V$/);
      await status(editor, 'customers', /^180 meters, 23\d\.\d V$/);
    },
  },
  'Reactive power and compensation': {
    async shows(editor) {
      const told = await status(editor, 'bank', /kvar, order/);
      const [, bank, order] = /^([\d.]+) kvar, order ([\d.]+)$/.exec(told) ?? [];
      // 3 x 230 V x 20 A at cos phi 0.72, to 0.95: P (tan acos 0.72 - tan acos 0.95), with 10 % of harmonics aside.
      const p = 3 * 230 * 20 * 0.72;
      const wanted = p * (Math.tan(Math.acos(0.72)) - Math.tan(Math.acos(0.95)));
      assert.ok(Math.abs(Number(bank) * 1000 - wanted) < 0.02 * wanted, `${told}, expected ${wanted}`);
      // Short-circuit power of 40 x 25 A over the bank.
      assert.ok(Math.abs(Number(order) - Math.sqrt((3 * 230 * 1000) / wanted)) < 0.3, told);
    },
  },
  'A wrongly wired meter': {
    async shows(editor) {
      await until(
        async () => /CT_REVERSED|reversed/.test(await debugged(editor)),
        'the reversed CT',
        PROMISED,
      );
    },
  },
  'Phases of simulated customers': {
    async shows(editor) {
      await editor.inject('a week');
      await status(editor, 'phase-correlator', /^\d+ match, \d+ suspect, \d+ low, 1 excluded$/);
    },
  },
  'Store and forward with a server that goes away': {
    async shows(editor) {
      await status(editor, 'arrived', /^[1-9]\d*$/);
      await editor.inject('the server goes away');
      await status(editor, 'scada-publish', /waiting/);
      await editor.inject('it is back');
      await status(editor, 'scada-publish', /^connected$/);
    },
  },
  'Other thresholds tried on the past': {
    async shows(editor) {
      await status(editor, 'events', /^sag end 0\.850 pu$/);
      await editor.inject('what would 0.80 have given?');
      await status(editor, 'answers', /^sags: [1-9]\d*, then ?0?$/);
    },
  },
  'A COMTRADE recording played back': {
    async shows(editor) {
      // Between phases b and c 0.42 is left: b and c fall to the root of 1/4 + 3/4 x 0.42 squared.
      await status(
        editor,
        'events',
        /^sag bc, 0\.6[12]\d pu, 0\.1[2-9]\d s$|^sag bc, 0\.6[12]\d pu, 0\.\d{3} s$/,
      );
      await editor.inject('a report of the newest');
      await status(editor, 'report', /^HTML and PDF, sag$/);
    },
  },
  'Events in a COMTRADE file': {
    async shows(editor) {
      const { page } = editor;
      const id = await page.evaluate(
        `(() => { let id; RED.nodes.eachNode((node) => { if (node.type === 'pq-file') id = node.id; }); return id; })()`,
      );
      await page.click(`[id="${id}"] .red-ui-flow-node-button-button`);
      await status(editor, 'events', /^sag end 0\.6[12]\d pu$/);
      await until(async () => /feeder-fault\.cff/.test(await debugged(editor)), 'the summary', PROMISED);
    },
  },
  'Power quality to InfluxDB': {
    async shows(editor) {
      await status(editor, 'points in the database', /^[1-9]\d* points$/);
      await status(editor, 'receipts', /^delivered$/);
    },
  },
  'Operator dashboard': {
    async shows(editor) {
      const { page } = editor;
      await page.goto(`${editor.url}dashboard/pq`);
      const svg = (title: string, times: number) =>
        until(
          async () => (await page.$$(`.nrdb-ui-group:has-text("${title}") svg`)).length >= times,
          `the plot of ${title}`,
          PROMISED,
        );
      for (const title of [
        'Waveform',
        'Phasors',
        'Harmonics of the voltage',
        'Phase map',
        'Events by residual',
      ])
        await svg(title, 1);
      const text = () => page.textContent('.nrdb-layout--grid, main');
      await until(async () => /feeder-3/.test((await text()) ?? ''), 'the state of the meters', PROMISED);
      await until(async () => /of 1008 intervals/.test((await text()) ?? ''), 'the week', PROMISED);
      await until(
        async () => /customer-18/.test((await text()) ?? ''),
        'the changes of the phase map',
        PROMISED,
      );
      await until(async () => (await page.$$('tr.pick')).length > 0, 'an event in the list', PROMISED);
      await page.click('tr.pick');
      await editor.picture('dashboard');
      await page.setViewportSize({ width: 400, height: 800 });
      await page.waitForTimeout(500);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      assert.ok((wide as number) <= 400, `the page is ${wide} wide on a phone of 400`);
      await editor.picture('dashboard-phone');
    },
  },
};

describe(`examples from the menu, Node-RED ${LOOK}`, function () {
  this.timeout(120_000);
  let broker: TestBroker;

  before(async () => {
    broker = await startTestBroker();
  });
  after(async () => {
    await broker?.close();
  });

  it('are all of them tried here', () => {
    const files = readdirSync(join(ROOT, 'examples')).map((name) => name.replace(/\.json$/, ''));
    assert.deepEqual(Object.keys(EXAMPLES).sort(), files.sort());
  });

  for (const [name, { shows }] of Object.entries(EXAMPLES)) {
    it(`${name}: imported, deployed, its result seen within 30 s`, async () => {
      const modbus = await freePort();
      const editor = await Editor.open({ height: name === 'Operator dashboard' ? 1500 : 800 });
      try {
        await editor.load();
        // The ports of this machine that are free, in place of the usual ones.
        await editor.importExample(name, ({ type, port, url, protocol }: FlowNode) => {
          if (type === 'meter-simulator' || (type === 'modbus-link' && port)) return { port: modbus };
          if (type !== 'scada-endpoint') return {};
          if (protocol === 'mqtt') return { url: `mqtt://127.0.0.1:${broker.port}` };
          return { url: String(url).replace('127.0.0.1:1880', `127.0.0.1:${editor.port}`) };
        });
        const comments = await editor.page.evaluate(
          `(() => { let n = 0; RED.nodes.eachNode((node) => { if (node.type === 'comment' && node.info.length > 100) n++; }); return n; })()`,
        );
        assert.ok((comments as number) >= 1, 'a comment that says what it is about');
        const invalid = await editor.page.evaluate(
          `(() => { const bad = []; const look = (node) => { if (node.valid === false) bad.push(node.type + ' ' + node.name + ' ' + node.validationErrors); }; RED.nodes.eachNode(look); RED.nodes.eachConfig(look); return bad; })()`,
        );
        assert.deepEqual(invalid, []);
        await editor.deploy();
        const began = Date.now();
        await shows(editor);
        console.log(`      ${((Date.now() - began) / 1000).toFixed(1)} s`);
        if (name !== 'Operator dashboard')
          await editor.picture(`example-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`);
        assert.deepEqual(editor.complaints, []);
      } finally {
        await editor.close();
      }
    });
  }
});
