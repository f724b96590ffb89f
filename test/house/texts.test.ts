import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const NODES = readdirSync(join(ROOT, 'nodes'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

type Catalogue = { [key: string]: string | Catalogue };

/** All keys of a catalogue, with the fields of their texts. */
function keysOf(catalogue: Catalogue, prefix = ''): string[] {
  return Object.entries(catalogue).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    if (typeof value !== 'string') return keysOf(value, `${path}.`);
    const fields = [...value.matchAll(/__\w+__/g)].map(([field]) => field).sort();
    return [`${path} ${fields.join(' ')}`.trim()];
  });
}

const catalogueOf = (node: string, language: string) =>
  JSON.parse(
    readFileSync(join(ROOT, 'nodes', node, 'locales', language, `${node}.json`), 'utf8'),
  ) as Catalogue;

describe('texts', () => {
  for (const node of NODES) {
    it(`of ${node} are there in English and in German, with the same fields`, () => {
      // Phrases of the engine are English by themselves.
      const keys = (language: string) =>
        keysOf(catalogueOf(node, language))
          .filter((key) => !key.startsWith('phrase.'))
          .sort();
      assert.deepEqual(keys('de'), keys('en-US'));
      if (node === 'power-quality-desk') return;
      for (const language of ['en-US', 'de']) {
        const file = join(ROOT, 'nodes', node, 'locales', language, `${node}.html`);
        assert.ok(existsSync(file), file);
        const help = readFileSync(file, 'utf8');
        assert.match(help, new RegExp(`data-help-name="${node}"`));
        for (const tag of ['p', 'dl', 'dd', 'dt', 'ol', 'li', 'code', 'ul'])
          assert.equal(help.split(`<${tag}`).length, help.split(`</${tag}>`).length, `${file}: <${tag}>`);
      }
    });
  }

  it('of help name the same codes and commands in both languages', () => {
    for (const node of NODES.filter((one) => one !== 'power-quality-desk')) {
      const codes = (language: string) => {
        const help = readFileSync(join(ROOT, 'nodes', node, 'locales', language, `${node}.html`), 'utf8');
        return [...new Set([...help.matchAll(/<code>([^<]*)<\/code>/g)].map(([, code]) => code))].sort();
      };
      assert.deepEqual(codes('de'), codes('en-US'), node);
    }
  });

  it('of the pages for each node are those of panel and help', async function () {
    this.timeout(20_000);
    const { pages } = await import(join(ROOT, 'scripts', 'docs.mjs'));
    for (const [path, text] of Object.entries((await pages()) as Record<string, string>)) {
      assert.equal(readFileSync(join(ROOT, path), 'utf8'), text, `${path}: run npm run docs`);
    }
  });

  it('point only to what is there', () => {
    const pages = [
      'README.md',
      ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join('docs', name)),
    ];
    for (const page of pages) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g))
        assert.ok(existsSync(join(ROOT, page, '..', target)), `${page} points to ${target}`);
      for (const [, test] of text.matchAll(/`((?:test|src|nodes|scripts)\/[\w./-]+)`/g))
        assert.ok(existsSync(join(ROOT, test)), `${page} names ${test}`);
    }
  });
});
