import { fieldId, type Setting, type Settings } from './settings';

/** A node as the editor knows it, while its panel is open: its settings by name. */
export type PanelNode = Record<string, unknown> & { id: string; name?: string; _(key: string): string };

/**
 * The form of a panel as HTML: a row for each setting. Texts are filled in by {@link fillTexts}, since only an
 * open panel knows its language.
 * @param type of the node
 */
export function formOf(type: string, settings: Settings, isConfig: boolean): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const heading = setting.group ? `<h4 class="pq-heading" data-pq="group.${setting.group}"></h4>` : '';
    return heading + row(type, name, setting, isConfig) + (setting.below ?? '');
  });
  const id = fieldId(isConfig, 'name');
  const name = [
    `<div class="form-row"><label for="${id}"><i class="fa fa-tag"></i> <span data-i18n="node-red:common.label.name"></span></label>`,
    `<input type="text" id="${id}" data-i18n="[placeholder]node-red:common.label.name"></div>`,
  ].join('');
  return `<div class="pq-form">${name}${rows.join('')}</div>`;
}

function row(type: string, name: string, setting: Setting, isConfig: boolean): string {
  const id = fieldId(isConfig, name);
  const label = `<label for="${id}"${setting.table ? ' class="pq-wide"' : ''}><i class="fa fa-${setting.icon ?? 'cog'}"></i> <span data-pq="label.${name}"></span></label>`;
  const message = `<div class="pq-message" id="${id}-message" role="status"></div>`;
  return `<div class="form-row" id="${type}-row-${name}">${label}${control(id, setting)}${message}</div>`;
}

function control(id: string, setting: Setting): string {
  const { value, type, choices, sources, credential, table, offers } = setting;
  const described = `aria-describedby="${id}-message"`;
  const name = id.split('-').pop();
  const unit = ` <span class="pq-unit" data-pq="unit.${name}"></span> <span class="pq-range"></span>`;
  if (table) return `<div id="${id}-table"></div>`;
  if (type) return `<input type="text" id="${id}">`;
  if (choices) {
    const options = choices.map((choice) => `<option value="${choice}" data-pq="option.${choice}"></option>`);
    return `<select id="${id}" ${described}>${options.join('')}</select>`;
  }
  if (typeof value === 'boolean') return `<input type="checkbox" id="${id}" ${described}>${unit}`;
  const placeholder = setting.placeholder
    ? ` placeholder="${setting.placeholder.replaceAll('"', '&quot;')}"`
    : '';
  const list = offers ? ` list="${id}-offers"` : '';
  const kind = credential === 'password' ? 'type="password"' : 'type="text"';
  const isNumber = typeof value === 'number';
  const numeric = isNumber ? ' inputmode="decimal" class="pq-number"' : '';
  const input = `<input ${kind}${numeric} id="${id}"${placeholder}${list} ${described}>`;
  const hidden = sources ? `<input type="hidden" id="${id}Type">` : '';
  const offered = offers ? `<datalist id="${id}-offers"></datalist>` : '';
  return input + hidden + offered + unit;
}

/** Puts the texts of the node's locale file into its form; what the file does not have is left out. */
export function fillTexts(form: ParentNode, type: string, node: PanelNode): void {
  for (const element of form.querySelectorAll<HTMLElement>('[data-pq]')) {
    const key = element.dataset.pq ?? '';
    const text = node._(`${type}.${key}`);
    const missing = text.endsWith(`${type}.${key}`);
    element.textContent = missing && key.startsWith('option.') ? key.slice(7) : missing ? '' : text;
  }
}
