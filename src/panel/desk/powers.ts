/** Phasors and harmonics of a meter. */
import type { LimitTable, PowerView } from '../../desk/board';
import { harmonicBars } from '../../plots/harmonics';
import { phasorDiagram } from '../../plots/phasors';
import { words } from '../words';
import { ask, choice, make, nothing, power, rowOf, svg, tableOf, type View } from './page';

interface Latest {
  meters: string[];
  power?: PowerView;
  limits?: LimitTable;
}

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
