/** Runs the flow tests on Node-RED 5 under Node 22. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './demo.mjs';
import { nodeRed5 } from './node-red-5.mjs';

execFileSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], { cwd: root, stdio: 'inherit' });

const { node, runtime, version } = nodeRed5();
const under = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
console.log(`flow tests on Node-RED ${version} under Node ${under}`);

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
  { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_RED_RUNTIME: runtime } },
);
