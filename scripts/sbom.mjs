/**
 * Writes what a release is made of, dist/sbom.cdx.json (CycloneDX): every package that it needs at run time, and those
 * whose code is bundled, each with version, licence and hash as the lock file has them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLED } from './bundled.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.argv[2] ?? join(root, 'dist', 'sbom.cdx.json');

function npm(...args) {
  const path = process.env.npm_execpath;
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 256e6 };
  const all = [...args, '--package-lock-only'];
  return JSON.parse(
    path
      ? execFileSync(process.execPath, [path, ...all], options)
      : execFileSync('npm', all, { ...options, shell: process.platform === 'win32' }),
  );
}

/** Names and versions of all that is needed at run time, as `name@version`. */
function needed({ dependencies = {} }, found = new Set()) {
  for (const [name, one] of Object.entries(dependencies)) {
    if (one.version) found.add(`${name}@${one.version}`);
    needed(one, found);
  }
  return found;
}

const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
// npm's list without development (npm 11.19) leaves out what development needs, too: so all of it, and what is needed.
const bom = npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=library');
const wanted = needed(npm('ls', '--all', '--omit=dev', '--json'));
const isPart = (part) => wanted.has(`${part.name}@${part.version}`) || BUNDLED.includes(part.name);
const { component } = bom.metadata;
// npm takes the name of the folder.
component.name = name;
// npm leaves out some hashes that the lock file has.
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const integrity = new Map();
for (const [path, one] of Object.entries(packages)) {
  if (one.integrity) integrity.set(`${path.replace(/^.*node_modules\//, '')}@${one.version}`, one.integrity);
}
function hashesOf(part) {
  const [, algorithm, digest] = /^sha(\d+)-(.+)$/.exec(integrity.get(`${part.name}@${part.version}`)) ?? [];
  return digest ? [{ alg: `SHA-${algorithm}`, content: Buffer.from(digest, 'base64').toString('hex') }] : [];
}

bom.components = bom.components
  .filter(isPart)
  .map((part) => ({ ...part, scope: 'required', hashes: hashesOf(part) }));
const refs = new Set([component, ...bom.components].map((part) => part['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
writeFileSync(target, `${JSON.stringify(bom, null, 2)}\n`);
console.log(`${bom.components.length} parts in ${target}`);
