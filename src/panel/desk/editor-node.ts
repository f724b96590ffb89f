/** Settings of nodes in the editor, changed from the sidebar as a panel would: to be undone, and to be deployed. */

// The parts of the editor that are used here.
interface EditorNode extends Record<string, unknown> {
  id: string;
  z: string;
  changed?: boolean;
  dirty?: boolean;
}
declare const RED: {
  nodes: { node(id: string): EditorNode | null; dirty(state?: boolean): boolean };
  editor: { getEditStack?(): object[]; validateNode(node: EditorNode): void };
  events: {
    on(event: string, listener: (node: EditorNode) => void): void;
    emit(event: string, node: EditorNode): void;
  };
  history: { push(event: object): void };
  user?: { hasPermission?(permission: string): boolean };
  view: { redraw(): void };
  workspaces: { isLocked?(flow: string): boolean };
};

/** Why a setting cannot be changed here: not in this editor, in a flow that is locked, or its panel is open. */
export type Hindrance = 'missing' | 'locked' | 'open';

/** Whether the user may change flows at all. */
export function mayWrite(): boolean {
  return RED.user?.hasPermission?.('flows.write') ?? true;
}

/** What a setting of a node is in the editor, deployed or not; undefined where the node is not there. */
export function settingOf(id: string, name: string): unknown {
  return RED.nodes.node(id)?.[name];
}

export function hindranceOf(id: string): Hindrance | undefined {
  const node = RED.nodes.node(id);
  if (!node) return 'missing';
  if (RED.workspaces.isLocked?.(node.z)) return 'locked';
  // The panel would put its own value back when it is closed.
  return RED.editor.getEditStack?.().includes(node) ? 'open' : undefined;
}

/**
 * Changes a setting of a node; it counts from the next deploy on.
 * @returns what is in the way, then nothing is changed
 */
export function changeSetting(id: string, name: string, value: unknown): Hindrance | undefined {
  const node = RED.nodes.node(id);
  const hindrance = hindranceOf(id);
  if (!node || hindrance) return hindrance;
  RED.history.push({
    t: 'edit',
    node,
    changes: { [name]: node[name] },
    changed: node.changed,
    dirty: RED.nodes.dirty(),
  });
  node[name] = value;
  node.changed = true;
  node.dirty = true;
  RED.nodes.dirty(true);
  RED.editor.validateNode(node);
  RED.events.emit('nodes:change', node);
  RED.view.redraw();
  return undefined;
}

/** Calls back when a node has changed in the editor, also by undo. */
export function onNodeChange(listener: (id: string) => void): void {
  for (const event of ['nodes:change', 'nodes:add', 'nodes:remove'])
    RED.events.on(event, ({ id }) => listener(id));
}
