import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../free-port';
import { until } from '../until';

const ROOT = join(__dirname, '..', '..');
const RUNTIME = process.env.NODE_RED_RUNTIME ?? require.resolve('node-red');
const NODES = Object.keys(
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'))['node-red'].nodes as object,
);
const MODULE = 'node-red-contrib-power-quality';

interface NodeSet {
  id: string;
  module: string;
  types: string[];
  enabled: boolean;
  err?: string;
}

/** What a user does: npm pack, npm install into an empty user folder, start Node-RED. */
describe('the packed package in an empty user folder', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'pq-user-'));
  let child: ChildProcess;
  let url: string;
  let log = '';

  before(async () => {
    const npm = (args: string[], cwd: string) =>
      execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    // The tests run on dist/, so it is built: packing must not build it anew under their feet.
    const [{ filename, files, size }] = JSON.parse(
      npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT),
    );
    assert.ok(size < 2_000_000, `${size} bytes`);
    for (const { path } of files as { path: string }[]) {
      assert.match(
        path,
        /^(dist|resources|examples|icons|docs)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
      );
    }
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    npm(['install', '--no-audit', '--no-fund', '--loglevel=error', join(folder, filename)], folder);
    // Whoever has not logged in may look at nodes and flows, and at nothing else.
    const adminAuth = {
      type: 'credentials',
      users: [],
      default: { permissions: ['nodes.read', 'plugins.read', 'flows.read', 'settings.read', 'library.read'] },
    };
    const settings = { uiHost: '127.0.0.1', telemetry: { enabled: false }, adminAuth };
    writeFileSync(join(folder, 'settings.js'), `module.exports=${JSON.stringify(settings)}`);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const red = join(dirname(RUNTIME), '..', 'red.js');
    child = spawn(process.execPath, [red, '--userDir', folder, '--port', String(port)], { stdio: 'pipe' });
    child.stdout?.on('data', (text) => {
      log += text;
    });
    child.stderr?.on('data', (text) => {
      log += text;
    });
    const answers = async () => (await fetch(`${url}/nodes`).catch(() => undefined))?.ok === true;
    await until(answers, `Node-RED to answer\n${log}`, 60_000);
    await until(() => /Started flows/.test(log), 'the flows to start');
  });

  after(async () => {
    if (child && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('loads every node without an error or a warning', async () => {
    const sets = (await (
      await fetch(`${url}/nodes`, { headers: { accept: 'application/json' } })
    ).json()) as NodeSet[];
    const ours = sets.filter(({ module }) => module === MODULE);
    assert.deepEqual(ours.flatMap(({ types }) => types).sort(), [...NODES].sort());
    for (const { id, enabled, err } of ours) assert.deepEqual([enabled, err], [true, undefined], id);
    const warnings = log
      .split('\n')
      .filter(
        (line) =>
          /\[(warn|error)\]/.test(line) && /power-quality|Missing|not loaded|errors? on startup/i.test(line),
      );
    assert.deepEqual(warnings, []);
  });

  it('offers icons, texts, help and examples where the editor looks for them', async () => {
    const html = await (
      await fetch(`${url}/nodes`, { headers: { accept: 'text/html', 'accept-language': 'en-US' } })
    ).text();
    for (const node of NODES) {
      assert.ok(html.includes(`data-help-name="${node}"`), `help of ${node}`);
      assert.ok(html.includes(`"${node}"`), `editor part of ${node}`);
      const texts = await fetch(`${url}/locales/${MODULE}/${node}?lng=en-US`);
      assert.ok(node in ((await texts.json()) as object), `texts of ${node}`);
      const icon = await fetch(`${url}/icons/${MODULE}/${node}.svg`);
      assert.match(await icon.text(), /<svg/, `icon of ${node}`);
    }
    for (const example of readdirSync(join(ROOT, 'examples'))) {
      const path = `${url}/library/examples/flows/${MODULE}/${encodeURIComponent(example.replace(/\.json$/, ''))}`;
      const flow = (await (await fetch(path)).json()) as { type: string }[];
      assert.ok(
        flow.some(({ type }) => type === 'comment'),
        `${example} has a comment node`,
      );
    }
  });

  it('offers the sidebar, and what panels and sidebar fetch', async () => {
    const plugins = (await (
      await fetch(`${url}/plugins`, { headers: { accept: 'application/json' } })
    ).json()) as { id: string; enabled: boolean; err?: string }[];
    const desk = plugins.find(({ id }) => id === `${MODULE}/power-quality-desk`);
    assert.deepEqual([desk?.enabled, desk?.err], [true, undefined]);
    for (const name of ['desk.js', 'tables.js', 'LICENSES.txt']) {
      const resource = await fetch(`${url}/resources/${MODULE}/${name}`);
      assert.equal(resource.status, 200, name);
    }
  });

  it('tells serial ports and phasors to nobody who has no permission for them', async () => {
    assert.equal((await fetch(`${url}/modbus-link/serial-ports`)).status, 401);
    assert.equal((await fetch(`${url}/var-calculator/any/latest`)).status, 401);
    assert.equal((await fetch(`${url}/power-quality/desk/meters`)).status, 401);
  });

  it('has a text for every label and every status', async () => {
    const { panelsOf } = await import(join(ROOT, 'scripts', 'panels.mjs'));
    const panels = (await panelsOf()) as Record<
      string,
      { defaults: Record<string, object>; credentials?: object }
    >;
    assert.deepEqual(Object.keys(panels).sort(), [...NODES].sort());
    for (const node of NODES) {
      const texts = JSON.parse(
        readFileSync(join(ROOT, 'nodes', node, 'locales', 'en-US', `${node}.json`), 'utf8'),
      );
      const source = readFileSync(join(ROOT, 'nodes', node, `${node}.ts`), 'utf8');
      const settings = Object.keys({ ...panels[node].defaults, ...panels[node].credentials }).filter(
        (name) => name !== 'name' && !name.endsWith('Type'),
      );
      const asked = settings.map((name) => `${node}.label.${name}`);
      const said = [...source.matchAll(/text\('(\w+)'/g)].map(([, key]) => `${node}.status.${key}`);
      for (const key of [...asked, ...said]) {
        const found = key.split('.').reduce((at, name) => at?.[name], texts);
        assert.equal(typeof found, 'string', `${node}: ${key}`);
      }
    }
  });
});
