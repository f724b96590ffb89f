import { Journal } from '../../src/disturbance';
import { eventWith } from './journal-events';

/** Writes events into the journal of a folder for ever, and says on a line of its own which one is acknowledged. */
async function write(folder: string): Promise<void> {
  const journal = await Journal.open(folder, { maxDays: 30, maxBytes: 1e9 });
  for (let i = 0; ; i++) {
    await Promise.all(
      [0, 1, 2].map(async (k) => {
        const event = eventWith(1e12 + 1000 * (3 * i + k), 400);
        await journal.addEvent(event);
        process.stdout.write(`${event.id}\n`);
      }),
    );
  }
}

void write(process.argv[2]);
