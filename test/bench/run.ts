/** `npm run bench`: ours against the reference in one run, since machines differ. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { benchMetering } from './fleet';
import { benchFlexGetter } from './flex-getter';
import { benchLateAnswers } from './late-answers';
import { benchMemory } from './memory';
import { benchRival } from './rival';
import { benchSilentUnits } from './silent-units';
import { benchWaveforms } from './waveforms';
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

const SECTIONS: Record<string, () => unknown> = {
  wire: benchWire,
  engines: () => inPlainNode('engines', 'benchEngines'),
  chain: () => inPlainNode('chain', 'benchChain'),
  'many-meters': () => inPlainNode('many-meters', 'benchManyMeters'),
  files: () => inPlainNode('files', 'benchFiles'),
  phasing: () => inPlainNode('phasing', 'benchPhasing'),
  publishing: () => inPlainNode('publishing', 'benchPublishing'),
  memory: benchMemory,
  metering: benchMetering,
  waveforms: benchWaveforms,
  late: benchLateAnswers,
  silent: benchSilentUnits,
  'flex-getter': benchFlexGetter,
  rival: benchRival,
};

/** All sections, or those that are named: `npm run bench -- files phasing`. */
async function run(names = process.argv.slice(2)): Promise<void> {
  const unknown = names.filter((name) => !(name in SECTIONS));
  if (unknown.length) throw new Error(`no section ${unknown}; there are ${Object.keys(SECTIONS).join(', ')}`);
  for (const name of names.length ? names : Object.keys(SECTIONS)) await SECTIONS[name]();
}

run().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
