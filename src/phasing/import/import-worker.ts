import { parentPort, workerData } from 'node:worker_threads';
import { type Imported, importSeries } from './series';

/** Values of a table, or how its reading ended. */
export type ImportAnswer =
  | {
      meters: string[];
      /** Of each value: number of the meter, ms, V. */
      which: Uint32Array;
      times: Float64Array;
      volts: Float64Array;
      part: number;
      result?: undefined;
      error?: undefined;
    }
  | { result: Imported; error?: undefined }
  | { error: string; result?: undefined };

/** Values in one piece. */
const PIECE = 20_000;

async function run(path: string): Promise<void> {
  const port = parentPort;
  if (!port) return;
  let numbers = new Map<string, number>();
  const which = new Uint32Array(PIECE);
  const times = new Float64Array(PIECE);
  const volts = new Float64Array(PIECE);
  let count = 0;
  let part = 0;
  const send = async () => {
    const answer: ImportAnswer = {
      meters: [...numbers.keys()],
      which: which.slice(0, count),
      times: times.slice(0, count),
      volts: volts.slice(0, count),
      part,
    };
    numbers = new Map();
    count = 0;
    // No faster than it is taken.
    const more = new Promise((resolve) => port.once('message', resolve));
    port.postMessage(answer);
    await more;
  };
  const result = await importSeries(
    path,
    (meter, time, value) => {
      let number = numbers.get(meter);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(meter, number);
      }
      which[count] = number;
      times[count] = time;
      volts[count] = value;
      count++;
      return count === PIECE ? send() : undefined;
    },
    (done) => {
      part = done;
    },
  );
  if (count > 0) await send();
  port.postMessage({ result } satisfies ImportAnswer);
}

run((workerData as { path: string }).path).catch((error: Error) =>
  parentPort?.postMessage({ error: error.message } satisfies ImportAnswer),
);
