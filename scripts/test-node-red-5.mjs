/**
 * Runs the flow tests on Node-RED 5 under Node 22: both from the npm registry, in a scratch folder
 * (.scratch/node-red-5), so that nothing on the machine is changed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = join(root, '.scratch', 'node-red-5');
execFileSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], { cwd: root, stdio: 'inherit' });

if (!existsSync(join(scratch, 'node_modules', 'node-red'))) {
  console.log('installing Node 22 and Node-RED 5 into .scratch/node-red-5 ...');
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true }));
  const args = ['install', 'node@22', 'node-red@5', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', args, { cwd: scratch, stdio: 'inherit', shell: process.platform === 'win32' });
}

const require = createRequire(join(scratch, 'package.json'));
const node = join(scratch, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const version = (args) => execFileSync(node, args, { encoding: 'utf8' }).trim();
const { version: nodeRed } = require('node-red/package.json');
console.log(`flow tests on Node-RED ${nodeRed} under Node ${version(['--version'])}`);
if (!nodeRed.startsWith('5.')) throw new Error(`expected Node-RED 5, got ${nodeRed}`);

const mocha = createRequire(join(root, 'package.json')).resolve('mocha/bin/mocha.js');
const tests = readdirSync(join(root, 'test', 'flow')).filter((name) => name.endsWith('.test.ts'));
execFileSync(
  node,
  [
    mocha,
    '--config',
    'test/mocharc.json',
    '--reporter',
    'spec',
    ...tests.map((name) => join('test', 'flow', name)),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_RED_RUNTIME: require.resolve('node-red') } },
);
