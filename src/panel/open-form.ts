import type { FieldError } from '../record/check';
import { fillTexts, type PanelNode } from './form';
import { faultAt, isVariable, ruleOf, withoutRunTime } from './judge';
import type { Panel } from './register';
import { fieldId } from './settings';
import { type TableField, tableField } from './table/table-field';
import { rangeOf, reasonOf } from './words';

/** What a panel may ask of its open form. */
export interface OpenForm {
  /** What stands in the fields, also in the tables. */
  values(): Record<string, unknown>;
  /** Credentials that stand in the fields; for a stored password what the editor has in its place. */
  credentials(): Record<string, unknown>;
  /** Called after each change of a field. */
  onChange(listener: () => void): void;
  /** Judges all fields anew. */
  refresh(): void;
}

// The parts of the editor that are used here.
interface TypedField {
  length: number;
  val(value?: unknown): unknown;
  prop(name: 'checked', value?: boolean): unknown;
  typedInput(options: object | 'type' | 'value'): unknown;
  on(events: string, listener: () => void): unknown;
}
declare const $: (selector: string | Element) => TypedField;

/** Settings that the reader takes: the defaults, where it takes them. */
export function soundOf({ settings, sound }: Panel): Record<string, unknown> {
  const defaults = Object.entries(settings).map(([name, { value }]) => [name, value]);
  return { ...Object.fromEntries(defaults), ...sound };
}

/** The form of an open panel. */
export class FormOf implements OpenForm {
  private readonly tables: Record<string, TableField> = {};
  private readonly listeners: (() => void)[] = [];
  private readonly element: HTMLElement;

  constructor(
    private readonly type: string,
    private readonly panel: Panel,
    readonly node: PanelNode,
  ) {
    const nameId = fieldId(this.isConfig, 'name');
    const forms = document.querySelectorAll<HTMLElement>('.pq-form');
    this.element = [...forms].find((form) => form.querySelector(`#${nameId}`)) ?? forms[forms.length - 1];
    fillTexts(this.element, type, node);
    this.showDefaults();
    for (const [name, { sources, table }] of Object.entries(panel.settings)) {
      const id = fieldId(this.isConfig, name);
      if (sources) {
        $(`#${id}`).typedInput({ default: sources[0], types: sources, typeField: `#${id}Type` });
        $(`#${id}`).on('change', () => this.refresh());
        // The editor's own input stands in front of ours, without a label.
        const shown = this.element.querySelectorAll(`#${type}-row-${name} .red-ui-typedInput-input`);
        for (const input of Array.from(shown)) input.setAttribute('aria-label', this.text(`label.${name}`));
      }
      if (table) {
        this.tables[name] = tableField(id, table, this.text(`label.${name}`), (rows) =>
          this.faultOf(name, rows),
        );
        this.tables[name].fill((node[name] as object[] | undefined) ?? []);
      }
    }
    for (const event of ['input', 'change']) this.element.addEventListener(event, () => this.refresh());
  }

  values(): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [name, { value, type, credential, sources, table }] of Object.entries(this.panel.settings)) {
      if (table) values[name] = this.tables[name]?.rows() ?? this.node[name];
      const id = fieldId(this.isConfig, name);
      const field = $(`#${id}`);
      if (credential || table || field.length === 0) continue;
      values[name] = typeof value === 'boolean' ? field.prop('checked') : field.val();
      // "_ADD_" stands for none.
      if (type && values[name] === '_ADD_') values[name] = '';
      if (sources) values[`${name}Type`] = $(`#${id}Type`).val();
    }
    return values;
  }

  credentials(): Record<string, unknown> {
    const names = Object.keys(this.panel.settings).filter((name) => this.panel.settings[name].credential);
    return Object.fromEntries(names.map((name) => [name, $(`#${fieldId(this.isConfig, name)}`).val()]));
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  saveTables(): void {
    for (const [name, table] of Object.entries(this.tables)) this.node[name] = table.rows();
  }

  refresh(): void {
    const { read, settings } = this.panel;
    if (read) {
      const values = this.values();
      const known = withoutRunTime(values);
      const sound = soundOf(this.panel);
      // Tables judge themselves, when their time has come.
      for (const name of Object.keys(this.tables)) known[name] = sound[name];
      for (const [name, { table, type, credential }] of Object.entries(settings)) {
        if (table || type || credential) continue;
        const fault =
          name in known && !isVariable(known[name]) ? faultAt(read, name, known, sound) : undefined;
        this.say(name, fault);
      }
      for (const table of Object.values(this.tables)) table.judgeSoon();
    }
    for (const listener of this.listeners) listener();
  }

  /** What is wrong with the rows of a table among the other settings. */
  private faultOf(name: string, rows: object[]): FieldError | undefined {
    const { read } = this.panel;
    if (!read) return undefined;
    const settings = { ...withoutRunTime(this.values()), [name]: rows };
    return faultAt(read, name, settings, soundOf(this.panel));
  }

  private say(name: string, fault: FieldError | undefined): void {
    const id = fieldId(this.isConfig, name);
    const message = document.getElementById(`${id}-message`);
    if (!message) return;
    message.textContent = fault ? reasonOf(fault) : '';
    const field = document.getElementById(id);
    field?.classList.toggle('input-error', fault !== undefined);
    field?.setAttribute('aria-invalid', String(fault !== undefined));
  }

  private text(key: string): string {
    return this.node._(`${this.type}.${key}`);
  }

  private get isConfig(): boolean {
    return this.panel.color === undefined;
  }

  /** A node that was saved before a setting was there shows what it does without it: the default. */
  private showDefaults(): void {
    for (const [name, { value, type, credential, table, sources }] of Object.entries(this.panel.settings)) {
      const id = fieldId(this.isConfig, name);
      if (sources && this.node[`${name}Type`] === undefined) $(`#${id}Type`).val(sources[0]);
      this.showRange(name);
      if (this.node[name] !== undefined || type || credential || table) continue;
      const field = $(`#${id}`);
      if (typeof value === 'boolean') field.prop('checked', value);
      else field.val(value);
    }
  }

  /** Beside a number: what may stand there. */
  private showRange(name: string): void {
    const { read, settings } = this.panel;
    if (!read || typeof settings[name].value !== 'number' || settings[name].choices) return;
    const rule = ruleOf(read, name, soundOf(this.panel));
    const place = this.element.querySelector(`#${this.type}-row-${name} .pq-range`);
    if (place && rule) place.textContent = rangeOf(rule);
  }
}
