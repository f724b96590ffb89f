import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { reading } from '../publishing/records';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();
const SRC = join(__dirname, '..', '..', 'src');

/** Nodes that count losses, and the output of their answers to `stats`. */
const NODES = [
  { id: 'detector', type: 'sag-swell-detector', port: 2, code: 'STAGE_STATISTICS' },
  { id: 'calculator', type: 'var-calculator', port: 1, code: 'STAGE_STATISTICS' },
  { id: 'correlator', type: 'phase-correlator', port: 1, code: 'STAGE_STATISTICS' },
  { id: 'report', type: 'pq-report', port: 1, code: 'STAGE_STATISTICS' },
  { id: 'file', type: 'pq-file', port: 1, code: 'STAGE_STATISTICS' },
  { id: 'poll', type: 'meter-poll', port: 2, code: 'STAGE_STATISTICS' },
  { id: 'publish', type: 'scada-publish', port: 1, code: 'DELIVERY_STATISTICS' },
];

/** Counters that are of no loss. */
const OTHERS = new Set([
  'requests',
  'retries',
  'connects',
  'delivered',
  'thinned',
  'gaps',
  'framesLate',
  'metersReleased',
]);
/** Counters that go by another name outside of their class. */
const RENAMED: Record<string, string> = {
  'metering/link refused': 'requestsRefused',
  'phasing/disk dropped': 'diskDropped',
};

/** Counters of the engine, as they are written down: `counters = { a: 0, b: 0 }`, `losses = {...}`. */
function declared(): { file: string; name: string }[] {
  const found: { file: string; name: string }[] = [];
  const look = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) look(path);
      else if (path.endsWith('.ts')) {
        const text = readFileSync(path, 'utf8');
        for (const [, body] of text.matchAll(/\b(?:counters|losses) = \{([^}]*)\}/g)) {
          for (const [, name] of body.matchAll(/(\w+): 0/g)) {
            found.push({ file: path.slice(SRC.length + 1).replace(/\/?[^/]*\.ts$/, ''), name });
          }
        }
      }
    }
  };
  look(SRC);
  return found;
}

async function running(): Promise<{ flow: Flow; page: string }> {
  const userDir = mkdtempSync(join(tmpdir(), 'pq-user-'));
  const page = `http://127.0.0.1:${await freePort()}/metrics`;
  helper.settings({ userDir } as never);
  cleanUp(
    () => helper.settings({} as never),
    endFlow,
    () => rmSync(userDir, { recursive: true, force: true }),
  );
  const flow = await runFlow([
    { id: 'endpoint', type: 'scada-endpoint', protocol: 'prometheus', mode: 'scrape', url: page },
    {
      id: 'fleet',
      type: 'meter-fleet',
      meters: [{ id: 'm1', host: '127.0.0.1', port: 1, unit: 1, profile: 'generic-pq' }],
    },
    ...NODES.map(({ id, type, port }) => ({
      id,
      type,
      name: id,
      endpoint: 'endpoint',
      fleet: 'fleet',
      interval: 3600,
      maxMeters: 2,
      wires: Array.from({ length: 4 }, (_, i) => (i === port ? ['said'] : [])),
    })),
    { id: 'said', type: 'helper' },
  ]);
  return { flow, page };
}

describe('what is dropped, refused or ignored', function () {
  this.timeout(60_000);

  it('is counted for all to see: each counter of each stage in its statistics and on the page of Prometheus', async () => {
    const { flow, page } = await running();
    const seen = new Map<string, Record<string, unknown>>();
    for (const { id, code } of NODES) {
      flow.send(id, { command: 'stats' });
      const answer = () => flow.got('said').find(({ payload }) => payload.code === code && !seen.has(id));
      await until(() => answer() !== undefined, `the statistics of ${id}`);
      const detail = answer()?.payload.detail as Record<string, unknown>;
      seen.set(id, { ...detail, ...(detail.losses as object | undefined) });
      flow.got('said').length = 0;
    }
    const text = await (await fetch(page)).text();
    const onPage = new Map<string, Set<string>>();
    for (const [, stage, reason] of text.matchAll(
      /pq_losses_total\{stage="([^"]*)",node="[^"]*",reason="([^"]*)"\}/g,
    )) {
      onPage.set(stage, (onPage.get(stage) ?? new Set()).add(reason));
    }
    for (const { id, type } of NODES) {
      const names = [...(onPage.get(type) ?? [])];
      assert.ok(names.length > 0, `${type} is not on the page`);
      for (const name of names) {
        // What a node without a store refuses can only be counted by the node.
        if (name !== 'refusedWithoutStore')
          assert.ok(name in (seen.get(id) ?? {}), `${type}: ${name} in its statistics`);
      }
    }
    const shown = new Set([...onPage.values()].flatMap((names) => [...names]));
    for (const { file, name } of declared()) {
      if (OTHERS.has(name)) continue;
      const outside =
        RENAMED[`${file} ${name}`] ?? RENAMED[`${file.split('/').slice(0, 2).join('/')} ${name}`] ?? name;
      assert.ok(shown.has(outside) || /leftOut/.test(name), `${file}: ${name} is read by no node`);
    }
  });

  it('makes a status that is not green, and one diagnostic: the third meter of two', async () => {
    const { flow, page } = await running();
    for (let n = 0; n < 5; n++) {
      for (const meter of ['m1', 'm2', 'm3']) {
        const record = { ...reading(n, meter), time: 1.7e12 + n * 1000, values: { va: 230, p: 100, q: 10 } };
        for (const id of ['detector', 'calculator', 'report', 'correlator'])
          flow.send(id, { payload: record });
      }
    }
    // The helper has no catalogue: a status is the keys of its words.
    const { status } = flow.node('detector') as unknown as {
      status: { args: { fill: string; text: string }[][] };
    };
    for (const type of ['sag-swell-detector', 'var-calculator', 'pq-report', 'phase-correlator']) {
      const isRefused = ([{ fill, text }]: { fill: string; text: string }[]) =>
        fill === 'red' && text.includes(`${type}.status.refused`);
      await until(() => status.args.some(isRefused), `the status of ${type}`);
    }
    for (const id of ['detector', 'calculator', 'report', 'correlator']) flow.send(id, { command: 'stats' });
    const stats = () => flow.got('said').filter(({ payload }) => payload.code === 'STAGE_STATISTICS');
    await until(() => stats().length === 4, 'the statistics');
    for (const { payload } of stats()) {
      const { limit, held } = (payload.detail as { budget: Record<string, { meters: number }> }).budget;
      assert.deepEqual([limit.meters, held.meters], [2, 2]);
    }
    const over = () => flow.got('said').filter(({ payload }) => payload.code === 'METERS_OVER_LIMIT');
    await until(() => over().length === 4, 'the diagnostics');
    for (const { payload } of over())
      assert.deepEqual((payload.detail as { meters: string[] }).meters, ['m3']);
    const text = await (await fetch(page)).text();
    assert.match(
      text,
      /pq_losses_total\{stage="sag-swell-detector",node="detector",reason="recordsRefused"\} 5\n/,
    );
  });
});
