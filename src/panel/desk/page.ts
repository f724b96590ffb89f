/** Small parts that all views of the sidebar are made of. */
import { words } from '../words';

// The parts of the editor that are used here.
declare const $: {
  getJSON(url: string): Promise<unknown>;
  ajax(options: object): Promise<unknown> & { getResponseHeader(name: string): string | null };
};

const BASE = 'power-quality/desk/';

/** Asks the runtime; rejects with the answer where it refuses. */
export async function ask<T>(what: string, query: Record<string, string> = {}): Promise<T> {
  const search = new URLSearchParams(query).toString();
  return (await $.getJSON(`${BASE}${what}${search ? `?${search}` : ''}`)) as T;
}

/** What the header of a capture says. */
export interface CaptureHead {
  channels: string[];
  /** Samples per second and channel. */
  rate: number;
  /** Of the first sample, ms since 1970. */
  time: number;
  /** Samples per channel. */
  length: number;
}

/** The capture of an event: one array a channel, views of the answer. */
export async function askCapture(
  id: string,
): Promise<{ head: CaptureHead; channels: Record<string, Float32Array> }> {
  const request = $.ajax({
    url: `${BASE}capture?${new URLSearchParams({ id })}`,
    dataType: 'binary',
    xhrFields: { responseType: 'arraybuffer' },
  });
  const bytes = (await request) as ArrayBuffer;
  const head = JSON.parse(request.getResponseHeader('x-capture') ?? '') as CaptureHead;
  const channels: Record<string, Float32Array> = {};
  head.channels.forEach((name, k) => {
    channels[name] = new Float32Array(bytes, k * head.length * 4, head.length);
  });
  return { head, channels };
}

/** An element with children; texts are texts. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A table with a caption for those who hear it. */
export function tableOf(
  caption: string,
  columns: readonly string[],
  rows: readonly HTMLTableRowElement[],
): HTMLTableElement {
  const head = make('tr', {}, ...columns.map((name) => make('th', { scope: 'col' }, name)));
  const table = make('table', { class: 'pq-table' }, make('caption', {}, caption));
  table.append(make('thead', {}, head), make('tbody', {}, ...rows));
  return table;
}

export function rowOf(cells: readonly (Node | string)[], attributes: Record<string, string> = {}) {
  return make('tr', attributes, ...cells.map((cell) => make('td', {}, cell)));
}

/** A choice that keeps what was chosen while its options change. */
export function choice(label: string, chosen: () => void) {
  const select = make('select', { 'aria-label': label });
  let offered = '';
  select.addEventListener('change', chosen);
  return {
    element: select,
    offer(options: readonly (readonly [value: string, name: string])[]): void {
      const now = JSON.stringify(options);
      if (now === offered) return;
      offered = now;
      const { value } = select;
      select.replaceChildren(...options.map(([key, name]) => make('option', { value: key }, name)));
      if (options.some(([key]) => key === value)) select.value = value;
    },
    get value(): string {
      return select.value;
    },
  };
}

/** SVG text as an element. */
export function svg(text: string): HTMLElement {
  const holder = make('div', { class: 'pq-plot' });
  holder.innerHTML = text;
  return holder;
}

/** What stands where there is nothing to show. */
export function nothing(key: string): HTMLElement {
  return make('div', { class: 'pq-nothing' }, words(`desk.none.${key}`));
}

/** A power, in the unit in which it is short. */
export function power(value: number | undefined, unit: string): string {
  if (value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M${unit}`;
  return size >= 1e3 ? `${(value / 1e3).toFixed(2)} k${unit}` : `${value.toFixed(1)} ${unit}`;
}

/** A view of the sidebar. */
export interface View {
  element: HTMLElement;
  /** Sections of the board that it shows. */
  sections: readonly string[];
  /** Shows what is now. */
  refresh(): Promise<void>;
  /** Its place has another size. */
  resize?(): void;
}
