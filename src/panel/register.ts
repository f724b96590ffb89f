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
  val(value: unknown): void;
  prop(name: 'checked', value: boolean): void;
};

/** Makes a node known to the editor, looking and behaving like its sisters. */
export function registerNode(type: string, panel: Panel): void {
  const { settings, read, open, save, outputs = [] } = panel;
  const defaults: Record<string, object> = { name: { value: '' } };
  for (const [name, setting] of Object.entries(settings)) {
    defaults[name] = read && !setting.type ? { ...setting, validate: judge(read, name) } : setting;
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
      open?.(this);
    },
    oneditsave(this: PanelNode) {
      save?.(this);
    },
  });
}

/** A node that was saved before a setting was there shows what it does without it: the default. */
function showDefaults(node: PanelNode, { color, settings }: Panel): void {
  const prefix = color ? '#node-input-' : '#node-config-input-';
  for (const [name, { value, type }] of Object.entries(settings)) {
    if (node[name] !== undefined || type) continue;
    if (typeof value === 'boolean') $(prefix + name).prop('checked', value);
    else $(prefix + name).val(value);
  }
}
