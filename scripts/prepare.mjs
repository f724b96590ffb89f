/**
 * Makes a fresh clone ready, with nothing but Node and npm: installs what is missing, builds what is
 * older than its sources. Run before `npm start` and `npm test`; `--build` builds in any case.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 15)) {
  console.error(`Node.js 20.15 or later is needed, this is ${process.version}`);
  process.exit(1);
}

/** Installs when the lock file is not the one that node_modules was made of. */
function install() {
  const stamp = join(root, 'node_modules', '.installed-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('installing packages (npm ci) ...');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm) execFileSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' });
  else execFileSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  writeFileSync(stamp, lock);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((max, entry) => Math.max(max, newest(join(path, entry))), stat.mtimeMs);
}

function build() {
  const stamp = join(root, 'dist', '.built');
  const sources = ['src', 'nodes', 'icons', 'scripts', 'tsconfig.json', 'package.json'].map((name) =>
    join(root, name),
  );
  const fresh =
    existsSync(stamp) &&
    existsSync(join(root, 'resources')) &&
    statSync(stamp).mtimeMs >= Math.max(...sources.map(newest));
  if (fresh && !process.argv.includes('--build')) return;
  console.log('building dist/ ...');
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' });
  writeFileSync(stamp, '');
}

install();
build();
