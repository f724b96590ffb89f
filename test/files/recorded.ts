import { type OpenOptions, openRecord } from '../../src/files';
import { PowerCalculator, readCalculatorSettings } from '../../src/power';
import {
  type Diagnostic,
  type Power,
  type PqEvent,
  parseRecord,
  type Reading,
  type RecordSummary,
  type WaveformFrame,
} from '../../src/record';
import { collect } from '../disturbance/helpers';

/** What a detector and a calculator make of a file of a recorder. */
export interface Recorded {
  summary: RecordSummary;
  frames: WaveformFrame[];
  readings: Reading[];
  /** Ends of events in the order of their starts. */
  events: PqEvent[];
  powers: Power[];
  diagnostics: Diagnostic[];
}

/** A record opened, and all of it given to a detector and a calculator; every record is checked on its way. */
export async function recorded(
  path: string,
  options: OpenOptions = {},
  settings: object = {},
): Promise<Recorded> {
  const file = await openRecord({ path }, options);
  const { detector, found } = collect(settings);
  const powers: Power[] = [];
  const calculator = new PowerCalculator(readCalculatorSettings({}), {
    power: (power) => powers.push(parseRecord(power) as Power),
    finding() {},
  });
  const frames: WaveformFrame[] = [];
  const readings: Reading[] = [];
  try {
    for await (const record of file.records()) {
      if (record.kind === 'reading') {
        readings.push(parseRecord(record) as Reading);
        continue;
      }
      frames.push(record);
      detector.push(record);
      // Power wants a current beside the voltage.
      if (record.names.some((name) => name[0] === 'i')) calculator.push(record);
    }
  } finally {
    await file.close();
  }
  const events = [...found.ends].sort((a, b) => a.time - b.time);
  return { summary: file.summary, frames, readings, events, powers, diagnostics: found.diagnostics };
}

/** All that a reader gives. */
export async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of given) found.push(one);
  return found;
}

/** Events of one meter, times in seconds from the first sample. */
export function eventsOf({ events, summary }: Recorded, meter = summary.meter) {
  return events
    .filter((event) => event.meter === meter)
    .map((event) => {
      const start = (event.time - summary.time) / 1000;
      return { ...event, start, end: start + event.duration };
    });
}

/** Numbers in the file of the channels of each meter. */
export function channelsOf({ summary }: Recorded) {
  return summary.meters.map(({ channels }) => channels);
}
