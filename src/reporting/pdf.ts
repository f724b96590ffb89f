import { dirname, sep } from 'node:path';
import type { Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces';
import { type Block, type Cell, cellOf, type Document } from './document';

/** Width of what is printed on A4, points. */
const WIDTH = 515;
const GOOD = '#00704f';
const BAD = '#c0392b';

/** What of the library is used; its types are those of the browser. */
interface Pdfmake {
  addFonts?(fonts: object): void;
  setFonts(fonts: object): void;
  setUrlAccessPolicy(policy: (url: string) => boolean): void;
  setLocalAccessPolicy(policy: (path: string) => boolean): void;
  createPdf(definition: TDocumentDefinitions): { getBuffer(): Promise<Buffer> };
}

let library: Promise<Pdfmake> | undefined;

/** The library, loaded when the first report is made: it may fetch nothing, and read its own fonts alone. */
function load(): Promise<Pdfmake> {
  library ??= (async () => {
    const { default: pdfmake } = (await import('pdfmake')) as unknown as { default: Pdfmake };
    const { default: fonts } = (await import('pdfmake/fonts/Roboto.js' as string)) as {
      default: { Roboto: Record<string, string> };
    };
    const folder = dirname(fonts.Roboto.normal) + sep;
    pdfmake.setFonts(fonts);
    pdfmake.setUrlAccessPolicy(() => false);
    pdfmake.setLocalAccessPolicy((path) => path.startsWith(folder));
    return pdfmake;
  })();
  return library;
}

/** A report as PDF, A4, with its plots as vectors. */
export async function toPdf({ title, subtitle, footer, blocks }: Document): Promise<Buffer> {
  const pdfmake = await load();
  const definition: TDocumentDefinitions = {
    info: { title },
    pageSize: 'A4',
    pageMargins: [40, 40, 40, 50],
    defaultStyle: { font: 'Roboto', fontSize: 9.5 },
    content: [
      { text: title, fontSize: 18, bold: true },
      { text: subtitle, color: '#555555', margin: [0, 2, 0, 10] },
      ...blocks.map(blockToPdf),
    ],
    footer: (page, pages) => ({
      columns: [
        { text: footer, width: '*' },
        { text: `${page} / ${pages}`, width: 'auto' },
      ],
      margin: [40, 15, 40, 0],
      fontSize: 8,
      color: '#777777',
    }),
  };
  return Buffer.from(await pdfmake.createPdf(definition).getBuffer());
}

function blockToPdf(block: Block): Content {
  switch (block.kind) {
    case 'heading':
      return { text: block.text, fontSize: 13, bold: true, margin: [0, 14, 0, 4] };
    case 'paragraph':
      return { text: block.text, margin: [0, 2, 0, 4] };
    case 'verdict':
      return {
        text: block.text,
        bold: true,
        fontSize: 11,
        margin: [0, 4, 0, 6],
        ...(block.passed !== undefined && { color: block.passed ? GOOD : BAD }),
      };
    case 'facts':
      return {
        layout: 'noBorders',
        table: { body: block.facts.map(([name, value]) => [{ text: name, color: '#555555' }, value]) },
      };
    case 'figure':
      return {
        stack: [
          { svg: block.svg.replaceAll(/font-family="[^"]*"/g, 'font-family="Roboto"'), fit: [WIDTH, 330] },
          { text: block.caption, fontSize: 8, color: '#555555' },
        ],
        unbreakable: true,
        margin: [0, 6, 0, 6],
      };
    case 'table':
      return {
        layout: 'lightHorizontalLines',
        margin: [0, 2, 0, 6],
        table: {
          headerRows: 1,
          body: [
            block.head.map((name): TableCell => ({ text: name, bold: true })),
            ...block.rows.map((row) => row.map(cellToPdf)),
          ],
        },
      };
  }
}

function cellToPdf(cell: Cell): TableCell {
  const { text, bad, good } = cellOf(cell);
  return { text, ...(bad && { color: BAD, bold: true }), ...(good && { color: GOOD }) };
}
