import { type Block, type Cell, cellOf, type Document } from './document';

const STYLE = `
body{font:14px/1.45 Helvetica,Arial,sans-serif;color:#222;max-width:860px;margin:24px auto;padding:0 16px}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:26px 0 6px;border-bottom:1px solid #ccc}
.sub{color:#555;margin:2px 0 14px}.verdict{font-weight:bold;padding:8px 12px;border-left:6px solid #999;background:#f5f5f5}
.verdict.good{border-color:#009e73}.verdict.bad{border-color:#c0392b}
table{border-collapse:collapse;margin:6px 0;font-size:13px}caption{text-align:left;color:#555}
th,td{border:1px solid #ccc;padding:3px 8px;text-align:left}th{background:#f0f0f0}td.bad{color:#c0392b;font-weight:bold}td.good{color:#00704f}
figure{margin:12px 0}figure svg{max-width:100%;height:auto}figcaption{color:#555;font-size:12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:6px 0}dt{color:#555}dd{margin:0}
footer{margin-top:30px;color:#777;font-size:12px;border-top:1px solid #ccc;padding-top:6px}
@media print{body{margin:0}h2{break-after:avoid}figure,table{break-inside:avoid}}`;

/** A report as one HTML page that needs nothing else: styles and pictures are inside, no scripts. */
export function toHtml({ title, subtitle, footer, language, blocks }: Document): string {
  return [
    `<!DOCTYPE html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${safe(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${safe(title)}</h1><div class="sub">${safe(subtitle)}</div>`,
    ...blocks.map(blockToHtml),
    `<footer>${safe(footer)}</footer></body></html>`,
  ].join('\n');
}

function blockToHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${safe(block.text)}</h2>`;
    case 'paragraph':
      return `<p>${safe(block.text)}</p>`;
    case 'verdict':
      return `<p class="verdict ${markOf(block.passed)}">${safe(block.text)}</p>`;
    case 'facts':
      return `<dl>${block.facts.map(([name, value]) => `<dt>${safe(name)}</dt><dd>${safe(value)}</dd>`).join('')}</dl>`;
    case 'figure':
      return `<figure>${block.svg}<figcaption>${safe(block.caption)}</figcaption></figure>`;
    case 'table': {
      const caption = block.caption ? `<caption>${safe(block.caption)}</caption>` : '';
      const head = block.head.map((name) => `<th scope="col">${safe(name)}</th>`).join('');
      const rows = block.rows.map((row) => `<tr>${row.map(cellToHtml).join('')}</tr>`).join('');
      return `<table>${caption}<thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
    }
  }
}

function cellToHtml(cell: Cell): string {
  const { text, bad, good } = cellOf(cell);
  const mark = bad ? ' class="bad"' : good ? ' class="good"' : '';
  return `<td${mark}>${safe(text)}</td>`;
}

function markOf(passed: boolean | undefined): string {
  return passed === undefined ? '' : passed ? 'good' : 'bad';
}

function safe(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
