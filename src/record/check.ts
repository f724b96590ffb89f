/**
 * Checks that every value from outside passes: records on wires, settings of nodes, rows of tables.
 * Each takes the value and the name of its field, and returns the value in its type or throws a
 * {@link FieldError} that names the field, what was expected and what was found.
 */

/** What a check asks for, for those who say it in another language or show it beside a field. */
export interface Rule {
  what: 'number' | 'finite number' | 'whole number' | 'text' | 'choice' | 'object' | 'array' | 'boolean';
  range?: Range;
  /** Longest text, most entries. */
  max?: number;
  choices?: readonly (string | number)[];
}

/** A value from outside that is not what it must be; `field` is its path, e.g. `payload.values.va`. */
export class FieldError extends Error {
  override name = 'FieldError';
  constructor(
    readonly field: string,
    readonly expected: string,
    readonly found: unknown,
    /** Absent where only `expected` says it. */
    readonly rule?: Rule,
  ) {
    super(`${field}: expected ${expected}, got ${show(found)}`);
  }

  /** As people read it in the debug sidebar: the message says what it is by itself. */
  override toString(): string {
    return this.message;
  }
}

export interface Range {
  /** Smallest value taken. */
  min?: number;
  /** Largest value taken. */
  max?: number;
  /** Value must be larger than this. */
  above?: number;
  /** Unit, for the message. */
  unit?: string;
}

/** A finite number inside `range`. */
export function number(value: unknown, field: string, range: Range = {}): number {
  if (
    typeof value !== 'number' ||
    !Number.isFinite(value) ||
    (range.min !== undefined && value < range.min) ||
    (range.max !== undefined && value > range.max) ||
    (range.above !== undefined && value <= range.above)
  ) {
    throw new FieldError(field, `a finite number${describeRange(range)}`, value, {
      what: 'finite number',
      range,
    });
  }
  return value;
}

/** A whole number inside `range`. */
export function integer(value: unknown, field: string, range: Range = {}): number {
  if (!Number.isInteger(value)) {
    const rule = { what: 'whole number', range } as const;
    throw new FieldError(field, `a whole number${describeRange(range)}`, value, rule);
  }
  return number(value, field, range);
}

/**
 * A number as a panel saves it: a number, or text that is one. An empty or absent value gives `fallback`.
 */
export function setting(value: unknown, field: string, fallback: number, range: Range = {}): number {
  if (value === undefined || value === null || value === '') return fallback;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) {
    throw new FieldError(field, `a number${describeRange(range)}`, value, { what: 'number', range });
  }
  return number(parsed, field, range);
}

/** Text of 1 to `max` characters. */
export function text(value: unknown, field: string, max = 256): string {
  if (typeof value !== 'string' || value === '' || value.length > max) {
    throw new FieldError(field, `text of 1 to ${max} characters`, value, { what: 'text', max });
  }
  return value;
}

/** One of a fixed set of words. */
export function oneOf<T extends string | number>(value: unknown, field: string, choices: readonly T[]): T {
  if (!choices.includes(value as T)) {
    throw new FieldError(field, `one of ${choices.join(', ')}`, value, { what: 'choice', choices });
  }
  return value as T;
}

/** A plain object (not null, not an array). */
export function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FieldError(field, 'an object', value, { what: 'object' });
  }
  return value as Record<string, unknown>;
}

/** An array of at most `max` entries. */
export function array(value: unknown, field: string, max = 100_000): unknown[] {
  const rule = { what: 'array', max } as const;
  if (!Array.isArray(value)) throw new FieldError(field, 'an array', value, rule);
  if (value.length > max) throw new FieldError(field, `at most ${max} entries`, value.length, rule);
  return value;
}

/** true or false. */
export function boolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw new FieldError(field, 'true or false', value, { what: 'boolean' });
  return value;
}

function describeRange({ min, max, above, unit }: Range): string {
  const parts: string[] = [];
  if (above !== undefined) parts.push(`above ${above}`);
  if (min !== undefined && max !== undefined) parts.push(`from ${min} to ${max}`);
  else if (min !== undefined) parts.push(`not below ${min}`);
  else if (max !== undefined) parts.push(`not above ${max}`);
  return `${unit ? ` (${unit})` : ''}${parts.length ? ` ${parts.join(' and ')}` : ''}`;
}

/** A value made short and safe to print: never more than about 40 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string')
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 37))}…` : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
