/** `npm run bench`: ours against the reference in one run, since machines differ. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { benchMetering } from './fleet';
import { benchFlexGetter } from './flex-getter';
import { benchMemory } from './memory';
import { benchWire } from './wire';

/** The engines run in plain Node, as they are shipped: what compiles tests on the fly slows them by a fifth. */
function benchEngines(): void {
  const outfile = join(__dirname, '..', '..', '.scratch', 'bench', 'engines.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'engines.ts')],
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile,
    footer: { js: 'module.exports.benchEngines();' },
    logLevel: 'warning',
  });
  execFileSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' });
}

async function run(): Promise<void> {
  await benchWire();
  benchEngines();
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
