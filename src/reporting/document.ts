/** A report before it is HTML or PDF: what it says, not how it looks. */
export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'verdict'; text: string; passed: boolean | undefined }
  | { kind: 'table'; head: string[]; rows: Cell[][]; caption?: string }
  | { kind: 'facts'; facts: [name: string, value: string][] }
  | { kind: 'figure'; svg: string; caption: string };

/** A cell; `bad` stands out. */
export type Cell = string | { text: string; bad?: boolean; good?: boolean };

export interface Document {
  title: string;
  subtitle: string;
  /** Who issued it, and when. */
  footer: string;
  language: 'en' | 'de';
  blocks: Block[];
}

/** Text and mark of a cell. */
export function cellOf(cell: Cell): { text: string; bad?: boolean; good?: boolean } {
  return typeof cell === 'string' ? { text: cell } : cell;
}
