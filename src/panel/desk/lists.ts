/** The lists of the sidebar: meters, events, what waits to be sent. */
import type { ListedEvent, MeterState, QueueState } from '../../desk/board';
import { words } from '../words';
import { ask, make, nothing, power, rowOf, tableOf, type View } from './page';

const column = (name: string) => words(`desk.column.${name}`);

/** Meters with their state; those with something to tell first. */
export function metersView(): View {
  const search = make('input', {
    type: 'search',
    placeholder: words('desk.find'),
    'aria-label': words('desk.find'),
  });
  const place = make('div');
  const element = make('div', {}, search, place);
  const refresh = async () => {
    const { count, faults, meters } = await ask<{ count: number; faults: number; meters: MeterState[] }>(
      'meters',
      search.value ? { find: search.value } : {},
    );
    if (count === 0 && !search.value) return place.replaceChildren(nothing('meters'));
    const rows = meters.map(({ meter, values, ...state }) => {
      const voltage = values.va ?? values.vab ?? values.vb ?? values.vc;
      const sign = make('span', { class: `pq-dot pq-${levelOf(state)}`, 'aria-hidden': 'true' });
      const told = make('span', {}, sign, ` ${stateOf(state)}`);
      if (state.fault) told.title = state.fault.text;
      return rowOf([
        meter,
        told,
        voltage === undefined ? '–' : voltage.toFixed(1),
        power(values.p, 'W'),
        values.f === undefined ? '–' : values.f.toFixed(2),
      ]);
    });
    const table = tableOf(
      words('meterCount', { n: count, faults }),
      ['meter', 'state', 'voltage', 'power', 'frequency'].map(column),
      rows,
    );
    const rest = count - meters.length;
    place.replaceChildren(table, ...(rest > 0 ? [words('more', { n: rest })] : []));
  };
  search.addEventListener('input', () => void refresh());
  return { element, sections: ['meters'], refresh };
}

type State = Omit<MeterState, 'meter' | 'values'>;

function levelOf({ fault, open, quality }: State): string {
  if (fault?.severity === 'error') return 'bad';
  return open || fault || (quality !== undefined && quality !== 'good') ? 'warn' : 'good';
}

function stateOf({ fault, open, quality }: State): string {
  if (open) return words('state.open', { type: words(`type.${open}`) });
  if (fault) return fault.code;
  return words(`state.${quality === undefined || quality === 'good' ? 'ok' : quality}`);
}

/** The last events; one can be chosen, and is then told. */
export function eventsView(choose: (event: ListedEvent) => void): View {
  const element = make('div');
  let chosen = '';
  let isOpen = false;
  const refresh = async () => {
    const events = await ask<ListedEvent[]>('events');
    if (events.length === 0) return element.replaceChildren(nothing('events'));
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.id;
    const rows = events.map((event) => {
      const { id, time, meter, type, phases, extreme, duration, state } = event;
      const row = rowOf(
        [
          new Date(time).toLocaleTimeString(),
          meter,
          `${words(`type.${type}`)} ${phases.join(' ')}`,
          type === 'rvc' ? '' : extreme.toFixed(3),
          state === 'start' ? '...' : `${duration.toFixed(3)} s`,
        ],
        { tabindex: '0', 'data-id': id, 'aria-selected': String(id === chosen) },
      );
      row.title = new Date(time).toISOString();
      const pick = () => {
        chosen = id;
        isOpen = state === 'start';
        for (const other of element.querySelectorAll('tr[data-id]'))
          other.setAttribute('aria-selected', String(other === row));
        choose(event);
      };
      row.addEventListener('click', pick);
      row.addEventListener('keydown', (key) => {
        if (key.key === 'Enter' || key.key === ' ') {
          key.preventDefault();
          pick();
        } else if (key.key === 'ArrowDown') (row.nextElementSibling as HTMLElement | null)?.focus();
        else if (key.key === 'ArrowUp') (row.previousElementSibling as HTMLElement | null)?.focus();
      });
      return row;
    });
    element.replaceChildren(
      tableOf(words('desk.events'), ['time', 'meter', 'type', 'extreme', 'duration'].map(column), rows),
    );
    // One that was chosen while it went on is over now: all of it can be shown.
    const over = isOpen && events.find(({ id, state }) => id === chosen && state === 'end');
    if (over) {
      isOpen = false;
      choose(over);
    }
    if (focused) element.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(focused)}"]`)?.focus();
  };
  return { element, sections: ['events'], refresh };
}

/** What waits to be sent. */
export function queueView(): View {
  const element = make('div');
  const refresh = async () => {
    const queues = await ask<QueueState[]>('queues');
    if (queues.length === 0) return element.replaceChildren(nothing('queue'));
    const rows = queues.map(({ name, target, state, queued, age }) => {
      const level = state === 'connected' ? 'good' : state === 'disconnected' ? 'bad' : 'warn';
      const sign = make('span', { class: `pq-dot pq-${level}`, 'aria-hidden': 'true' });
      return rowOf([
        name,
        target,
        make('span', {}, sign, ` ${words(`queueState.${state}`)}`),
        String(queued),
        queued > 0 ? `${Math.round(age)} s` : '',
      ]);
    });
    element.replaceChildren(
      tableOf(
        words('desk.queue'),
        [words('desk.queue'), column('target'), column('state'), column('waiting'), column('age')],
        rows,
      ),
    );
  };
  return { element, sections: ['queues'], refresh };
}
