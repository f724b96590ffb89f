import { type PqEvent, voltageEvent, WaveformFrame } from '../../src/record';

/** An event at a time, with a capture of so many samples that tell it from others. */
export function eventWith(time: number, samples = 100, meter = 'm1'): PqEvent {
  return voltageEvent({
    meter,
    time,
    type: 'sag',
    state: 'end',
    duration: 0.1,
    cycles: 5,
    reference: 230,
    extreme: 0.5,
    perPhase: { a: { extreme: 0.5, time, duration: 0.1 } },
    flags: [],
    capture: WaveformFrame.from({
      kind: 'waveform',
      meter,
      time: time - 200,
      rate: 3200,
      channels: {
        va: Float32Array.from({ length: samples }, (_, n) => n + (time % 1000)),
        ia: new Float32Array(samples).fill(5),
      },
    }),
  });
}
