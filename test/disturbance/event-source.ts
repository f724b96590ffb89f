// Events that begin and end all the time, through a keeper of a journal; each that is given on is a line of a file.
import { appendFileSync } from 'node:fs';
import { JournalKeeper } from '../../src/disturbance';
import { eventWith } from './journal-events';

const [folder, file, first, more] = process.argv.slice(2);
const keeper = new JournalKeeper(
  folder,
  { journal: true, maxDays: 30, maxBytes: 1e8 },
  'events',
  ({ text }) => console.error(text),
  ({ id, state, flags }) => appendFileSync(file, `${id} ${state} ${flags.join()}\n`),
);

void keeper.endCut(new Set());
let time = Number(first);
const open: number[] = [];
// Without more it only ends what the one before left.
setInterval(() => {
  if (more !== 'more') return;
  for (let i = 0; i < 5; i++) {
    time += 1000;
    open.push(time);
    keeper.addEvent({ ...eventWith(time), state: 'start' });
  }
  // Most end; some stay open for long.
  while (open.length > 20) {
    const [one] = open.splice((time / 1000) % 20, 1);
    keeper.addEvent(eventWith(one));
  }
}, 20);
