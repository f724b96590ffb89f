/** The sidebar tab "Power quality": bundled apart, see `resources.ts`. */
import uplotCss from 'uplot/dist/uPlot.min.css';
import { words } from '../words';
import css from './desk.css';
import { eventsView, metersView, queueView } from './lists';
import { mapView } from './map';
import { make, type View } from './page';
import { harmonicsView, phasorsView } from './powers';
import { waveformView } from './waveform';

/** Of the editor: tells of what the runtime publishes. */
export interface Comms {
  subscribe(topic: string, listener: (topic: string, data: { sections?: string[] }) => void): void;
}

/** Folds that are open at first. */
const OPEN = ['meters', 'events', 'waveform'];

/**
 * Fills the tab.
 * @returns what the editor calls when the tab is shown or has another size
 */
export function mount(place: HTMLElement, comms: Comms): { shown(): void; resized(): void } {
  const style = make('style');
  style.textContent = uplotCss + css;
  document.head.append(style);

  const waveform = waveformView();
  const views: Record<string, View> = {
    meters: metersView(),
    events: eventsView((event) => {
      folds.waveform.details.open = true;
      void waveform.show(event);
    }),
    waveform,
    phasors: phasorsView(),
    harmonics: harmonicsView(),
    map: mapView(),
    queue: queueView(),
  };
  const said = make('div', { class: 'pq-said', role: 'status' });
  const refresh = oneAtATime(async (view) => {
    try {
      await view.refresh();
      said.textContent = '';
    } catch (error) {
      const { status } = error as { status?: number };
      said.textContent = words(status === 401 || status === 403 ? 'refused' : 'offline');
    }
  });
  const isSeen = (name: string) => folds[name].details.open && folds[name].box.offsetParent !== null;
  const folds = Object.fromEntries(
    Object.entries(views).map(([name, view]) => {
      const fold = foldOf(name, view, () => refresh(view));
      fold.details.open = OPEN.includes(name);
      return [name, fold];
    }),
  );
  const shown = () => {
    for (const [name, view] of Object.entries(views)) if (isSeen(name)) void refresh(view);
  };
  comms.subscribe('power-quality/changed', (_topic, { sections = [] }) => {
    for (const [name, view] of Object.entries(views)) {
      if (isSeen(name) && view.sections.some((section) => sections.includes(section))) void refresh(view);
    }
  });
  place.classList.add('pq-desk');
  place.append(said, ...Object.values(folds).map(({ box }) => box));
  shown();
  return {
    shown,
    resized: () => {
      for (const view of Object.values(views)) view.resize?.();
    },
  };
}

/** For each view one call at a time; what is asked meanwhile is one more call, when that is over. */
function oneAtATime(act: (view: View) => Promise<void>): (view: View) => Promise<void> {
  const running = new Map<View, { again: boolean }>();
  return async (view) => {
    const under = running.get(view);
    if (under) {
      under.again = true;
      return;
    }
    const state = { again: true };
    running.set(view, state);
    while (state.again) {
      state.again = false;
      await act(view);
    }
    running.delete(view);
  };
}

/** A part of the tab: its place, and what opens and closes in it. */
interface Fold {
  box: HTMLElement;
  details: HTMLDetailsElement;
}

/** A part of the tab that opens and closes, and can be enlarged over the page. */
function foldOf(name: string, view: View, refresh: () => Promise<void>): Fold {
  const title = words(`desk.${name}`);
  const enlarge = make('button', {
    type: 'button',
    class: 'red-ui-button red-ui-button-small',
    title: words('desk.enlarge'),
    'aria-label': `${words('desk.enlarge')}: ${title}`,
  });
  enlarge.append(make('i', { class: 'fa fa-expand', 'aria-hidden': 'true' }));
  // What is wider than the sidebar is scrolled with the keys.
  for (const [name, value] of [
    ['role', 'region'],
    ['aria-label', title],
    ['tabindex', '0'],
  ])
    view.element.setAttribute(name, value);
  const fold = make('details', {}, make('summary', {}, make('span', {}, title)), view.element);
  const box = make('div', { class: 'pq-fold', 'data-view': name }, fold, enlarge);
  fold.addEventListener('toggle', () => {
    if (!fold.open) return;
    void refresh();
    view.resize?.();
  });
  enlarge.addEventListener('click', (event) => {
    event.preventDefault();
    fold.open = true;
    const close = make('button', { type: 'button', class: 'red-ui-button' }, words('desk.close'));
    const dialog = make('dialog', { class: 'pq-desk pq-large', 'aria-label': title });
    dialog.append(make('div', { class: 'pq-bar' }, make('h3', {}, title), close), view.element);
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      fold.append(view.element);
      dialog.remove();
      view.resize?.();
      enlarge.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    void refresh();
    view.resize?.();
  });
  return { box, details: fold };
}
