import type { FieldError } from '../../record/check';
import { resource } from '../resources';
import { placeOf, reasonOf, words, wordsOr } from '../words';
import { columnsOf } from './column-names';
import type { createGrid, Grid, Offers } from './grid';
import { type Problem, type Row, readTable, type Table, writeTable } from './rows';

/** Problems shown at once; more are counted. */
const SHOWN = 5;
/** Pause after which a table is judged, ms: those of thousands of rows take a moment. */
const PAUSE = 150;

export interface TableOptions {
  /** In the order in which they are shown. */
  columns: readonly string[];
  offers?: Offers;
  /** Makes rows of a text that is imported; CSV where it is left out. */
  parse?(text: string, columns: readonly string[]): Table;
}

export interface TableField {
  /** Puts rows into the table. */
  fill(rows: readonly object[]): void;
  /** Judges the rows anew, soon: what they are judged by has changed. */
  judgeSoon(): void;
  /** The rows as they stand; the ones with problems too, so that nothing typed is thrown away. */
  rows(): Row[];
}

/**
 * A table of a panel: a grid that says which row cannot be taken and why, with buttons to add and remove rows, to
 * read them from a file or from the clipboard, and to save them as CSV.
 * @param id of the setting's field; the grid stands in `<id>-table`, messages in `<id>-message`
 * @param title of the grid, for those who hear it
 * @param faultOf what the reader of the settings says of rows
 */
export function tableField(
  id: string,
  { columns, offers = {}, parse = readTable }: TableOptions,
  title: string,
  faultOf: (rows: Row[]) => FieldError | undefined,
): TableField {
  const place = document.getElementById(`${id}-table`) as HTMLElement;
  const message = document.getElementById(`${id}-message`) as HTMLElement;
  let grid: Grid | undefined;
  let held: Row[] = [];
  let imported: Problem[] = [];
  let pause: number | undefined;

  const rows = () => grid?.rows() ?? held;
  const judge = () => {
    if (!place.isConnected) return;
    const now = rows();
    const fault = imported.length ? undefined : faultOf(now);
    const problems = fault ? [problemOf(fault)] : imported;
    const [, at, column] = /\[(\d+)\](?:\.(.*))?/.exec(fault?.field ?? '') ?? [];
    grid?.mark(at === undefined ? undefined : Number(at), column);
    const lines = problems.slice(0, SHOWN).map(inWords);
    if (problems.length > SHOWN) lines.push(`+ ${problems.length - SHOWN}`);
    message.textContent = lines.length ? lines.join('\n') : words('table.rows', { n: now.length });
    message.classList.toggle('pq-good', lines.length === 0);
    place.classList.toggle('input-error', lines.length > 0);
  };
  const judgeSoon = () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(judge, PAUSE);
  };
  const changed = () => {
    imported = [];
    judgeSoon();
    place.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const take = (text: string, more: Row[] = []) => {
    const table = parse(text, columns);
    held = [...more, ...table.rows];
    grid?.set(held);
    changed();
    imported = table.problems;
  };

  const holder = document.createElement('div');
  holder.className = 'pq-grid';
  holder.setAttribute('role', 'region');
  holder.setAttribute('aria-label', title);
  const bar = toolbar({
    add: () => void grid?.add(),
    remove: () => grid?.removeSelected(),
    import: take,
    export: () => save(`${id.split('-').pop()}.csv`, writeTable(rows(), columns)),
    filter: (text) => grid?.filter(text),
  });
  place.replaceChildren(bar.element, holder);
  place.addEventListener('paste', (event) => {
    // Into a cell that is being edited goes what was meant for it.
    if (event.target instanceof HTMLInputElement) return;
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!text.trim()) return;
    event.preventDefault();
    take(withHeader(text, columns), rows());
  });
  // A cell that is left by a key is gone before the editor's own shortcuts look where the key was pressed.
  holder.addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLInputElement) event.stopPropagation();
  });
  holder.tabIndex = 0;

  void resource<{ createGrid: typeof createGrid }>('tables').then(async ({ createGrid }) => {
    if (!place.isConnected) return;
    grid = await createGrid(holder, { columns, offers, changed, selected: bar.selected });
    grid.set(held);
    place.dataset.ready = 'true';
    judge();
  });

  return {
    fill(given) {
      held = given as Row[];
      grid?.set(held);
      judgeSoon();
    },
    judgeSoon,
    rows,
  };
}

function problemOf(fault: FieldError): Problem {
  const [, at, column] = /\[(\d+)\](?:\.(.*))?/.exec(fault.field) ?? [];
  const reason = reasonOf(fault);
  return {
    where: at === undefined ? '' : `row ${Number(at) + 1}`,
    text: column ? `${column}: ${reason}` : reason,
  };
}

function inWords({ where, text, say }: Problem): string {
  const told = say ? wordsOr(text, `table.${say.key}`, say.values) : text;
  return where ? `${placeOf(where)}: ${told}` : told;
}

/** Text from the clipboard; a header is put before it where it has none. */
function withHeader(text: string, columns: readonly string[]): string {
  const [first] = text.split(/\r?\n/, 1);
  const separator = /[\t;,]/.exec(first)?.[0] ?? ',';
  const names = first.split(separator).map((name) => name.trim());
  // A value may be what somebody calls a column: two of them are a header.
  const known = columnsOf(names, columns).filter((column) => column !== undefined);
  if (known.length > 1 || names.some((name) => columns.includes(name))) return text;
  return `${columns.slice(0, names.length).join(separator)}\n${text}`;
}

interface Acts {
  add(): void;
  remove(): void;
  import(text: string): void;
  export(): void;
  filter(text: string): void;
}

function toolbar(acts: Acts) {
  const file = document.createElement('input');
  file.type = 'file';
  file.accept = '.csv,.tsv,.txt,.json';
  file.style.display = 'none';
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const text = await chosen.text();
    file.value = '';
    acts.import(text);
  });
  const remove = button('remove', 'fa-trash', acts.remove);
  remove.disabled = true;
  const search = document.createElement('input');
  search.type = 'search';
  search.className = 'pq-search';
  search.placeholder = words('table.filter');
  search.setAttribute('aria-label', words('table.filter'));
  search.addEventListener('input', (event) => {
    event.stopPropagation();
    acts.filter(search.value);
  });
  const element = document.createElement('div');
  element.className = 'pq-toolbar';
  element.append(
    button('add', 'fa-plus', acts.add),
    remove,
    button('import', 'fa-upload', () => file.click()),
    button('export', 'fa-download', acts.export),
    search,
    file,
  );
  return {
    element,
    selected: (count: number) => {
      remove.disabled = count === 0;
    },
  };
}

function button(name: string, icon: string, act: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = `red-ui-button red-ui-button-small pq-${name}`;
  const sign = document.createElement('i');
  sign.className = `fa ${icon}`;
  made.append(sign, ` ${words(`table.${name}`)}`);
  made.addEventListener('click', act);
  return made;
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
