import { type PqEvent, voltageEvent, type WaveformFrame } from '../record';
import type { Entry } from './captures';
import { roundTime } from './time';

/** The record of an event as it stands. */
export function eventOf(
  entry: Entry,
  state: 'start' | 'end',
  { meter, rate }: { meter: string; rate: number },
  capture?: WaveformFrame,
): PqEvent {
  const {
    disturbance,
    time,
    period,
    endPeriod = period,
    flags,
    reference,
    within,
    character = {},
    endAngle,
    deltas,
  } = entry;
  const { type, start, end, extreme, parts } = disturbance;
  const { startAngle, ...told } = character;
  const pointOnWave = {
    ...(startAngle !== undefined && { start: startAngle }),
    ...(endAngle !== undefined && { end: endAngle }),
  };
  const energy = parts.reduce((sum, part) => sum + part.energy, 0) / rate;
  const perPhase = parts.map(({ channel, start: from, end: to, extreme: x }) => [
    channel,
    { extreme: x, time: roundTime(time + ((from - start) / rate) * 1000), duration: (to - from) / rate },
  ]);
  return voltageEvent({
    meter,
    time,
    type,
    state,
    duration: (end - start) / rate,
    cycles: (end - start) / endPeriod,
    reference,
    extreme,
    perPhase: Object.fromEntries(perPhase),
    flags: [...flags],
    within,
    ...deltas,
    ...(state === 'end' && {
      ...told,
      ...(Object.keys(pointOnWave).length > 0 && { pointOnWave }),
      ...(type === 'sag' && { sagEnergy: energy }),
    }),
    capture,
  });
}
