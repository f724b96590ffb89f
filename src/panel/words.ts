import { FieldError, type Rule, show } from '../record/check';

// The part of the editor's own RED that is used here.
declare const RED: { _(key: string, values?: object): string };

/** Where the texts lie that panels and the sidebar share: those of the plugin. */
const NAMESPACE = 'node-red-contrib-power-quality/power-quality-desk';

/** A text in the language of the editor. */
export function words(key: string, values: Record<string, unknown> = {}): string {
  return RED._(`${NAMESPACE}:${key}`, values);
}

/** A text that may be missing; then `fallback`. */
export function wordsOr(fallback: string, key: string, values: Record<string, unknown> = {}): string {
  const text = words(key, values);
  return text.endsWith(key) ? fallback : text;
}

/** What is wrong with a value, without the name of its field: `expected ..., got ...`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof FieldError)) return error instanceof Error ? error.message : String(error);
  const { rule, expected, found } = error;
  return words('expected', {
    expected: rule ? describe(rule) : phrase(expected),
    found: found === undefined ? words('nothing') : show(found),
  });
}

/** The range of a rule in words, e.g. `from 0 to 0.5`; empty where there is none. */
export function rangeOf({ range = {}, max, what }: Rule): string {
  const { above, min, max: most = what === 'text' ? max : undefined } = range;
  if (what === 'text') return '';
  const parts: string[] = [];
  if (above !== undefined) parts.push(words('rule.above', { above }));
  if (min !== undefined && most !== undefined) parts.push(words('rule.from', { min, max: most }));
  else if (min !== undefined) parts.push(words('rule.min', { min }));
  else if (most !== undefined) parts.push(words('rule.max', { max: most }));
  return parts.join(` ${words('rule.and')} `);
}

function describe(rule: Rule): string {
  const { what, range, max, choices } = rule;
  const unit = range?.unit ? ` (${phrase(range.unit)})` : '';
  const text = words(`rule.${what.replace(' ', '-')}`, { max, choices: choices?.join(', ') });
  return `${text}${unit} ${rangeOf(rule)}`.trim();
}

/** A phrase of the engine in the language of the editor, where its catalogue has it. */
function phrase(english: string): string {
  const key = english
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '');
  return wordsOr(english, `phrase.${key}`, { n: /\d+/.exec(english)?.[0] });
}

/** A place in a text or table, e.g. `line 3`, in the language of the editor. */
export function placeOf(where: string): string {
  const [, kind, n] = /^(line|entry|row) (\d+)$/.exec(where) ?? [];
  return kind ? words(`place.${kind}`, { n }) : where;
}
