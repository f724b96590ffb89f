import type { PanelNode } from '../../src/panel/form';
import type { OpenForm } from '../../src/panel/register';
import { CHANNEL_NAMES } from '../../src/record/quantities';
import type { ChannelFacts, RecordSummary } from '../../src/record/summary';

// The parts of the editor's page that are used here.
interface Field {
  val(value?: unknown): unknown;
  trigger(event: string): unknown;
}
declare const $: { (selector: string): Field; ajax(options: object): Promise<unknown> };

interface Found {
  summary: RecordSummary;
  event?: { type: string; phases: string[]; extreme: number; duration: number; time: number };
  plot?: string;
  looked: number;
}

/** Bytes of a file in one request: Node-RED takes 5 MB as JSON. */
const PIECE = 2 << 20;

/** Where the view of the file stands in the form. */
export const viewPlace = [
  '<div class="form-row pq-file-view">',
  '<div id="pq-file-drop" class="pq-file-drop"><i class="fa fa-upload"></i> <span data-pq="view.drop"></span> ',
  '<button type="button" class="red-ui-button red-ui-button-small" id="pq-file-choose" data-pq="view.choose"></button> ',
  '<button type="button" class="red-ui-button red-ui-button-small" id="pq-file-look" data-pq="view.look"></button>',
  '<input type="file" id="pq-file-input" accept=".cfg,.dat,.cff,.hdr" multiple hidden></div>',
  '<div id="pq-file-state" role="status" aria-live="polite"></div>',
  '<div id="pq-file-found"></div></div>',
].join('');

