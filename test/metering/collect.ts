import type { PollerOutput } from '../../src/metering';
import {
  type Diagnostic,
  type PqEvent,
  parseRecord,
  type Reading,
  type WaveformFrame,
} from '../../src/record';
import { readProfiles } from '../../src/registers';

/** Three voltages at 220, 230 and 240: registers of the gateway (gateway.ts) hold their own address. */
export const PLAIN = readProfiles(
  ['va', 'vb', 'vc'].map((quantity, i) => ({
    profile: 'plain',
    quantity,
    address: 220 + 10 * i,
    type: 'uint16',
  })),
);

export interface Collected {
  readings: Reading[];
  frames: WaveformFrame[];
  events: PqEvent[];
  diagnostics: Diagnostic[];
}

/**
 * Keeps all that a poller gives; every record is checked against its own rules.
 * @param isNews diagnostics that are kept
 */
export function collect(isNews: (diagnostic: Diagnostic) => boolean = () => true): {
  got: Collected;
  output: PollerOutput;
} {
  const got: Collected = { readings: [], frames: [], events: [], diagnostics: [] };
  const output: PollerOutput = {
    reading: (reading) => got.readings.push(parseRecord(reading) as Reading),
    waveform: (frame) => got.frames.push(frame),
    event: (event) => got.events.push(parseRecord(event) as PqEvent),
    diagnostic: (diagnostic) => {
      if (isNews(diagnostic)) got.diagnostics.push(parseRecord(diagnostic) as Diagnostic);
    },
  };
  return { got, output };
}

/** The clocks of simulated meters are those that a test moves: that they are wrong is no news there. */
export const butClocks = ({ code }: Diagnostic): boolean => !code.startsWith('CLOCK');
