import type { QuantityName, Rms } from '../../record';
import type { Excursion } from './excursion';

/**
 * The half-cycle RMS values of an excursion as a record: V by quantity, from the first value beyond the watch
 * band to the last. `time` is the end of the first value of all; a phase whose half cycles lie elsewhere has
 * its values up to half a cycle later, and may have one less.
 * @returns undefined where the values are not those of half cycles
 */
export function traceOf(excursion: Excursion): Rms | undefined {
  const { meter, time, phases, frequency, nominal, halfCycles, channels, ends, values, declared } = excursion;
  if (halfCycles !== 1) return undefined;
  const traces: Partial<Record<QuantityName, number[]>> = {};
  for (let k = 0; k < channels.length; k++) {
    const name = `v${phases[channels[k]]}` as QuantityName;
    traces[name] ??= [];
    traces[name].push((declared[k] ?? values[k]) * nominal);
  }
  return {
    kind: 'rms',
    meter,
    time: time + ends[0],
    window: 'half-cycle',
    step: 0.5 / frequency,
    values: traces,
    flagged: true,
  };
}
