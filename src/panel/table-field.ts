import { FieldError } from '../record/check';
import { type Problem, type Row, readTable, writeTable } from './table';

/**
 * A table edited as CSV text: a text area that says, while one types, which line cannot be taken and why.
 * @param id of the text area; a message appears in `<id>-message`
 * @param columns in the order in which they are shown
 * @param read the reader of the rows at run time, which throws a FieldError such as `rows[3].unit: ...`
 */
export function tableField(id: string, columns: readonly string[], read: (rows: Row[]) => unknown) {
  const area = document.getElementById(id) as HTMLTextAreaElement;
  const message = document.getElementById(`${id}-message`) as HTMLElement;

  const judge = (): { rows: Row[]; problems: Problem[] } => {
    const { rows, lines, problems } = readTable(area.value, columns);
    if (problems.length === 0) {
      try {
        read(rows);
      } catch (error) {
        const at = error instanceof FieldError ? /\[(\d+)\](?:\.(.*))?/.exec(error.field) : null;
        const text = error instanceof Error ? error.message.replace(/^[^:]*: /, '') : String(error);
        problems.push({ line: at ? lines[Number(at[1])] : 1, text: at?.[2] ? `${at[2]}: ${text}` : text });
      }
    }
    return { rows, problems };
  };
  const show = () => {
    const { rows, problems } = judge();
    message.textContent = problems.length
      ? problems
          .slice(0, 5)
          .map(({ line, text }) => `line ${line}: ${text}`)
          .join('\n')
      : `${rows.length} rows`;
    message.style.color = problems.length ? 'var(--red-ui-text-color-error, #c0392b)' : '';
    area.classList.toggle('input-error', problems.length > 0);
  };

  return {
    /** Puts rows into the text area. */
    fill(rows: readonly object[]): void {
      area.value = writeTable(rows, columns);
      area.addEventListener('input', show);
      show();
    },
    /** The rows as they stand; the ones with problems too, so that nothing typed is thrown away. */
    rows: (): Row[] => judge().rows,
  };
}
