/**
 * Builds `dist/`: compiles `src/` and `nodes/`, bundles each panel into one HTML file beside its node,
 * and puts locales and icons where Node-RED looks for them (beside the compiled node).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);

rmSync(dist, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [require.resolve('typescript/bin/tsc'), '-p', join(root, 'scripts/tsconfig.build.json')],
  {
    stdio: 'inherit',
  },
);

for (const node of readdirSync(join(root, 'nodes'))) {
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
  });
  const script = bundle.outputFiles[0].text.replaceAll('</script', '<\\/script');
  const template = readFileSync(join(from, `${node}.html`), 'utf8');
  writeFileSync(join(to, `${node}.html`), `<script type="text/javascript">\n${script}</script>\n${template}`);
  cpSync(join(from, 'locales'), join(to, 'locales'), { recursive: true });
  const icon = join(root, 'icons', `${node}.svg`);
  if (existsSync(icon)) {
    mkdirSync(join(to, 'icons'), { recursive: true });
    cpSync(icon, join(to, 'icons', `${node}.svg`));
  }
}
