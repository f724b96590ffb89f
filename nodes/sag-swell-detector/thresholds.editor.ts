import type { OpenForm, PanelNode } from '../../src/panel/register';
import { reasonOf, words } from '../../src/panel/words';
import { magnitudeDuration, type PlottedEvent, voltageScale } from '../../src/plots/magnitude-duration';

/** Thresholds that can be dragged in the plot, and those that are tried on the past. */
const LINES = ['sag', 'swell', 'interruption'] as const;
const TRIED = [...LINES, 'hysteresis', 'minCycles', 'swellWindow'] as const;
/** Pause in typing after which the past is judged anew, ms. */
const PAUSE = 200;
const WIDTH = 560;
const HEIGHT = 320;
/** Steps of a dragged line, pu. */
const STEP = 0.005;

interface Counts {
  types: Record<string, number>;
  categories: Record<string, number>;
}

interface Answer {
  old: Counts;
  new: Counts;
  exact: boolean;
  doubts: string[];
}

// The parts of the editor's page that are used here.
declare const $: {
  (selector: string): { typedInput(option: 'value', value: string): unknown };
  getJSON(url: string): Promise<unknown>;
  ajax(options: object): Promise<unknown>;
};

/** HTML of the operator's view, below the settings. */
export const THRESHOLD_VIEW = `
  <h4 class="pq-heading" data-pq="plot.title"></h4>
  <div class="pq-thresholds">
    <div class="pq-hint" data-pq="plot.drag"></div>
    <div id="sag-swell-detector-plot"></div>
    <table id="sag-swell-detector-counts" class="pq-counts" aria-live="polite"></table>
    <div id="sag-swell-detector-said" role="status"></div>
  </div>`;

/** Shows the events of the last 30 days over the thresholds, and what other thresholds would have told of them. */
export function showThresholds(node: PanelNode, form: OpenForm): void {
  const text = (key: string) => node._(`sag-swell-detector.plot.${key}`);
  const plot = document.getElementById('sag-swell-detector-plot') as HTMLElement;
  const said = document.getElementById('sag-swell-detector-said') as HTMLElement;
  const table = document.getElementById('sag-swell-detector-counts') as HTMLTableElement;
  let events: PlottedEvent[] = [];
  let pause: number | undefined;
  let asked = '';
  let isAsking = false;
  let dragged: (typeof LINES)[number] | undefined;

  /** Thresholds as they stand in the fields; those that come at run time, or cannot be, are left out. */
  const thresholds = (names: readonly string[]) => {
    const values = form.values();
    const known = names.filter((name) => ['num', '', undefined].includes(values[`${name}Type`] as string));
    return Object.fromEntries(
      known
        .map((name) => [name, Number(values[name])] as const)
        .filter(([name, value]) => values[name] !== '' && Number.isFinite(value)),
    );
  };

  const draw = () => {
    const types = Object.fromEntries(
      ['sag', 'swell', 'interruption', 'undervoltage', 'overvoltage'].map((type) => [
        type,
        words(`type.${type}`),
      ]),
    );
    plot.innerHTML = magnitudeDuration(events, {
      width: WIDTH,
      height: HEIGHT,
      thresholds: thresholds(LINES),
      title: text('caption'),
      words: { x: `${words('desk.column.duration')}, s`, y: 'pu', types },
    });
  };

  const tell = ({ old, new: fresh, exact, doubts }: Answer) => {
    const types = [...new Set([...Object.keys(old.types), ...Object.keys(fresh.types)])].sort();
    const head = [text('type'), text('old'), text('new')];
    const rows = types.map((type) => [
      words(`type.${type}`),
      String(old.types[type] ?? 0),
      String(fresh.types[type] ?? 0),
    ]);
    const sum = (counts: Counts) => String(Object.values(counts.types).reduce((a, b) => a + b, 0));
    table.replaceChildren(rowOf('th', head), ...rows.map((row) => rowOf('td', row)));
    table.append(rowOf('td', ['Σ', sum(old), sum(fresh)]));
    said.textContent = exact ? text('exact') : `${text('doubts')}: ${doubts.join('; ')}`;
  };

  /** Asks what the thresholds would have told; one question at a time, the last one counts. */
  const judge = async () => {
    // What cannot be is told at its field; there is nothing to count.
    if (TRIED.some((name) => document.querySelector(`#node-input-${name}.input-error`))) return;
    const body = JSON.stringify(thresholds(TRIED));
    if (isAsking || body === asked || !plot.isConnected || events.length === 0) return;
    asked = body;
    isAsking = true;
    said.textContent = text('counting');
    try {
      const answer = (await $.ajax({
        url: `sag-swell-detector/${node.id}/replay`,
        type: 'POST',
        data: body,
        contentType: 'application/json',
      })) as Answer;
      tell(answer);
    } catch (error) {
      const { responseJSON } = error as { responseJSON?: { error?: string } };
      said.textContent = `${text('failed')}: ${responseJSON?.error ?? reasonOf(error)}`;
    } finally {
      isAsking = false;
    }
    void judge();
  };

  form.onChange(() => {
    if (!dragged) draw();
    window.clearTimeout(pause);
    pause = window.setTimeout(() => void judge(), PAUSE);
  });

  plot.addEventListener('pointerdown', (event) => {
    const name = (event.target as Element).closest<SVGElement>('.threshold')?.dataset.name;
    dragged = LINES.find((line) => line === name);
    if (dragged) plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', (event) => {
    if (!dragged) return;
    const svg = plot.querySelector('svg')?.getBoundingClientRect();
    if (!svg) return;
    const value = valueAt(((event.clientY - svg.top) * HEIGHT) / svg.height);
    $(`#node-input-${dragged}`).typedInput('value', String(value));
    draw();
  });
  plot.addEventListener('pointerup', () => {
    dragged = undefined;
    form.refresh();
  });

  void ($.getJSON(`sag-swell-detector/${node.id}/past`) as Promise<{ events: PlottedEvent[] }>).then(
    ({ events: past }) => {
      if (!plot.isConnected) return;
      events = past;
      if (past.length === 0) said.textContent = text('none');
      draw();
      void judge();
    },
    () => {
      said.textContent = text('none');
    },
  );
  draw();
}

/** The voltage at a height of the picture, pu, in steps. */
function valueAt(height: number): number {
  const scale = voltageScale(HEIGHT);
  const [low, high] = [scale(scale.from), scale(scale.to)];
  const value = scale.from + ((height - low) / (high - low)) * (scale.to - scale.from);
  return Number((Math.round(Math.min(Math.max(value, 0), scale.to) / STEP) * STEP).toFixed(3));
}

function rowOf(kind: 'th' | 'td', cells: string[]): HTMLTableRowElement {
  const row = document.createElement('tr');
  for (const cell of cells) {
    const made = document.createElement(kind);
    made.textContent = cell;
    row.append(made);
  }
  return row;
}
