/** The phase map: meters of a transformer as a plot, the changes of the records, and what is known of each meter. */
import { type ClusterPoint, clusters } from '../../plots/clusters';
import type { Assignment, PhaseMap } from '../../record/records';
import { words } from '../words';
import { gapsLine } from './gaps';
import { ask, choice, make, nothing, rowOf, svg, tableOf, type View } from './page';

const column = (name: string) => words(`desk.column.${name}`);
const COLUMNS = ['meter', 'recorded', 'found', 'score', 'grade'];

/** Meters that one list shows: more nobody reads here. */
const MOST = 200;

/** The phase map of one transformer at a time. */
export function mapView(): View {
  const transformer = choice(column('transformer'), () => void refresh());
  const gaps = gapsLine();
  const place = make('div');
  const element = make('div', {}, make('div', { class: 'pq-bar' }, transformer.element), gaps.element, place);
  let isOpen = false;
  const refresh = async () => {
    const maps = await ask<{ source: string; name: string; map: PhaseMap }[]>('maps');
    const options = maps.flatMap(({ source, name, map }) =>
      [...new Set(map.assignments.map((one) => one.transformer))].map(
        (one) => [JSON.stringify([source, one]), maps.length > 1 ? `${name}: ${one}` : one] as const,
      ),
    );
    transformer.element.hidden = options.length === 0;
    if (options.length === 0) {
      gaps.show();
      return place.replaceChildren(nothing('map'));
    }
    transformer.offer(options);
    const [source, chosen] = JSON.parse(transformer.value) as [string, string];
    const map = maps.find((one) => one.source === source)?.map;
    const plot = await ask<{ points: ClusterPoint[] } | null>('plot', { source, transformer: chosen }).catch(
      () => null,
    );
    gaps.show(source, map?.run);
    const mine = map?.assignments.filter((one) => one.transformer === chosen) ?? [];
    const changed = mine.filter(({ agrees }) => agrees === false);
    const others = mine.filter(({ agrees }) => agrees !== false);
    place.replaceChildren(
      ...(plot ? [plotOf(plot.points, chosen)] : []),
      ...(changed.length ? listOf(words('changes'), changed) : [make('div', {}, words('noChanges'))]),
    );
    if (others.length === 0) return;
    const title = words('otherMeters', { n: others.length });
    const more = make('details', { class: 'pq-others' }, make('summary', {}, make('span', {}, title)));
    others.sort((a, b) => weightOf(b) - weightOf(a));
    more.append(make('div', {}, ...listOf(title, others)));
    // It stays open over the next run.
    more.open = isOpen;
    more.addEventListener('toggle', () => {
      isOpen = more.open;
    });
    place.append(more);
  };
  return { element, sections: ['maps'], refresh };
}

function plotOf(points: readonly ClusterPoint[], transformer: string): HTMLElement {
  return svg(
    clusters(points, {
      title: `${words('desk.map')}: ${transformer}`,
      words: { x: words('plot.x'), y: words('plot.y'), differs: words('plot.differs') },
    }),
  );
}

/** Those with something to look at first. */
function weightOf({ decided, betterTransformer, had, grade }: Assignment): number {
  if (betterTransformer !== undefined) return 4;
  if (decided) return 3;
  if (grade === 'excluded') return 2;
  return had === undefined ? 0 : 1;
}

/** Meters with what was found, each with its facts in a line of their own: a sidebar has no room for more columns. */
function listOf(caption: string, assignments: readonly Assignment[]): (Node | string)[] {
  const rows = assignments.slice(0, MOST).flatMap((one) => {
    const { meter, recorded, phase, score, grade } = one;
    const row = rowOf([meter, recorded ?? '–', phase ?? '–', score === null ? '–' : score.toFixed(3), grade]);
    const facts = factsOf(one);
    if (facts.length === 0) return [row];
    row.className = 'pq-above';
    const parts = facts.flatMap((fact, k) => [...(k ? [' · '] : []), make('span', {}, fact)]);
    const cell = make('td', { colspan: String(COLUMNS.length) }, ...parts);
    return [row, make('tr', { class: 'pq-facts' }, cell)];
  });
  const rest = assignments.length - MOST;
  const table = tableOf(caption, COLUMNS.map(column), rows);
  return rest > 0 ? [table, words('more', { n: rest })] : [table];
}

/** What is known of a meter apart from its phase, in a few words each. */
function factsOf({ since, runs, decided, permuted, had, betterTransformer, ...more }: Assignment): string[] {
  const day = (time: number) => new Date(time).toLocaleDateString();
  const facts: string[] = [];
  if (more.grade === 'excluded') facts.push(more.reason);
  if (betterTransformer !== undefined) facts.push(words('fact.better', { name: betterTransformer }));
  if (permuted) facts.push(words('fact.permuted'));
  if (decided) {
    const { verdict, phase, by, time } = decided;
    facts.push(words(`fact.${verdict}`, { phase, by, day: day(time) }));
  }
  if (had !== undefined) facts.push(words('fact.had', { percent: (100 * had).toFixed(0) }));
  if (since !== undefined) {
    facts.push(words(runs === 1 ? 'fact.sinceOne' : 'fact.since', { day: day(since), runs: runs ?? 1 }));
  }
  return facts.filter(Boolean);
}
