import assert from 'node:assert/strict';
import { until } from '../until';
import { Editor, type FlowNode, LOOK } from './editor';

/**
 * Two days of two transformers. T1: records of 03 and 06 are wrong, 12 hangs at T2, four meters have gaps. T2: all
 * records are another way round.
 */
const DAYS = `
let seed = 5;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32 - 0.5;
};
const step = 300000, count = 576;
const start = Math.floor(Date.now() / step) * step - count * step;
flow.set('next', start + count * step);
const level = { T1: [0, 0, 0], T2: [0, 0, 0] };
for (let slot = 0; slot < count; slot++) {
  const time = start + slot * step;
  const readings = [];
  const add = (meter, va) => readings.push({ kind: 'reading', meter, time, values: { va }, quality: 'good' });
  for (const name of ['T1', 'T2']) {
    for (let p = 0; p < 3; p++) {
      level[name][p] = 0.95 * level[name][p] + 1.2 * random();
      add(name + '-' + 'ABC'[p], 231 + level[name][p] + 0.1 * random());
    }
  }
  for (const name of ['T1', 'T2']) {
    for (let k = 0; k < 12; k++) {
      if (name === 'T1' && k >= 7 && k < 11 && slot >= 100 && slot < 100 + 20 * (k - 6)) continue;
      const at = name === 'T1' && k === 11 ? 'T2' : name;
      add(name + '-' + String(k + 1).padStart(2, '0'), 230 + level[at][k % 3] + 0.5 * random());
    }
  }
  node.send({ payload: readings });
}
node.send({ command: 'run' });
`;

/** Another interval, so that the next run is another one; and what crews have said. */
const NEXT = `
const time = flow.get('next');
flow.set('next', time + 300000);
node.send({ payload: { kind: 'reading', meter: 'T1-A', time, values: { va: 231 }, quality: 'good' } });
node.send({ command: 'accept', payload: { meter: 'T1-03', phase: 'c', by: 'Ann' } });
node.send({ command: 'reject', payload: { meter: 'T1-06', phase: 'c', by: 'Bo', why: 'seen at the pole' } });
node.send({ command: 'run' });
`;

const CORRELATOR = 'pm-correlator';

function phaseFlow(): FlowNode[] {
  const z = 'pm-tab';
  const wrong: Record<string, string> = { '03': 'a', '06': 'a' };
  const meters = ['T1', 'T2'].flatMap((transformer) =>
    Array.from({ length: 12 }, (_, k) => {
      const number = String(k + 1).padStart(2, '0');
      const phase = transformer === 'T1' ? (wrong[number] ?? 'abc'[k % 3]) : 'bca'[k % 3];
      return { meter: `${transformer}-${number}`, transformer, feeder: 'F1', phase };
    }),
  );
  const references = ['T1', 'T2'].flatMap((transformer) =>
    ['a', 'b', 'c'].map((phase) => ({
      meter: `${transformer}-${phase.toUpperCase()}`,
      ...{ transformer, feeder: 'F1', phase },
    })),
  );
  const button = (name: string, func: string, y: number): FlowNode[] => [
    {
      id: `pm-go-${name}`,
      z,
      type: 'inject',
      name,
      ...{ props: [], repeat: '', once: false, x: 100, y, wires: [[`pm-do-${name}`]] },
    },
    {
      id: `pm-do-${name}`,
      z,
      type: 'function',
      name: `do ${name}`,
      ...{ func, outputs: 1, x: 280, y, wires: [[CORRELATOR]] },
    },
  ];
  return [
    { id: z, type: 'tab', label: 'Phases' },
    ...button('days', DAYS, 60),
    ...button('next', NEXT, 120),
    ...button('run', `return { command: 'run' };`, 180),
    {
      id: CORRELATOR,
      z,
      type: 'phase-correlator',
      name: '',
      ...{ days: 2, schedule: '', keep: true, gaps: 'exclude', references, meters },
      ...{ x: 480, y: 120, wires: [[], []] },
    },
  ];
}

