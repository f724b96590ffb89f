/**
 * `npm run docs`: a page for each node, docs/nodes/<node>.md, made of what its panel and its help say, and the table of
 * codes and evidence in docs/meters.md, made of the profiles, so that there is one place for each sentence. A house test
 * holds the pages against it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './demo.mjs';
import { panelsOf } from './panels.mjs';

/** Nodes in the order of the pipeline. */
const ORDER = [
  'modbus-link',
  'meter-fleet',
  'meter-poll',
  'pq-file',
  'sag-swell-detector',
  'var-calculator',
  'phase-correlator',
  'pq-report',
  'scada-endpoint',
  'scada-publish',
  'meter-simulator',
];

/** Pages by path. */
export async function pages() {
  const definitions = await panelsOf();
  return {
    ...Object.fromEntries(ORDER.map((type) => [`docs/nodes/${type}.md`, pageOf(type, definitions[type])])),
    'docs/meters.md': await metersPage(),
  };
}

/** docs/meters.md with its table of codes and evidence generated. */
async function metersPage() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'registers', 'profiles', 'index.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  const { PROFILES } = await import(`data:text/javascript;base64,${code}`);
  const [begin, end] = [
    '<!-- codes: made by npm run docs of src/registers/profiles -->',
    '<!-- end of codes -->',
  ];
  const page = readFileSync(join(root, 'docs', 'meters.md'), 'utf8');
  const [before, rest] = page.split(begin);
  const table = Object.values(PROFILES).map(codesOf).join('\n');
  const head = '| profile | registers from | in place of a value | at the meter |\n|---|---|---|---|';
  return `${before}${begin}\n\n${head}\n${table}\n\n${end}${rest.split(end)[1]}`;
}

function codesOf({ name, source, evidence, codes, setup, quantities }) {
  const stated = (statement) => `${statement.text} (*${statement.evidence}*: ${statement.source})`;
  const differing = Object.entries(quantities).filter(([, line]) => line.source);
  const registers = [{ names: [], source, evidence }];
  for (const [quantity, line] of differing) {
    const known = registers.find((one) => one.source === line.source);
    if (known) known.names.push(quantity);
    else registers.push({ names: [quantity], source: line.source, evidence: line.evidence });
  }
  const cells = [
    `\`${name}\``,
    registers
      .map((one) => [one.names.join(', '), `*${one.evidence}*`, one.source].filter(Boolean).join(': '))
      .join('; '),
    stated(codes),
    setup ? stated(setup) : '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function pageOf(type, definition) {
  const help = readFileSync(join(root, 'nodes', type, 'locales', 'en-US', `${type}.html`), 'utf8')
    .replace(/<\/?script[^>]*>/g, '')
    .replace(/<h3>/g, '\n<h2>')
    .replace(/<\/h3>/g, '</h2>\n')
    .trim();
  const picture = join('docs', 'pictures', `panel-${type}.png`);
  const image = existsSync(join(root, picture))
    ? `![The panel of ${type}](../pictures/panel-${type}.png)\n\n`
    : '';
  const rows = Object.entries(definition.defaults)
    .filter(([name]) => name !== 'name' && !name.endsWith('Type'))
    .map(([name, setting]) => rowOf(type, name, setting, definition));
  const credentials = Object.keys(definition.credentials ?? {}).map(
    (name) =>
      `| \`${name}\` | ${definition._(`${type}.label.${name}`)} | | credential: never in the flow file |`,
  );
  return [
    `# ${type}\n\n<!-- Made by npm run docs of the panel and the help: change those. -->\n`,
    `${image}${help}\n`,
    '## Settings\n',
    '| setting | in the panel | default | takes |\n|---|---|---|---|',
    [...rows, ...credentials].join('\n'),
    '',
  ].join('\n');
}

function rowOf(type, name, { value, type: points, validate }, definition) {
  const text = (key) => {
    const found = definition._(`${type}.${key}`);
    return found.endsWith(key) ? '' : found;
  };
  const sources = definition.defaults[`${name}Type`] ? ', also from flow, global, environment' : '';
  const unit = text(`unit.${name}`);
  const takes = points ? `a ${points}` : expected(definition, value, validate);
  const shown = Array.isArray(value) ? 'a table' : value === '' ? '' : `\`${value}\``;
  const cells = [
    `\`${name}\``,
    text(`label.${name}`),
    shown,
    [takes + sources, unit].filter(Boolean).join('; '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** What the validator of a setting asks for: found by giving it what no setting can be. */
function expected(definition, value, validate) {
  if (Array.isArray(value)) return 'rows, edited in a grid or read from CSV';
  if (typeof value === 'boolean') return 'yes or no';
  const others = Object.fromEntries(
    Object.entries(definition.defaults).map(([key, one]) => [key, one.value]),
  );
  const told = validate?.call(others, '\u0000', {});
  const found = typeof told === 'string' ? /expected (.*), got/.exec(told)?.[1] : undefined;
  return found ?? 'text';
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(join(root, 'docs', 'nodes'), { recursive: true });
  for (const [path, text] of Object.entries(await pages())) writeFileSync(join(root, path), text);
}
