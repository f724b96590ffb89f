import { FieldError, type Rule } from '../record/check';

type Reader = (settings: object) => unknown;

/**
 * Error of the reader at this setting; undefined where it takes it. A reader tells one fault at a time, so what is
 * wrong elsewhere is put right first.
 * @param sound values that the reader takes
 */
export function faultAt(
  read: Reader,
  name: string,
  settings: object,
  sound: Readonly<Record<string, unknown>> = {},
): FieldError | undefined {
  const tried: Record<string, unknown> = { ...settings };
  const mended = new Set<string>();
  for (;;) {
    try {
      read(tried);
      return undefined;
    } catch (error) {
      if (!(error instanceof FieldError)) return undefined;
      const at = error.field.split(/[.[]/)[1];
      if (at === name) return error;
      if (mended.has(at) || !(at in sound)) return undefined;
      mended.add(at);
      tried[at] = sound[at];
    }
  }
}

/** What the reader asks of a setting: found by giving it what no setting can be. */
export function ruleOf(
  read: Reader,
  name: string,
  sound: Readonly<Record<string, unknown>>,
): Rule | undefined {
  return faultAt(read, name, { ...sound, [name]: '\u0000' })?.rule;
}

/** Whether a value names an environment variable: what that holds is known at run time only. */
export function isVariable(value: unknown): boolean {
  return typeof value === 'string' && /^\$\{[^}]+\}$/.test(value);
}

/**
 * A judge of one field of a panel: the same reader that takes the settings at run time, asked about this
 * field among all the others.
 * @param read throws a FieldError for settings that cannot be taken
 * @param name of the setting
 * @param live the settings as they stand in the open panel of a node, which differ from the saved ones
 * @param say the error in words, with the name of its field
 * @param sound values of all settings that the reader takes
 * @returns a function of the field's value (`this` holds the other settings): true, or what is wrong
 */
export function judge(
  read: Reader,
  name: string,
  live: (node: object) => object = () => ({}),
  say: (error: FieldError) => string = ({ message }) => message.replace(/^settings\./, ''),
  sound: Readonly<Record<string, unknown>> = {},
) {
  // The editor takes a text for a reason only from a judge with two parameters.
  return function (this: object, value: unknown, _options?: object): true | string {
    if (isVariable(value)) return true;
    const settings = withoutRunTime({ ...this, ...live(this), [name]: value });
    const fault = name in settings ? faultAt(read, name, settings, sound) : lacking(name, value);
    return fault ? say(fault) : true;
  };
}

/** What says where a value comes from must say something. */
function lacking(name: string, value: unknown): FieldError | undefined {
  const given = String(value ?? '') !== '';
  return given
    ? undefined
    : new FieldError(`settings.${name}`, 'text', undefined, { what: 'text', max: 256 });
}

/** Settings without those whose values come at run time: `sagType: 'flow'` takes `sag` out. */
export function withoutRunTime(settings: object): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  const all = settings as Record<string, unknown>;
  for (const [name, value] of Object.entries(all)) {
    const type = all[`${name}Type`];
    if (type === undefined || type === '' || type === 'num' || type === 'str') known[name] = value;
  }
  return known;
}
