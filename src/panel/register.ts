import type { FieldError } from '../record/check';
import { formOf, type PanelNode } from './form';
import { judge } from './judge';
import { FormOf, type OpenForm, soundOf } from './open-form';
import type { Settings } from './settings';
import { reasonOf } from './words';

export type { PanelNode } from './form';
export type { OpenForm } from './open-form';

export interface Panel {
  /** Colour in the palette; config nodes have none. */
  color?: string;
  inputs?: 0 | 1;
  /** Keys of the ports' names in the locale file. */
  outputs?: string[];
  settings: Settings;
  /** The reader of these settings at run time; the panel judges by it. */
  read?(settings: object): unknown;
  /** Values that the reader takes, of settings whose defaults it does not. */
  sound?: Record<string, unknown>;
  open?(node: PanelNode, form: OpenForm): void;
  /** What the button beside the node in the workspace does; without it the node has no button. */
  press?(node: PanelNode): void;
}

// The parts of the editor that are used here.
declare const RED: { nodes: { registerType(type: string, definition: object): void } };

/** The form that is open, and whose it is. Config nodes open over other panels: the last one is on top. */
const open: { node: PanelNode; values(): Record<string, unknown> }[] = [];

/** Makes a node known to the editor, looking and behaving like its sisters. */
export function registerNode(type: string, panel: Panel): void {
  const { settings, outputs = [] } = panel;
  const isConfig = panel.color === undefined;
  addTemplate(type, formOf(type, settings, isConfig));
  let form: FormOf | undefined;
  const closed = () => {
    open.pop();
    form = undefined;
  };
  RED.nodes.registerType(type, {
    category: isConfig ? 'config' : 'power quality',
    color: panel.color,
    defaults: defaultsOf(panel),
    credentials: credentialsOf(settings),
    inputs: panel.inputs ?? 0,
    inputLabels(this: PanelNode) {
      return this._(`${type}.port.input`);
    },
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
      form = new FormOf(type, panel, this);
      open.push(form);
      panel.open?.(this, form);
      form.refresh();
    },
    oneditsave(this: PanelNode) {
      form?.saveTables();
      closed();
    },
    oneditcancel: closed,
    ...(panel.press && {
      button: {
        // What is deployed is what acts.
        enabled(this: PanelNode) {
          return !this.changed;
        },
        onclick(this: PanelNode) {
          panel.press?.(this);
        },
      },
    }),
  });
}

/** The editor looks for the form of a node here when it opens its panel. */
function addTemplate(type: string, html: string): void {
  const template = document.createElement('script');
  template.type = 'text/html';
  template.dataset.templateName = type;
  template.textContent = html;
  document.body.append(template);
}

function defaultsOf(panel: Panel): Record<string, object> {
  const { settings, read } = panel;
  const sound = soundOf(panel);
  const defaults: Record<string, object> = { name: { value: '' } };
  const live = (node: object) => open.find((form) => form.node === node)?.values() ?? {};
  const say = (error: FieldError) => `${error.field.replace(/^settings\./, '')}: ${reasonOf(error)}`;
  for (const [name, { value, type, required, credential, sources }] of Object.entries(settings)) {
    if (credential) continue;
    defaults[name] = {
      value,
      ...(type && { type }),
      ...(required !== undefined && { required }),
      ...(read && !type && { validate: judge(read, name, live, say, sound) }),
    };
    if (sources) defaults[`${name}Type`] = { value: sources[0] };
  }
  return defaults;
}

function credentialsOf(settings: Settings): Record<string, { type: string }> | undefined {
  const found = Object.entries(settings).flatMap(([name, { credential }]) =>
    credential ? [[name, { type: credential }]] : [],
  );
  return found.length ? Object.fromEntries(found) : undefined;
}
