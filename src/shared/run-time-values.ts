import { FieldError } from '../record';

/** Where a setting's value comes from: `<name>Type` of the settings. */
const SOURCES = ['num', 'str', 'msg', 'flow', 'global', 'env'] as const;
type Source = (typeof SOURCES)[number];

/** What a source gives for the text in the setting; `message` is there while one is handled. */
export type Evaluate = (text: string, source: Source, message?: object) => unknown;

/**
 * Settings whose values may come at run time: `sag: 'threshold', sagType: 'flow'` takes the threshold from the
 * context of the flow. What a source does not hold is as if it had not been given: the default stands.
 */
export class RunTimeValues {
  private readonly given: Record<string, unknown>;
  private readonly variable: [name: string, text: string, source: Source][] = [];
  private readonly last = new Map<string, unknown>();

  /** @throws FieldError for a source that is none */
  constructor(
    settings: object,
    private readonly evaluate: Evaluate,
  ) {
    this.given = { ...settings };
    for (const [key, value] of Object.entries(settings)) {
      const name = key.slice(0, -4);
      if (!key.endsWith('Type') || !(name in settings) || !value) continue;
      if (!SOURCES.includes(value as Source)) {
        throw new FieldError(`settings.${key}`, `one of ${SOURCES.join(', ')}`, value);
      }
      const source = value as Source;
      if (source === 'num' || source === 'str') continue;
      this.variable.push([name, String(this.given[name] ?? ''), source]);
      delete this.given[name];
    }
  }

  /** The settings as they are now, without a message. */
  settings(): Record<string, unknown> {
    const now: Record<string, unknown> = { ...this.given };
    for (const [name, text, source] of this.variable) {
      if (source === 'msg') continue;
      const value = this.evaluate(text, source);
      this.last.set(name, value);
      if (value !== undefined && value !== '') now[name] = value;
    }
    return now;
  }

  /** What has changed since the last look, with what the message holds; undefined where nothing has. */
  changed(message: object): Record<string, unknown> | undefined {
    let patch: Record<string, unknown> | undefined;
    for (const [name, text, source] of this.variable) {
      if (source === 'env') continue;
      const value = this.evaluate(text, source, message);
      if (value === undefined || value === '' || value === this.last.get(name)) continue;
      patch ??= {};
      patch[name] = value;
    }
    return patch;
  }

  /** Notes that a change was taken; one that was refused is looked at again with the next message. */
  taken(patch: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(patch)) this.last.set(name, value);
  }
}
