import type { PanelNode } from '../../src/panel/form';
import type { OpenForm } from '../../src/panel/register';
import { wordsOr } from '../../src/panel/words';
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

/** Where a file is dropped, below its name. */
export const dropPlace = [
  '<div class="form-row pq-file-view pq-file-upload">',
  '<div id="pq-file-drop" class="pq-file-drop"><i class="fa fa-upload"></i> <span data-pq="view.drop"></span> ',
  '<button type="button" class="red-ui-button red-ui-button-small" id="pq-file-choose" data-pq="view.choose"></button>',
  '<input type="file" id="pq-file-input" accept=".cfg,.dat,.cff,.hdr" multiple hidden></div>',
  '<div id="pq-file-sent" class="pq-file-state" role="status" aria-live="polite"></div></div>',
].join('');

/** Where the view of the file stands in the form. */
export const viewPlace = [
  '<div class="form-row pq-file-view">',
  '<button type="button" class="red-ui-button" id="pq-file-look" data-pq="view.look"></button>',
  '<span id="pq-file-state" class="pq-file-state" role="status" aria-live="polite"></span>',
  '<div id="pq-file-found"></div></div>',
].join('');

/** Shows what is in the file: a file that is dropped is sent to the runtime first, which looks through it. */
export function fileView(node: PanelNode, form: OpenForm): void {
  const text = (key: string, values: Record<string, string | number> = {}) =>
    node._(`pq-file.view.${key}`).replace(/__(\w+)__/g, (_, name) => String(values[name] ?? ''));
  const get = (id: string) => document.getElementById(`pq-file-${id}`) as HTMLElement;
  const [drop, sent, state, place] = [get('drop'), get('sent'), get('state'), get('found')];
  const input = get('input') as HTMLInputElement;
  const say = (where: HTMLElement, words: string, isBad = false) => {
    where.textContent = words;
    where.classList.toggle('pq-bad', isBad);
  };
  let asked = 0;

  /** @param isMended whether the table is what changed: it stays where that cannot be read */
  const look = async (isMended = false) => {
    const own = ++asked;
    const { filename } = form.values();
    if (!filename) {
      place.replaceChildren();
      say(state, text('none'));
      return;
    }
    say(state, text('looking'));
    try {
      const found = (await post('pq-file/inspect', { settings: form.values() })) as Found;
      if (own !== asked) return;
      say(state, '');
      show(found);
    } catch (error) {
      if (own !== asked) return;
      const { channels = [] } = (error as Refused).responseJSON ?? {};
      const table = channels.length ? tableOf(channels) : isMended && place.querySelector('table');
      place.replaceChildren(...(table ? [table] : []));
      // The channels stand in the table: the list of them in the text is for those who have none.
      say(state, channels.length ? reasonOf(error).split('\n')[0] : reasonOf(error), true);
    }
  };

  const take = async (files: readonly File[]) => {
    const main = files.find(({ name }) => /\.(cff|cfg)$/i.test(name));
    if (!main) {
      say(sent, text('noRecord'), true);
      return;
    }
    const stem = main.name.slice(0, -4).toLowerCase();
    if (/\.cfg$/i.test(main.name) && !files.some(({ name }) => name.toLowerCase() === `${stem}.dat`)) {
      say(sent, text('noData', { name: main.name }), true);
      return;
    }
    try {
      for (const file of files) {
        if (file !== main && file.name.slice(0, -4).toLowerCase() !== stem) continue;
        await upload(file, (percent) => say(sent, text('sending', { name: file.name, percent })));
      }
      say(sent, '');
      $('#node-input-filename').val(main.name);
      $('#node-input-channels').val('');
      $('#node-input-filename').trigger('change');
      await look();
      get('look').scrollIntoView({ block: 'start' });
    } catch (error) {
      say(sent, reasonOf(error), true);
    }
  };

  const show = ({ summary, event, plot, looked }: Found) => {
    const { file, format, station, device, start, seconds, frequency, meters, doubts, sections } = summary;
    const head = text('head', {
      format,
      from: [station, device].filter(Boolean).join(', ') || file,
      start: start || '?',
      seconds: Number(seconds.toPrecision(4)),
      frequency: frequency ? frequency.toFixed(2) : '?',
    });
    const parts = sections.length > 1 ? `, ${text('sections', { count: sections.length })}` : '';
    const found = meters.map(({ meter, reason, confidence, nominal }) =>
      paragraph(
        text(reason === 'given' ? 'meterGiven' : 'meter', {
          meter,
          reason,
          percent: Math.round(100 * confidence),
          nominal: nominal ?? '?',
        }),
      ),
    );
    const happened = paragraph(
      event
        ? text('event', {
            type: wordsOr(event.type, `type.${event.type}`),
            phases: event.phases.join(' '),
            extreme: event.extreme.toFixed(3),
            duration: event.duration.toFixed(3),
            time: new Date(event.time).toISOString().replace('T', ' ').replace('Z', ''),
          })
        : looked > 0
          ? text('noEvent', { seconds: looked.toFixed(1) })
          : text('notSearched'),
    );
    happened.className = 'pq-file-event';
    const picture = document.createElement('div');
    picture.className = 'pq-file-plot';
    // Drawn by the runtime of this package, texts escaped there.
    if (plot) picture.innerHTML = plot;
    // The keyboard stays at the channel that it was at.
    const index = (document.activeElement as HTMLElement | null)?.dataset.index;
    place.replaceChildren(
      paragraph(head + parts),
      ...found,
      happened,
      picture,
      ...listOf(doubts),
      tableOf(
        summary.channels,
        meters.map(({ meter }) => meter),
      ),
    );
    if (index) place.querySelector<HTMLElement>(`select[data-index="${index}"]`)?.focus();
  };

  const listOf = (doubts: RecordSummary['doubts']): HTMLElement[] => {
    if (doubts.length === 0) return [];
    const heading = paragraph(text('doubts'));
    heading.className = 'pq-file-heading';
    const list = document.createElement('ul');
    list.className = 'pq-file-doubts';
    list.append(
      ...doubts.map(({ text: doubt }) => {
        const item = document.createElement('li');
        item.textContent = doubt;
        return item;
      }),
    );
    return [heading, list];
  };

  /** All channels of the file, each with what it is taken for: a choice mends it. */
  const tableOf = (channels: readonly ChannelFacts[], meters: readonly string[] = []) => {
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
    for (const channel of channels) {
      const row = body.insertRow();
      const cells = [
        String(channel.index),
        channel.name,
        channel.phase,
        `${figure(channel.rms)} ${channel.unit}`,
        channel.angle === undefined ? '' : `${channel.angle.toFixed(0)}°`,
      ];
      for (const content of cells) row.insertCell().textContent = content;
      const cell = row.insertCell();
      cell.append(choiceOf(channel, meters[0]));
      if (meters.length > 1 && channel.meter) cell.append(` ${channel.meter}`);
    }
    return table;
  };

  const choiceOf = ({ index, name, as, meter }: ChannelFacts, first = '') => {
    const select = document.createElement('select');
    select.setAttribute('aria-label', `${text('as')} ${name}`);
    select.append(new Option('-', ''), ...CHANNEL_NAMES.map((channel) => new Option(channel, channel)));
    select.value = as ?? '';
    select.dataset.index = String(index);
    select.dataset.meter = meter ?? '';
    select.addEventListener('change', (event) => {
      event.stopPropagation();
      // A channel is one at a time, and all that are named are those of one meter.
      for (const other of place.querySelectorAll<HTMLSelectElement>('select')) {
        const isForeign = other.dataset.meter !== '' && other.dataset.meter !== (meter || first);
        if (other !== select && (isForeign || other.value === select.value)) other.value = '';
      }
      const chosen = [...place.querySelectorAll<HTMLSelectElement>('select')].filter(({ value }) => value);
      $('#node-input-channels').val(
        chosen.map(({ value, dataset }) => `${value}=${dataset.index}`).join(', '),
      );
      $('#node-input-channels').trigger('change');
      void look(true);
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
    const files = [...(input.files ?? [])];
    // The same file can be chosen again.
    input.value = '';
    void take(files);
  });
  get('look').addEventListener('click', () => {
    say(sent, '');
    void look();
  });
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

/** What the runtime, or the way to it, says of a request that failed. */
interface Refused {
  responseJSON?: { error?: string; channels?: ChannelFacts[] };
  status?: number;
  message?: string;
}

function reasonOf(error: unknown): string {
  const { responseJSON, status, message } = error as Refused;
  return responseJSON?.error ?? (status ? `HTTP ${status}` : (message ?? String(error)));
}

/** Four figures, all of those before the point. */
function figure(value: number): string {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

function paragraph(content: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = content;
  return element;
}
