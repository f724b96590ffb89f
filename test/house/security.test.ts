import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterEach } from '../clean-up';
import { DOORS } from '../doors';

const ROOT = join(__dirname, '..', '..');
const cleanUp = cleanUpAfterEach();
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const packageJson = JSON.parse(text('package.json'));

/** Component requirements of IEC 62443-4-2 by foundational requirement: how many each has. */
const REQUIREMENTS = [14, 13, 14, 3, 4, 2, 8];
const STATES = ['met', 'in part', 'not met', 'not applicable', 'Node-RED', 'host', 'site'];

/** Rows of the tables of a page, as cells. */
function rowsOf(page: string): string[][] {
  return text(page)
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[-| ]+\|$/.test(line))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

interface Part {
  name: string;
  version: string;
  purl: string;
  licenses?: unknown[];
  hashes?: { alg: string; content: string }[];
}

describe('security, as it is written down', function () {
  this.timeout(60_000);

  it('every door with its permission is on the hardening page, and no other', () => {
    const listed = rowsOf('docs/hardening.md')
      .map(([door, permission]) => `${door} ${permission}`.replaceAll('`', ''))
      .filter((line) => /^(GET|POST) /.test(line))
      .map((line) => line.replace(/^\w+/, (method) => method.toLowerCase()));
    assert.deepEqual(listed.sort(), DOORS);
  });

  it('every component requirement of IEC 62443-4-2 has a state, and what is met a test that is there', () => {
    const rows = rowsOf('docs/iec-62443-4-2.md').filter(([name]) => /^(CR|SAR|EDR|NDR) /.test(name));
    const numbers = rows.map(([name]) => /\d+\.\d+/.exec(name)?.[0]);
    const wanted = REQUIREMENTS.flatMap((count, k) =>
      Array.from({ length: count }, (_, n) => `${k + 1}.${n + 1}`),
    );
    assert.deepEqual(numbers, wanted);
    for (const [name, state, how, tests] of rows) {
      assert.ok(STATES.includes(state), `${name}: ${state}`);
      const named = tests.split(', ').filter((path) => path !== '');
      for (const path of named) assert.ok(existsSync(join(ROOT, path)), `${name}: ${path} is not there`);
      if (state === 'met' && !name.startsWith('CR 5.1')) assert.ok(named.length > 0, `${name} has no test`);
      if (state !== 'not applicable')
        assert.ok(how.length + named.length > 0 || state === 'host', `${name}: how?`);
    }
  });

  it('has one address for reports and issues: that of the repository', () => {
    const address = /^git\+(https:.*)\.git$/.exec(packageJson.repository.url)?.[1];
    assert.ok(address && packageJson.author);
    assert.equal(packageJson.bugs, `${address}/issues`);
    assert.equal(packageJson.homepage, `${address}#readme`);
    assert.ok(text('SECURITY.md').includes(`${address}/security/advisories/new`));
    for (const file of ['SECURITY.md', 'CHANGELOG.md', 'docs']) assert.ok(packageJson.files.includes(file));
  });

  it('lists every library of a release, with version, licence and hash, and nothing that is for development', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-sbom-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'sbom.json');
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'sbom.mjs'), path], { encoding: 'utf8' });
    const bom = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.equal(bom.metadata.component.name, packageJson.name);
    assert.equal(bom.metadata.component.version, packageJson.version);
    // What the lock file says is installed without development, and what the build puts into resources/.
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { version: string; dev?: boolean; integrity?: string; peer?: boolean }>;
    };
    const bundled = ['papaparse', 'tabulator-tables', 'uplot'];
    for (const name of bundled) assert.ok(text('scripts/bundled.mjs').includes(`'${name}'`), name);
    const wanted = Object.entries(packages)
      .filter(([at, { dev }]) => at !== '' && (!dev || bundled.includes(at.replace('node_modules/', ''))))
      .map(([at, { version }]) => `${at.replace(/^.*node_modules\//, '')}@${version}`);
    const parts = bom.components as Part[];
    assert.deepEqual(
      [...new Set(parts.map(({ name, version }) => `${name}@${version}`))].sort(),
      [...new Set(wanted)].sort(),
    );
    for (const { name, purl, hashes } of parts) {
      assert.ok(purl.startsWith('pkg:npm/'), name);
      assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, `${name} has no hash`);
    }
  });

  it('every secret is a credential of type password, and none is a setting that lies in the flow file', () => {
    let secrets = 0;
    for (const file of filesBelow('nodes', '.editor.ts')) {
      for (const [, name, more] of text(file).matchAll(
        /(\w*(?:password|token|secret|passphrase)\w*|key): \{([^}]*)\}/gi,
      )) {
        assert.match(more, /credential: 'password'/, `${file}: ${name}`);
        secrets++;
      }
    }
    assert.equal(secrets, 4);
  });

  it('listens nowhere but where a flow asks for it', () => {
    const listening = ['src', 'nodes'].flatMap((folder) =>
      filesBelow(folder, '.ts').filter((file) => /\.listen\(/.test(text(file))),
    );
    assert.deepEqual(listening.sort(), [
      'nodes/meter-simulator/meter-simulator.ts',
      'src/publishing/targets/prometheus/scrape.ts',
      'src/simulation/server.ts',
    ]);
  });
});
