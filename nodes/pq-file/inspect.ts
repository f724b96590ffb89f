import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import { type Folders, openRecord, pathOf, readFileSettings } from '../../src/files';
import { waveformPlot } from '../../src/plots';
import { check, type PqEvent, type RecordSummary } from '../../src/record';

/** Signal that is looked through for the first event, s, and the time that may take, ms. */
const LOOKED_THROUGH = 120;
const MOST_TIME = 5000;

export interface Inspection {
  summary: RecordSummary;
  /** First event by the default thresholds; absent where what was looked through holds no event. */
  event?: Omit<PqEvent, 'capture'>;
  /** Its waveform as SVG. */
  plot?: string;
  /** Seconds that were looked through. */
  looked: number;
}

/**
 * What the panel shows of a file before the flow is deployed.
 * @param given settings of the node as they stand in the panel
 * @throws FieldError for a setting; RecordError where the file cannot be read
 */
export async function inspect(given: unknown, folders: Folders): Promise<Inspection> {
  const settings = readFileSettings(given);
  const path = await pathOf(check.text(settings.filename, 'settings.filename', 4096), folders);
  const file = await openRecord({ path }, { ...settings, nominal: settings.nominal || undefined });
  try {
    let event: PqEvent | undefined;
    const detector = new SagSwellDetector(readDetectorSettings({}), {
      event: (found) => {
        if (found.state === 'end' && (!event || found.time < event.time)) event = found;
      },
      rms() {},
      diagnostic() {},
    });
    const until = performance.now() + MOST_TIME;
    let looked = 0;
    for await (const record of file.records()) {
      if (record.kind !== 'waveform') continue;
      looked = (record.endTime - file.summary.time) / 1000;
      detector.push(record);
      if (event || looked > LOOKED_THROUGH || performance.now() > until) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    detector.finish();
    const { summary } = file;
    if (!event) return { summary, looked };
    const { capture, ...rest } = event;
    const frequency = event.cycles / event.duration || summary.frequency || 50;
    const plot = capture && waveformPlot(capture, { width: 460, height: 200, frequency, zero: event.time });
    return { summary, event: rest, plot, looked };
  } finally {
    await file.close();
  }
}
