import type { TableOptions } from './table/table-field';

/** Where a value may come from: given in the panel, or at run time. */
export type Source = 'num' | 'str' | 'msg' | 'flow' | 'global' | 'env';

/** A setting of a node: its default, and how it is shown. A number, a text or a tick by its default. */
export interface Setting {
  value?: unknown;
  /** Icon of Font Awesome 4, without `fa-`. */
  icon?: string;
  /** Key of the heading that stands above it. */
  group?: string;
  /** One of these; named by `option.<value>` in the locale file where that is there. */
  choices?: readonly (string | number)[];
  /** Where the value may come from; `<name>Type` then says from where it does. */
  sources?: readonly Source[];
  /** Type of the config node that it points to. */
  type?: string;
  required?: boolean;
  /** Kept as a credential. */
  credential?: 'text' | 'password';
  placeholder?: string;
  /** Values offered while one types. */
  offers?: boolean;
  /** HTML that stands below it. */
  below?: string;
  /** Rows edited in a grid. */
  table?: TableOptions;
}

export type Settings = Record<string, Setting>;

/** Id of the field of a setting, as the editor knows it. */
export function fieldId(isConfig: boolean, name: string): string {
  return `node-${isConfig ? 'config-' : ''}input-${name}`;
}
