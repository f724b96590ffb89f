import { FieldError } from '../record/check';
import { type Row, readTable, type Table, writeTable } from './table';

// The parts of the editor that are used here: its own words for import and export.
declare const RED: { _(key: string): string };

/** Problems shown at once; more are counted. */
const SHOWN = 5;
/** Pause in typing after which the text is judged, ms: tables of thousands of rows take a moment. */
const PAUSE = 150;

export interface TableFieldOptions {
  /** In the order in which they are shown. */
  columns: readonly string[];
  /** The reader of the rows at run time, which throws a FieldError such as `rows[3].unit: ...`. */
  read(rows: Row[]): unknown;
  /** Makes rows of the text; CSV where it is left out. */
  parse?(text: string, columns: readonly string[]): Table;
  /** Called when the rows have changed and were judged. */
  changed?(): void;
}

/**
 * A table edited as text: a text area that says, while one types, which line cannot be taken and why, with
 * buttons to read it from a file and to save it as CSV.
 * @param id of the text area; a message appears in `<id>-message`, and is the name of the file
 */
export function tableField(id: string, { columns, read, parse = readTable, changed }: TableFieldOptions) {
  const area = document.getElementById(id) as HTMLTextAreaElement;
  const message = document.getElementById(`${id}-message`) as HTMLElement;
  let pause: number | undefined;

  const judge = (): Table => {
    const table = parse(area.value, columns);
    if (table.problems.length > 0) return table;
    try {
      read(table.rows);
      return table;
    } catch (error) {
      const at = error instanceof FieldError ? /\[(\d+)\](?:\.(.*))?/.exec(error.field) : null;
      const text = error instanceof Error ? error.message.replace(/^[^:]*: /, '') : String(error);
      const where = at ? table.places[Number(at[1])] : 'line 1';
      return { ...table, problems: [{ where, text: at?.[2] ? `${at[2]}: ${text}` : text }] };
    }
  };
  const show = () => {
    const { rows, problems } = judge();
    const lines = problems.slice(0, SHOWN).map(({ where, text }) => `${where}: ${text}`);
    if (problems.length > SHOWN) lines.push(`+ ${problems.length - SHOWN}`);
    message.textContent = lines.length ? lines.join('\n') : `${rows.length} rows`;
    message.style.color = problems.length ? 'var(--red-ui-text-color-error, #c0392b)' : '';
    area.classList.toggle('input-error', problems.length > 0);
    changed?.();
  };
  const showSoon = () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(show, PAUSE);
  };
  const button = (label: string, icon: string, act: () => void) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = 'red-ui-button red-ui-button-small';
    made.style.marginRight = '6px';
    made.innerHTML = `<i class="fa ${icon}"></i> `;
    made.append(RED._(label));
    made.addEventListener('click', act);
    return made;
  };

  const file = document.createElement('input');
  file.type = 'file';
  file.accept = '.csv,.tsv,.txt,.json';
  file.style.display = 'none';
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    area.value = await chosen.text();
    file.value = '';
    show();
  });
  const save = () => {
    const url = URL.createObjectURL(new Blob([writeTable(judge().rows, columns)], { type: 'text/csv' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${id.replace(/^node-(config-)?input-|Text$/g, '')}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  };
  const bar = document.createElement('div');
  bar.style.margin = '4px 0';
  bar.append(
    button('menu.label.import', 'fa-upload', () => file.click()),
    button('menu.label.export', 'fa-download', save),
    file,
  );

  return {
    /** Puts rows into the text area. */
    fill(rows: readonly object[]): void {
      area.value = writeTable(rows, columns);
      area.after(bar);
      area.addEventListener('input', showSoon);
      show();
    },
    /** Judges the text anew: what it is judged by has changed. */
    judge: show,
    /** The rows as they stand; the ones with problems too, so that nothing typed is thrown away. */
    rows: (): Row[] => judge().rows,
  };
}
