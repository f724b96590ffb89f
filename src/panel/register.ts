import { judge } from './judge';

/** A node as the editor knows it, while its panel is open: its settings by name. */
export type PanelNode = Record<string, unknown> & { name?: string; _(key: string): string };

/** A setting of a node: its default, and for a pointer to a config node that node's type. */
export interface Setting {
  value: unknown;
  type?: string;
  required?: boolean;
}

export interface Panel {
  /** Colour in the palette; config nodes have none. */
  color?: string;
  inputs?: 0 | 1;
  /** Keys of the ports' names in the locale file. */
  outputs?: string[];
  settings: Record<string, Setting>;
  credentials?: Record<string, { type: 'text' | 'password' }>;
  /** The reader of these settings at run time; the panel judges by it. */
  read?(settings: object): unknown;
  open?(node: PanelNode): void;
  save?(node: PanelNode): void;
}

// The part of the editor's own RED that is used here.
declare const RED: { nodes: { registerType(type: string, definition: object): void } };
declare const $: (selector: string) => {
  length: number;
  val(value?: unknown): unknown;
  prop(name: 'checked', value?: boolean): unknown;
};

/** The node whose panel is open. */
let edited: PanelNode | undefined;

/** Makes a node known to the editor, looking and behaving like its sisters. */
export function registerNode(type: string, panel: Panel): void {
  const { settings, read, open, save, outputs = [] } = panel;
  const defaults: Record<string, object> = { name: { value: '' } };
  const live = (node: object) => (node === edited ? valuesOf(panel) : {});
  for (const [name, setting] of Object.entries(settings)) {
    defaults[name] = read && !setting.type ? { ...setting, validate: judge(read, name, live) } : setting;
  }
  RED.nodes.registerType(type, {
    category: panel.color ? 'power quality' : 'config',
    color: panel.color,
    defaults,
    credentials: panel.credentials,
    inputs: panel.inputs ?? 0,
    outputs: outputs.length,
    icon: `${type}.svg`,
    paletteLabel: type,
    label(this: PanelNode) {
      return this.name || type;
    },
    labelStyle(this: PanelNode) {
      return this.name ? 'node_label_italic' : '';
    },
    outputLabels(this: PanelNode, port: number) {
      return this._(`${type}.port.${outputs[port]}`);
    },
    oneditprepare(this: PanelNode) {
      showDefaults(this, panel);
      edited = this;
      open?.(this);
    },
    oneditsave(this: PanelNode) {
      edited = undefined;
      save?.(this);
    },
    oneditcancel() {
      edited = undefined;
    },
  });
}

const prefixOf = ({ color }: Panel) => (color ? '#node-input-' : '#node-config-input-');

/** What stands in the fields of the open panel. */
function valuesOf(panel: Panel): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { value, type }] of Object.entries(panel.settings)) {
    const field = $(prefixOf(panel) + name);
    if (type || field.length === 0) continue;
    values[name] = typeof value === 'boolean' ? field.prop('checked') : field.val();
  }
  return values;
}

/** A node that was saved before a setting was there shows what it does without it: the default. */
function showDefaults(node: PanelNode, panel: Panel): void {
  for (const [name, { value, type }] of Object.entries(panel.settings)) {
    if (node[name] !== undefined || type) continue;
    const field = $(prefixOf(panel) + name);
    if (typeof value === 'boolean') field.prop('checked', value);
    else field.val(value);
  }
}
