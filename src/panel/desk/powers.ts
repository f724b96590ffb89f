/** Phasors and harmonics of a meter, and the phase map. */
import type { LimitTable, PowerView } from '../../desk/board';
import { type ClusterPoint, clusters } from '../../plots/clusters';
import { harmonicBars } from '../../plots/harmonics';
import { phasorDiagram } from '../../plots/phasors';
import type { PhaseMap } from '../../record/records';
import { words } from '../words';
import { ask, choice, make, nothing, power, rowOf, tableOf, type View } from './page';

interface Latest {
  meters: string[];
  power?: PowerView;
  limits?: LimitTable;
}

const column = (name: string) => words(`desk.column.${name}`);

/** A choice of meter over what `show` makes of its newest power. */
function ofMeter(
  show: (latest: Latest & { power: PowerView }, width: number) => Node[],
  more: Node[] = [],
): View {
  const meter = choice(words('meter'), () => void refresh());
  const place = make('div');
  const bar = make('div', { class: 'pq-bar' }, meter.element, ...more);
  const element = make('div', {}, bar, place);
  const refresh = async () => {
    const latest = await ask<Latest>('power', meter.value ? { meter: meter.value } : {});
    meter.offer(latest.meters.map((name) => [name, name] as const));
    bar.hidden = !latest.power;
    place.replaceChildren(
      ...(latest.power
        ? show({ ...latest, power: latest.power }, Math.min(900, element.clientWidth || 300))
        : [nothing('power')]),
    );
  };
  return { element, sections: ['power'], refresh };
}

/** SVG text as an element. */
export function svg(text: string): HTMLElement {
  const holder = make('div', { class: 'pq-plot' });
  holder.innerHTML = text;
  return holder;
}

export function phasorsView(): View {
  return ofMeter(({ power: { meter, phases, total } }) => {
    const angle = (value?: number) => (value === undefined ? '–' : `${value.toFixed(1)}°`);
    const ratio = (value?: number) => (value === undefined ? '–' : value.toFixed(3));
    const rows = Object.entries(phases).map(([name, phase]) =>
      rowOf([name, power(phase.p, 'W'), power(phase.q, 'var'), angle(phase.angle), ratio(phase.dpf)]),
    );
    rows.push(rowOf(['Σ', power(total.p, 'W'), power(total.q, 'var'), '', ratio(total.dpf)]));
    return [
      svg(phasorDiagram(phases, { title: `${words('desk.phasors')}: ${meter}` })),
      tableOf(`${words('desk.phasors')}: ${meter}`, ['', 'P', 'Q1', words('angle'), 'cos φ'], rows),
    ];
  });
}

export function harmonicsView(): View {
  const quantity = choice(words('channels'), () => void view.refresh());
  quantity.offer([
    ['v', words('voltages')],
    ['i', words('currents')],
  ]);
  const view = ofMeter(
    ({ power: { meter, harmonics }, limits }, width) => {
      const names = Object.keys(harmonics).filter((name) => name.startsWith(quantity.value));
      const isCurrent = quantity.value === 'i';
      const percent = (values: readonly number[]) => {
        const base = isCurrent && limits?.current ? (limits.currentBase ?? values[1]) : values[1];
        return base > 0 ? values.map((value) => (100 * value) / base) : values.map(() => 0);
      };
      const channels = Object.fromEntries(names.map((name) => [name, percent(harmonics[name])]));
      const table = isCurrent ? limits?.current : limits?.voltage;
      return [
        svg(
          harmonicBars(channels, {
            width,
            limits: table,
            title: `${words('desk.harmonics')}: ${meter}`,
            words: { x: words('order'), y: words('ofFundamental'), limit: limits?.table ?? words('limit') },
          }),
        ),
      ];
    },
    [quantity.element],
  );
  return view;
}

export function mapView(): View {
  const transformer = choice(column('transformer'), () => void refresh());
  const place = make('div');
  const element = make('div', {}, make('div', { class: 'pq-bar' }, transformer.element), place);
  const refresh = async () => {
    const maps = await ask<{ source: string; name: string; map: PhaseMap }[]>('maps');
    const options = maps.flatMap(({ source, name, map }) =>
      [...new Set(map.assignments.map((one) => one.transformer))].map(
        (one) => [JSON.stringify([source, one]), maps.length > 1 ? `${name}: ${one}` : one] as const,
      ),
    );
    transformer.element.hidden = options.length === 0;
    if (options.length === 0) return place.replaceChildren(nothing('map'));
    transformer.offer(options);
    const [source, chosen] = JSON.parse(transformer.value) as [string, string];
    const map = maps.find((one) => one.source === source)?.map;
    const plot = await ask<{ points: ClusterPoint[] } | null>('plot', { source, transformer: chosen }).catch(
      () => null,
    );
    const mine = map?.assignments.filter((one) => one.transformer === chosen) ?? [];
    const changed = mine.filter(({ agrees }) => agrees === false);
    const rows = changed.map(({ meter, recorded, phase, score, grade }) =>
      rowOf([meter, recorded ?? '–', phase ?? '–', score === null ? '–' : score.toFixed(3), grade]),
    );
    const changes = rows.length
      ? tableOf(words('changes'), ['meter', 'recorded', 'found', 'score', 'grade'].map(column), rows)
      : make('div', {}, words('noChanges'));
    place.replaceChildren(
      ...(plot ? [svg(clusters(plot.points, { title: `${words('desk.map')}: ${chosen}` }))] : []),
      changes,
    );
  };
  return { element, sections: ['maps'], refresh };
}
