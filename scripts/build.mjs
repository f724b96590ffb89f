/**
 * Builds `dist/`: compiles `src/` and `nodes/`, bundles each panel into one HTML file beside its node,
 * and puts locales and icons where Node-RED looks for them (beside the compiled node). Builds `resources/`, too:
 * what only open panels and the sidebar need, which Node-RED serves from there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLED } from './bundled.mjs';
import { NODES, panelsOf } from './panels.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const resources = join(root, 'resources');
const require = createRequire(import.meta.url);

for (const folder of [dist, resources]) rmSync(folder, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [require.resolve('typescript/bin/tsc'), '-p', join(root, 'scripts/tsconfig.build.json')],
  {
    stdio: 'inherit',
  },
);

/**
 * What a node is, for programs that read the package without running it: the catalogue of flows and node-red-dev look
 * for a literal definition. It is never run; the editor goes by the panel itself.
 */
function forReaders(type, { category, color, inputs, outputs, icon, defaults, credentials }) {
  const names = (settings) => Object.fromEntries(Object.keys(settings).map((name) => [name, {}]));
  const literal = Object.entries({ category, color, inputs, outputs, icon })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  literal.push(`defaults: ${JSON.stringify(names(defaults)).replaceAll(/"(\w+)":/g, '$1:')}`);
  if (credentials)
    literal.push(`credentials: ${JSON.stringify(names(credentials)).replaceAll(/"(\w+)":/g, '$1:')}`);
  return `<script type="text/javascript">\nif (false) RED.nodes.registerType('${type}', { ${literal.join(', ')} });\n</script>\n`;
}

const definitions = await panelsOf();
cpSync(join(root, 'src/files/recordings'), join(dist, 'src/files/recordings'), { recursive: true });

for (const node of NODES) {
  const from = join(root, 'nodes', node);
  const to = join(dist, 'nodes', node);
  const bundle = await build({
    entryPoints: [join(from, `${node}.editor.ts`)],
    bundle: true,
    format: 'iife',
    target: 'es2020',
    minify: true,
    write: false,
    legalComments: 'none',
    loader: { '.css': 'text' },
  });
  const script = bundle.outputFiles[0].text.replaceAll('</script', '<\\/script');
  const read = definitions[node] ? forReaders(node, definitions[node]) : '';
  writeFileSync(join(to, `${node}.html`), `<script type="text/javascript">\n${script}</script>\n${read}`);
  cpSync(join(from, 'locales'), join(to, 'locales'), { recursive: true });
  const icon = join(root, 'icons', `${node}.svg`);
  if (existsSync(icon)) {
    mkdirSync(join(to, 'icons'), { recursive: true });
    cpSync(icon, join(to, 'icons', `${node}.svg`));
  }
}

await build({
  entryPoints: {
    tables: join(root, 'src/panel/table/grid.ts'),
    desk: join(root, 'src/panel/desk/index.ts'),
  },
  outdir: resources,
  bundle: true,
  format: 'esm',
  target: 'es2020',
  minify: true,
  legalComments: 'none',
  loader: { '.css': 'text' },
});

// The licences of what is bundled ask to go along.
const licences = BUNDLED.map((name) => {
  const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
  return `${name}\n\n${text.trim()}\n`;
});
writeFileSync(join(resources, 'LICENSES.txt'), licences.join('\n---\n\n'));