describe(`phase map in the sidebar, Node-RED ${LOOK}`, function () {
  this.timeout(60_000);
  let editor: Editor;
  const MAP = '.pq-fold[data-view="map"]';
  const LINE = `${MAP} .pq-gaps`;
  const KEEP = `${LINE} button`;

  before(async () => {
    editor = await Editor.open({ flow: phaseFlow(), width: 1500, height: 1100 });
    await editor.load();
    await editor.page.evaluate(`RED.sidebar.show('power-quality')`);
    await editor.page.waitForSelector('.pq-desk .pq-fold');
    await editor.page.evaluate(`(() => {
      for (const fold of document.querySelectorAll('.pq-fold details')) fold.open = false;
      document.querySelector('${MAP} details').open = true;
    })()`);
  });

  after(async () => {
    await editor?.close();
  });

  const line = async () => (await editor.page.textContent(LINE)) ?? '';
  const isOffered = () => editor.page.isVisible(KEEP);
  const nodeIs = <T>(what: string) => editor.page.evaluate<T>(`RED.nodes.node('${CORRELATOR}')${what}`);
  const undo = () => editor.page.evaluate(`RED.history.pop()`);
  /** Facts of a meter, as they stand below it. */
  const factsOf = async (meter: string) =>
    editor.page.evaluate<string>(`(() => {
      const row = [...document.querySelectorAll('${MAP} tr')].find((one) => one.cells[0].textContent === '${meter}');
      const next = row?.nextElementSibling;
      return next?.classList.contains('pq-facts') ? next.textContent : '';
    })()`);

  it('says how many meters gaps keep out, and which these are', async () => {
    await editor.inject('days');
    await until(
      async () => (await line()).startsWith('4 of 24 meters are left out because of gaps'),
      'the line',
      30_000,
    );
    assert.ok(await isOffered());
    assert.match(await editor.page.innerText(`${MAP} .pq-others summary`), /Other meters \(\d+\)/);
    assert.match(await factsOf('T1-08'), /^gap of 20 intervals/);
  });

  it('offers nothing to whoever may not change flows, and says where the node is not in this editor', async () => {
    const { page } = editor;
    const redraw = `RED.events.emit('nodes:change', RED.nodes.node('${CORRELATOR}'))`;
    await page.evaluate(
      `window.userBefore = RED.settings.user; RED.settings.user = { permissions: 'read' }; ${redraw}`,
    );
    assert.ok(!(await isOffered()));
    await page.evaluate(`RED.settings.user = window.userBefore; ${redraw}`);
    assert.ok(await isOffered());
    await page.evaluate(`RED.view.select({ nodes: [RED.nodes.node('${CORRELATOR}')] })`);
    await page.evaluate(`RED.actions.invoke('core:delete-selection')`);
    assert.match(await line(), /not in this editor/);
    assert.ok(!(await isOffered()));
    await undo();
    assert.ok(await isOffered());
  });

  it('changes nothing while its panel is open or its flow is locked', async () => {
    const { page } = editor;
    await editor.openPanel(CORRELATOR);
    await page.evaluate(`document.querySelector('${KEEP}').click()`);
    assert.match(await line(), /panel of this phase-correlator is open/);
    await editor.closePanel('cancel');
    await page.evaluate(`RED.nodes.workspace('pm-tab').locked = true`);
    await page.click(KEEP);
    assert.match(await line(), /flow of this phase-correlator is locked/);
    await page.evaluate(`RED.nodes.workspace('pm-tab').locked = false`);
    assert.equal(await nodeIs('.gaps'), 'exclude');
  });

  it('sets the node to mask gaps, which can be undone, and is deployed by the user', async () => {
    const { page } = editor;
    await page.click(KEEP);
    assert.match(await line(), /Set\. Deploy, then run again\.$/);
    assert.ok(!(await isOffered()));
    assert.deepEqual([await nodeIs('.gaps'), await nodeIs('.changed')], ['mask', true]);
    await undo();
    assert.ok(await isOffered());
    assert.deepEqual([await nodeIs('.gaps'), await page.evaluate('RED.nodes.dirty()')], ['exclude', false]);
    await page.click(KEEP);
    await page.click('#red-ui-header-button-deploy');
    await page.waitForFunction('!RED.nodes.dirty()');
    const flows = (await (await fetch(`${editor.url}flows`)).json()) as FlowNode[];
    const gaps = () => flows.find(({ id }) => id === CORRELATOR)?.gaps;
    assert.equal(gaps(), 'mask');
  });

  it('shows after the next run what is known of each meter', async () => {
    const { page } = editor;
    await editor.inject('run');
    await until(async () => /9\d % of intervals/.test(await factsOf('T1-08')), 'the masked meter', 30_000);
    assert.equal(await page.isVisible(LINE), false);
    assert.match(await factsOf('T1-12'), /^fits T2 better · since \S+, 1 run$/);
    await editor.inject('next');
    await until(async () => /accepted/.test(await factsOf('T1-03')), 'what crews have said', 30_000);
    assert.match(await factsOf('T1-03'), /^c accepted by Ann, \S+ · since \S+, 2 runs$/);
    assert.match(await factsOf('T1-06'), /^c rejected by Bo, \S+ · since \S+, 2 runs$/);
    await page.evaluate(`document.querySelector('${MAP} .pq-others').open = true`);
    assert.ok(await page.isVisible(`${MAP} .pq-others table`));
    await page.mouse.move(400, 600);
    await page.waitForTimeout(500);
    await editor.picture('sidebar-map', '#red-ui-sidebar');
    await page.selectOption(`${MAP} select`, { label: 'T2' });
    await until(async () => /permuted/.test(await factsOf('T2-01')), 'the permuted records');
    assert.match(await factsOf('T2-01'), /^whole transformer permuted · since \S+, 2 runs$/);
  });

  it('can be used with a screen reader, and says nothing wrong in the console', async () => {
    assert.deepEqual(await editor.inaccessible('.pq-desk'), []);
    assert.deepEqual(editor.complaints, []);
  });
});