/** Shows what is in the file: a file that is dropped is sent to the runtime first, which looks through it. */
export function fileView(node: PanelNode, form: OpenForm): void {
  const text = (key: string, values: Record<string, string | number> = {}) =>
    node._(`pq-file.view.${key}`).replace(/__(\w+)__/g, (_, name) => String(values[name] ?? ''));
  const get = (id: string) => document.getElementById(`pq-file-${id}`) as HTMLElement;
  const [drop, state, place] = [get('drop'), get('state'), get('found')];
  const input = get('input') as HTMLInputElement;
  const say = (words: string, isBad = false) => {
    state.textContent = words;
    state.classList.toggle('pq-bad', isBad);
  };
  let asked = 0;

  const look = async () => {
    const own = ++asked;
    const { filename } = form.values();
    if (!filename) {
      say(text('none'));
      return;
    }
    say(text('looking'));
    try {
      const found = (await post('pq-file/inspect', { settings: form.values() })) as Found;
      if (own !== asked) return;
      say('');
      show(found);
    } catch (error) {
      if (own !== asked) return;
      place.replaceChildren();
      say(reasonOf(error), true);
    }
  };

  const take = async (files: readonly File[]) => {
    const main = files.find(({ name }) => /\.(cff|cfg)$/i.test(name));
    if (!main) {
      say(text('noRecord'), true);
      return;
    }
    const stem = main.name.slice(0, -4).toLowerCase();
    if (/\.cfg$/i.test(main.name) && !files.some(({ name }) => name.toLowerCase() === `${stem}.dat`)) {
      say(text('noData', { name: main.name }), true);
      return;
    }
    try {
      for (const file of files) {
        if (file !== main && file.name.slice(0, -4).toLowerCase() !== stem) continue;
        await upload(file, (percent) => say(text('sending', { name: file.name, percent })));
      }
      $('#node-input-filename').val(main.name);
      $('#node-input-channels').val('');
      $('#node-input-filename').trigger('change');
      await look();
    } catch (error) {
      say(reasonOf(error), true);
    }
  };

  const show = ({ summary, event, plot, looked }: Found) => {
    const { format, station, device, start, seconds, frequency, meters, doubts, sections } = summary;
    const head = paragraph(
      text('head', {
        format,
        from: [station, device].filter(Boolean).join(', '),
        start: start || '?',
        seconds: Number(seconds.toPrecision(4)),
        frequency: frequency ? frequency.toFixed(2) : '?',
        sections: sections.length,
      }),
    );
    const found = meters.map(({ meter, reason, confidence, nominal }) =>
      paragraph(
        text('meter', { meter, reason, percent: Math.round(100 * confidence), nominal: nominal ?? '?' }),
      ),
    );
    const happened = paragraph(
      event
        ? text('event', {
            type: event.type,
            phases: event.phases.join(' '),
            extreme: event.extreme.toFixed(3),
            duration: event.duration.toFixed(3),
            time: new Date(event.time).toISOString().replace('T', ' ').replace('Z', ''),
          })
        : text('noEvent', { seconds: looked.toFixed(1) }),
    );
    happened.className = 'pq-file-event';
    const picture = document.createElement('div');
    picture.className = 'pq-file-plot';
    // Drawn by the runtime of this package, texts escaped there.
    if (plot) picture.innerHTML = plot;
    const list = document.createElement('ul');
    list.className = 'pq-file-doubts';
    list.append(
      ...doubts.map(({ text: doubt }) => {
        const item = document.createElement('li');
        item.textContent = doubt;
        return item;
      }),
    );
    place.replaceChildren(head, ...found, happened, picture, list, tableOf(summary));
  };

  /** All channels of the file, each with what it is taken for: a choice mends it. */
  const tableOf = ({ channels, meters }: RecordSummary) => {
    const table = document.createElement('table');
    table.className = 'pq-file-channels';
    const header = table.createTHead().insertRow();
    for (const column of ['number', 'name', 'phase', 'rms', 'angle', 'as']) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = text(column);
      header.append(cell);
    }
    const body = table.createTBody();
    const several = meters.length > 1;
    for (const channel of channels) {
      const row = body.insertRow();
      const cells = [
        String(channel.index),
        channel.name,
        channel.phase,
        `${Number(channel.rms.toPrecision(4))} ${channel.unit}`,
        channel.angle === undefined ? '' : `${channel.angle.toFixed(0)}°`,
      ];
      for (const content of cells) row.insertCell().textContent = content;
      const cell = row.insertCell();
      cell.append(choiceOf(channel));
      if (several && channel.meter) cell.append(` ${channel.meter}`);
    }
    return table;
  };

  const choiceOf = ({ index, name, as }: ChannelFacts) => {
    const select = document.createElement('select');
    select.setAttribute('aria-label', `${text('as')} ${name}`);
    select.append(new Option('-', ''), ...CHANNEL_NAMES.map((channel) => new Option(channel, channel)));
    select.value = as ?? '';
    select.dataset.index = String(index);
    select.addEventListener('change', (event) => {
      event.stopPropagation();
      if (select.value) {
        // A channel is one at a time.
        for (const other of place.querySelectorAll<HTMLSelectElement>('select')) {
          if (other !== select && other.value === select.value) other.value = '';
        }
      }
      const chosen = [...place.querySelectorAll<HTMLSelectElement>('select')].filter(({ value }) => value);
      $('#node-input-channels').val(
        chosen.map(({ value, dataset }) => `${value}=${dataset.index}`).join(', '),
      );
      $('#node-input-channels').trigger('change');
      void look();
    });
    return select;
  };

  for (const kind of ['dragover', 'dragenter']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      event.stopPropagation();
      drop.classList.add('pq-over');
    });
  }
  drop.addEventListener('dragleave', () => drop.classList.remove('pq-over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    event.stopPropagation();
    drop.classList.remove('pq-over');
    void take([...((event as DragEvent).dataTransfer?.files ?? [])]);
  });
  get('choose').addEventListener('click', () => input.click());
  input.addEventListener('change', (event) => {
    event.stopPropagation();
    void take([...(input.files ?? [])]);
  });
  get('look').addEventListener('click', () => void look());
  if (node.filename) void look();
}

async function upload(file: File, progress: (percent: number) => void): Promise<void> {
  for (let offset = 0; offset === 0 || offset < file.size; offset += PIECE) {
    progress(Math.round((100 * offset) / Math.max(1, file.size)));
    const piece = file.slice(offset, offset + PIECE);
    await post('pq-file/upload', {
      name: file.name,
      offset,
      data: await base64(piece),
      last: offset + PIECE >= file.size,
    });
  }
}

function base64(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(piece);
  });
}

function post(url: string, body: object): Promise<unknown> {
  return $.ajax({ url, type: 'POST', data: JSON.stringify(body), contentType: 'application/json' });
}

function reasonOf(error: unknown): string {
  const { responseJSON, status, message } = error as {
    responseJSON?: { error?: string };
    status?: number;
    message?: string;
  };
  return responseJSON?.error ?? (status ? `HTTP ${status}` : (message ?? String(error)));
}

function paragraph(content: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = content;
  return element;
}
