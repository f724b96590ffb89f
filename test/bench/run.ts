/** `npm run bench`: ours against the reference in one run, since machines differ. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { benchMetering } from './fleet';
import { benchFlexGetter } from './flex-getter';
import { benchMemory } from './memory';
import { benchWire } from './wire';

/** Runs a benchmark in plain Node, as the package runs: what compiles tests on the fly slows it by a fifth. */
function inPlainNode(file: string, name: string): void {
  const outfile = join(__dirname, '..', '..', '.scratch', 'bench', `${file}.cjs`);
  buildSync({
    entryPoints: [join(__dirname, `${file}.ts`)],
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile,
    footer: { js: `Promise.resolve(module.exports.${name}()).then(() => process.exit(0));` },
    logLevel: 'warning',
  });
  execFileSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' });
}

async function run(): Promise<void> {
  await benchWire();
  inPlainNode('engines', 'benchEngines');
  inPlainNode('chain', 'benchChain');
  inPlainNode('many-meters', 'benchManyMeters');
  inPlainNode('files', 'benchFiles');
  inPlainNode('phasing', 'benchPhasing');
  inPlainNode('publishing', 'benchPublishing');
  benchMemory();
  await benchMetering();
  await benchFlexGetter();
}

run().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
