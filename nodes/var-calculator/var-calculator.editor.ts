import { type PanelNode, registerNode } from '../../src/panel/register';
import { phasorDiagram } from '../../src/plots/phasors';
import type { PhasorView } from '../../src/power/latest';
import {
  CALCULATOR_DEFAULTS as D,
  LIMIT_TABLES,
  LOADS,
  readCalculatorSettings,
} from '../../src/power/settings';

/** How often the diagram is drawn anew, ms. */
const REFRESH = 1000;

// The parts of the editor and its page that are used here.
interface Element {
  text(value: string): Element;
  html(value: string): Element;
  append(child: Element | string): Element;
  empty(): Element;
  val(): string;
  val(value: string): Element;
  toggle(shown: boolean): Element;
  find(selector: string): Element;
  on(event: string, listener: () => void): Element;
  readonly length: number;
}
declare const $: {
  (selector: string): Element;
  getJSON(url: string): Promise<unknown>;
};

interface Latest {
  meters: string[];
  power: PhasorView | null;
}

/** Shows the phasors of a meter for as long as the panel is open. */
function showPhasors(node: PanelNode & { id?: string }): void {
  const choice = $('#var-calculator-meter');
  const isOpen = () => $('#var-calculator-phasors').length > 0;
  let offered = '';

  const look = async () => {
    const meter = encodeURIComponent(choice.val() ?? '');
    const { meters, power } = (await $.getJSON(`var-calculator/${node.id}/latest?meter=${meter}`)) as Latest;
    if (!isOpen()) return;
    offer(meters);
    draw(node, power);
  };
  const offer = (meters: string[]) => {
    if (meters.join('\n') === offered) return;
    offered = meters.join('\n');
    const chosen = choice.val();
    choice.empty();
    for (const name of meters) choice.append($('<option>').text(name).val(name));
    if (meters.includes(chosen)) choice.val(chosen);
  };
  const keepLooking = () => {
    if (!isOpen()) return;
    void look()
      .catch(() => draw(node, null))
      .then(() => setTimeout(keepLooking, REFRESH));
  };
  choice.on('change', () => void look().catch(() => {}));
  keepLooking();
}

function draw(node: PanelNode, power: PhasorView | null): void {
  const text = (key: string) => node._(`var-calculator.phasors.${key}`);
  const isMeasured = power !== null && Object.values(power.phases).some(({ v1 }) => v1);
  $('#var-calculator-phasors').toggle(isMeasured);
  $('#var-calculator-none').toggle(!isMeasured);
  if (!power || !isMeasured) return;
  const { corrected } = power;
  $('#var-calculator-measured').html(phasorDiagram(power.phases));
  $('#var-calculator-mended').toggle(corrected !== undefined);
  $('#var-calculator-corrected').html(corrected ? phasorDiagram(corrected.phases) : '');
  $('#var-calculator-moves').text(corrected ? `${text('mended')}: ${corrected.moves.join('; ')}` : '');
  const rows = $('#var-calculator-values').empty();
  const row = (cells: string[]) => {
    const line = $('<tr>');
    for (const cell of cells) line.append($('<td style="padding: 1px 8px; text-align: right">').text(cell));
    rows.append(line);
  };
  const extra = corrected ? [`P1 ${text('corrected')}`, `Q1 ${text('corrected')}`] : [];
  row(['', 'P', 'Q1', text('angle'), 'cos φ', ...extra]);
  for (const [name, { p, q, angle, dpf }] of Object.entries(power.phases)) {
    const mended = corrected?.phases[name];
    row([
      name,
      watts(p, 'W'),
      watts(q, 'var'),
      angle === undefined ? '–' : `${angle.toFixed(1)}°`,
      dpf === undefined ? '–' : dpf.toFixed(3),
      ...(corrected ? [watts(mended?.p1, 'W'), watts(mended?.q1, 'var')] : []),
    ]);
  }
  const { p, q, dpf } = power.total;
  const total = corrected ? [watts(corrected.total.p1, 'W'), watts(corrected.total.q1, 'var')] : [];
  row(['Σ', watts(p, 'W'), watts(q, 'var'), '', dpf === undefined ? '–' : dpf.toFixed(3), ...total]);
}

function watts(value: number | undefined, unit: string): string {
  if (value === undefined) return '–';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return `${(value / 1e6).toFixed(2)} M${unit}`;
  return magnitude >= 1e3 ? `${(value / 1e3).toFixed(2)} k${unit}` : `${value.toFixed(1)} ${unit}`;
}

const PHASORS = `
  <h4 class="pq-heading" data-pq="group.phasors"></h4>
  <div class="form-row" id="var-calculator-none" data-pq="phasors.none"></div>
  <div id="var-calculator-phasors" style="display: none">
    <div class="form-row">
      <label for="var-calculator-meter"><i class="fa fa-tachometer"></i> <span data-pq="phasors.meter"></span></label>
      <select id="var-calculator-meter"></select>
    </div>
    <div style="display: flex; flex-wrap: wrap">
      <div><div data-pq="phasors.measured"></div><div id="var-calculator-measured"></div></div>
      <div id="var-calculator-mended"><div data-pq="phasors.mendedTitle"></div><div id="var-calculator-corrected"></div></div>
    </div>
    <div id="var-calculator-moves" style="margin: 4px 0"></div>
    <table id="var-calculator-values"></table>
  </div>`;

const SOURCES = ['num', 'env', 'flow', 'global'] as const;

registerNode('var-calculator', {
  color: '#c3b1e1',
  inputs: 1,
  outputs: ['power', 'diagnostics'],
  settings: {
    wiring: { value: D.wiring, icon: 'sitemap', choices: ['3P4W', '3P3W', '1P3W', '1P2W'] },
    frequency: { value: D.frequency, icon: 'signal', choices: ['auto', 50, 60] },
    window: { value: D.window, icon: 'arrows-h', choices: [10, 5] },
    harmonics: { value: D.harmonics, icon: 'bar-chart' },
    detail: { value: D.detail, icon: 'bar-chart' },
    ct: { value: D.ct, icon: 'random', group: 'transformers', sources: SOURCES },
    pt: { value: D.pt, icon: 'random', sources: SOURCES },
    ctAngle: { value: D.ctAngle, icon: 'undo' },
    ptAngle: { value: D.ptAngle, icon: 'undo' },
    rated: { value: D.rated, icon: 'dashboard', sources: SOURCES },
    noLoad: { value: D.noLoad, icon: 'moon-o' },
    doctor: { value: D.doctor, icon: 'stethoscope', group: 'wiring' },
    load: { value: D.load, icon: 'industry', choices: LOADS },
    corrected: { value: D.corrected, icon: 'check-square-o' },
    limits: { value: D.limits, icon: 'balance-scale', group: 'limits', choices: LIMIT_TABLES },
    nominal: { value: D.nominal, icon: 'bolt', sources: SOURCES },
    demand: { value: D.demand, icon: 'dashboard', sources: SOURCES },
    shortCircuit: { value: D.shortCircuit, icon: 'flash', sources: SOURCES },
    targetPf: {
      value: D.targetPf,
      icon: 'bullseye',
      group: 'compensation',
      sources: SOURCES,
      below: PHASORS,
    },
    maxMeters: { value: D.maxMeters, icon: 'users' },
  },
  read: (settings) => readCalculatorSettings(settings),
  open: showPhasors,
});
