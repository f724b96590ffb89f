/**
 * `npm run soak:day [hours]`: 24 hours of simulated signal at 6,400 samples per second, three phases, with
 * 500 known events through the detector in Node-RED. Goal: 500 events, none missed or invented, memory flat.
 */
import { runDay } from '../flow/known-day';
import { table } from './report';

const hours = Number(process.argv[2] ?? 24);
const events = Math.round((500 * hours) / 24);

runDay({ hours, events, rate: 6400 }, (hour) => console.log(`${hour.toFixed(1)} h`)).then(
  ({ known, found, wrong, held, errors, seconds }) => {
    table(
      `${hours} hours with ${known} known events through the node`,
      ['', ''],
      [
        ['found', String(found)],
        ['missed, invented or wrong', String(wrong.length)],
        ['errors', String(errors)],
        ['MB by tenth', held.map((mb) => mb.toFixed(1)).join(' ')],
        ['took, s', seconds.toFixed(0)],
      ],
    );
    for (const line of wrong.slice(0, 20)) console.log(line);
    process.exit(wrong.length || errors ? 1 : 0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
