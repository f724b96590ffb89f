/** What the phase map says of meters that only their gaps keep out, and the setting that would keep them. */
import { leftOutByGaps } from '../../record/left-out';
import type { PhaseRun } from '../../record/records';
import { words } from '../words';
import { changeSetting, type Hindrance, hindranceOf, mayWrite, onNodeChange, settingOf } from './editor-node';
import { make } from './page';

/** A line above the phase map; empty while there is nothing to say. */
export interface GapsLine {
  element: HTMLElement;
  /** @param source id of the node that the run is of; nothing for no map */
  show(source?: string, run?: PhaseRun): void;
}

/** Says how many meters gaps keep out of the last run, and offers to mask the gaps. */
export function gapsLine(): GapsLine {
  const text = make('span');
  const keep = make('button', { type: 'button', class: 'red-ui-button red-ui-button-small' });
  keep.append(words('gaps.keep'));
  const said = make('span', { role: 'status' });
  const element = make('div', { class: 'pq-gaps' }, text, keep, said);
  let shown: { source: string; run: PhaseRun } | undefined;

  const draw = () => {
    const many = shown && leftOutByGaps(shown.run);
    element.hidden = !many;
    if (!shown || !many) return;
    text.textContent = words('gaps.left', { n: many.out, all: many.all });
    const { source } = shown;
    const isSet = settingOf(source, 'gaps') === 'mask';
    const isAbsent = hindranceOf(source) === 'missing';
    keep.hidden = !mayWrite() || isSet || isAbsent;
    if (!mayWrite()) say('');
    else if (isSet) say(afterwards(source));
    else say(isAbsent ? words('gaps.missing') : '');
  };
  // What is said again would be read aloud again.
  const say = (what: string) => {
    if (said.textContent !== what) said.textContent = what;
  };
  keep.addEventListener('click', () => {
    if (!shown) return;
    const hindrance: Hindrance | undefined = changeSetting(shown.source, 'gaps', 'mask');
    if (hindrance) say(words(`gaps.${hindrance}`));
  });
  // A change may be undone, or made in the panel of the node.
  onNodeChange((id) => {
    if (id === shown?.source) draw();
  });
  return {
    element,
    show: (source, run) => {
      shown = source !== undefined && run ? { source, run } : undefined;
      draw();
    },
  };
}

/** What is to be done once the setting is changed. */
function afterwards(source: string): string {
  // Without a disk a deploy starts with an empty window.
  const isLost = settingOf(source, 'keep') === false;
  return [words('gaps.set'), isLost ? words('gaps.again') : ''].filter(Boolean).join(' ');
}
