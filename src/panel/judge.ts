import { FieldError } from '../record/check';

/**
 * A judge of one field of a panel: the same reader that takes the settings at run time, asked about this
 * field among all the others.
 * @param read throws a FieldError for settings that cannot be taken
 * @param name of the setting
 * @param live the settings as they stand in the open panel of a node, which differ from the saved ones
 * @returns a function of the field's value (`this` holds the other settings): true, or what is wrong
 */
export function judge(
  read: (settings: object) => unknown,
  name: string,
  live: (node: object) => object = () => ({}),
) {
  // The editor takes a text for a reason only from a judge with two parameters.
  return function (this: object, value: unknown, _options?: object): true | string {
    // What an environment variable holds is known at run time only.
    if (typeof value === 'string' && /^\$\{[^}]+\}$/.test(value)) return true;
    try {
      read({ ...this, ...live(this), [name]: value });
      return true;
    } catch (error) {
      const own = error instanceof FieldError && error.field.split(/[.[]/)[1] === name;
      return own ? error.message.replace(/^settings\./, '') : true;
    }
  };
}
