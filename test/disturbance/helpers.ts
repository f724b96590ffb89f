import { readDetectorSettings, SagSwellDetector } from '../../src/disturbance';
import {
  type Channel,
  type Diagnostic,
  type PqEvent,
  parseRecord,
  type Rms,
  WaveformFrame,
} from '../../src/record';

export interface Found {
  events: PqEvent[];
  ends: PqEvent[];
  rms: Rms[];
  diagnostics: Diagnostic[];
}

/** A detector whose output is collected; every record that leaves it is checked against its own rules. */
export function collect(settings: object): { detector: SagSwellDetector; found: Found } {
  const found: Found = { events: [], ends: [], rms: [], diagnostics: [] };
  const detector = new SagSwellDetector(readDetectorSettings(settings), {
    event: (event) => {
      parseRecord(event);
      found.events.push(event);
      if (event.state === 'end') found.ends.push(event);
    },
    rms: (rms) => found.rms.push(parseRecord(rms) as Rms),
    diagnostic: (diagnostic) => found.diagnostics.push(parseRecord(diagnostic) as Diagnostic),
  });
  return { detector, found };
}

export function frameOf(
  channels: Partial<Record<Channel, Float32Array>>,
  rate: number,
  time = 0,
  meter = 'm1',
) {
  return WaveformFrame.from({ kind: 'waveform', meter, time, rate, channels });
}

/** All events of one signal, given as frames of so many samples. */
export function detect(settings: object, frame: WaveformFrame, cut: () => number = () => 640): Found {
  const { detector, found } = collect(settings);
  for (let at = 0; at < frame.length; ) {
    const to = Math.min(frame.length, at + Math.max(1, cut()));
    detector.push(frame.slice(at, to));
    at = to;
  }
  detector.finish();
  return found;
}
