/** The grid of tables in panels: bundled apart, see `resources.ts`. */
import {
  type ColumnDefinition,
  EditModule,
  FilterModule,
  FormatModule,
  InteractionModule,
  KeybindingsModule,
  type Options,
  ResizeColumnsModule,
  SelectRowModule,
  Tabulator,
} from 'tabulator-tables';
import css from 'tabulator-tables/dist/css/tabulator_simple.min.css';
import own from './grid.css';
import type { Row } from './rows';

Tabulator.registerModule([
  EditModule,
  FilterModule,
  FormatModule,
  InteractionModule,
  KeybindingsModule,
  ResizeColumnsModule,
  SelectRowModule,
]);

/** Rows that are seen at once, px: the grid draws those alone, however many there are. */
const HEIGHT = 240;

/** Values offered in a column; with titles, these are listed beside them. */
export type Offers = Record<string, readonly string[] | Readonly<Record<string, string>>>;

export interface GridOptions {
  columns: readonly string[];
  offers: Offers;
  changed(): void;
  selected(count: number): void;
}

export interface Grid {
  set(rows: Row[]): void;
  rows(): Row[];
  add(): Promise<void>;
  removeSelected(): void;
  /** Shows the row with this number, the first being 0, as the one that is wrong; none: nothing is. */
  mark(index?: number, column?: string): void;
  filter(text: string): void;
  destroy(): void;
}

const FIXED = { headerSort: false, resizable: false };

/** Free text, with what is offered where something is. */
function editorOf(offered?: Offers[string]): Pick<ColumnDefinition, 'editor' | 'editorParams'> {
  if (!offered) return { editor: 'input' };
  const common = { autocomplete: true, freetext: true, listOnEmpty: true } as const;
  if (Array.isArray(offered)) return { editor: 'list', editorParams: { ...common, values: [...offered] } };
  const titles = offered as Readonly<Record<string, string>>;
  const itemFormatter = (name: string) => {
    const item = document.createElement('span');
    item.textContent = `${name}: ${titles[name]}`;
    // Tabulator takes an element too; its type says text alone.
    return item as unknown as string;
  };
  return { editor: 'list', editorParams: { ...common, values: Object.keys(titles), itemFormatter } };
}

let hasStyles = false;

/** A grid in an element; ready when its first rows can be seen. */
export async function createGrid(element: HTMLElement, options: GridOptions): Promise<Grid> {
  if (!hasStyles) {
    const style = document.createElement('style');
    style.textContent = css + own;
    document.head.append(style);
    hasStyles = true;
  }
  const { columns, offers, changed, selected } = options;
  const definition: Options = {
    height: HEIGHT,
    data: [],
    layout: 'fitDataStretch',
    selectableRows: true,
    editTriggerEvent: 'click',
    columns: [
      { ...FIXED, title: '', formatter: 'rowSelection', titleFormatter: 'rowSelection', width: 34 },
      { ...FIXED, title: '', formatter: 'rownum', width: 46, hozAlign: 'right', cssClass: 'pq-rownum' },
      ...columns.map((name) => ({
        title: name,
        field: name,
        headerSort: false,
        minWidth: 60,
        ...editorOf(offers[name]),
      })),
    ],
  };
  const table = new Tabulator(element, definition);
  await new Promise<void>((resolve) => table.on('tableBuilt', () => resolve()));
  table.on('cellEdited', changed);
  table.on('rowSelectionChanged', (rows: unknown[]) => selected(rows.length));
  let marked: { element: HTMLElement } | undefined;
  const rows = () =>
    (table.getData() as Row[]).map((row) =>
      Object.fromEntries(
        columns.map((name) => [name, row[name]]).filter(([, value]) => value !== undefined && value !== ''),
      ),
    ) as Row[];
  return {
    set: (given) => void table.setData(given.map((row) => ({ ...row }))),
    rows,
    add: async () => {
      const row = await table.addRow({});
      await row.scrollTo();
      row.getCells()[2]?.edit();
      changed();
    },
    removeSelected: () => {
      table.deleteRow(table.getSelectedRows());
      changed();
    },
    mark: (index, column) => {
      marked?.element.classList.remove('pq-wrong');
      marked = undefined;
      const row = index === undefined ? undefined : table.getRows()[index];
      const cell = column && row ? row.getCell(column) : undefined;
      const found = cell ? cell.getElement() : row?.getElement();
      if (!found) return;
      found.classList.add('pq-wrong');
      marked = { element: found };
    },
    filter: (text) => {
      const wanted = text.trim().toLowerCase();
      if (!wanted) table.clearFilter(true);
      else
        table.setFilter((row: Row) =>
          Object.values(row).some((value) => String(value).toLowerCase().includes(wanted)),
        );
    },
    destroy: () => table.destroy(),
  };
}
