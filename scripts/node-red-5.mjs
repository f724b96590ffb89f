/**
 * Node-RED 5 under Node 22, both from the npm registry in a scratch folder (.scratch/node-red-5), so that nothing on
 * the machine is changed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './demo.mjs';

const scratch = join(root, '.scratch', 'node-red-5');

/**
 * Installs them where they are not there yet.
 * @returns `{node, runtime, version}`: the executable of Node 22, the entry file of Node-RED 5, and its version
 */
export function nodeRed5() {
  if (!existsSync(join(scratch, 'node_modules', 'node-red'))) {
    console.log('installing Node 22 and Node-RED 5 into .scratch/node-red-5 ...');
    mkdirSync(scratch, { recursive: true });
    writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true }));
    const args = ['install', 'node@22', 'node-red@5', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', args, { cwd: scratch, stdio: 'inherit', shell: process.platform === 'win32' });
  }
  const require = createRequire(join(scratch, 'package.json'));
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const { version } = require('node-red/package.json');
  if (!version.startsWith('5.')) throw new Error(`expected Node-RED 5, got ${version}`);
  return {
    node: join(scratch, 'node_modules', 'node', 'bin', name),
    runtime: require.resolve('node-red'),
    version,
  };
}
