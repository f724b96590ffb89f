/** What the panels say of the nodes: their definitions as the editor gets them, without an editor. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { build } from 'esbuild';
import { root } from './demo.mjs';

const SHARED = 'node-red-contrib-power-quality/power-quality-desk';

/** Names of the nodes: each has a folder. */
export const NODES = readdirSync(join(root, 'nodes'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The locale file of a node. */
export function localeOf(node, language = 'en-US') {
  const file = join(root, 'nodes', node, 'locales', language, `${node}.json`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

function lookUp(catalogue, key, values) {
  const text = key.split('.').reduce((found, part) => found?.[part], catalogue);
  if (typeof text !== 'string') return key;
  return text.replace(/__(\w+)__/g, (_, name) => String(values[name] ?? ''));
}

/**
 * Definitions of all nodes, by type, each with `_` that looks up a text of its locale file.
 * @returns `{[type]: definition}`
 */
export async function panelsOf() {
  const shared = localeOf('power-quality-desk');
  const definitions = {};
  for (const node of NODES) {
    if (node === 'power-quality-desk') continue;
    const { outputFiles } = await build({
      entryPoints: [join(root, 'nodes', node, `${node}.editor.ts`)],
      bundle: true,
      format: 'iife',
      target: 'es2020',
      write: false,
      loader: { '.css': 'text' },
    });
    const RED = {
      _: (key, values = {}) =>
        key.startsWith(`${SHARED}:`) ? lookUp(shared, key.slice(SHARED.length + 1), values) : key,
      nodes: {
        registerType: (type, definition) => {
          const own = localeOf(type);
          definitions[type] = { ...definition, _: (key) => lookUp(own, key, {}) };
        },
      },
    };
    const document = { createElement: () => ({ dataset: {} }), body: { append() {} } };
    vm.runInNewContext(outputFiles[0].text, { RED, document, $: () => ({}), URL, console });
  }
  return definitions;
}
