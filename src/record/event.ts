import { categorise } from './category';
import type { EventType, PqEvent } from './records';

/** What is measured of a voltage event, in the units of {@link PqEvent}; the rest of the record follows from it. */
export type EventMeasurement = Pick<
  PqEvent,
  | 'meter'
  | 'time'
  | 'type'
  | 'state'
  | 'duration'
  | 'cycles'
  | 'reference'
  | 'extreme'
  | 'perPhase'
  | 'flags'
  | 'within'
  | 'sagEnergy'
  | 'characteristic'
  | 'pointOnWave'
  | 'phaseJump'
  | 'direction'
  | 'deltaMax'
  | 'deltaSteady'
  | 'capture'
> & {
  /** Type of the sag (Bollen), e.g. `Da`. */
  bollen?: string;
};

/** The record of a voltage event, with its id, phases, depth, categories and severity. */
export function voltageEvent({ within, capture, bollen, ...measured }: EventMeasurement): PqEvent {
  const { meter, type, time, duration, cycles, extreme, perPhase } = measured;
  const { category, flags, severity } = categorise(type, extreme, duration, cycles);
  const event: PqEvent = {
    kind: 'event',
    ...measured,
    id: eventId(meter, type, time),
    phases: Object.keys(perPhase).sort(),
    depth: measured.deltaMax ?? Math.abs(1 - extreme),
    category: bollen ? { ...category, bollen } : category,
    flags: [...measured.flags, ...flags],
  };
  if (severity !== undefined) event.severity = severity;
  if (within !== undefined) event.within = within;
  if (capture) event.capture = capture;
  return event;
}

/**
 * The id of an event, made of what it is: the same input gives the same id, however often it is read.
 * @param time of the start, ms since 1970
 */
export function eventId(meter: string, type: EventType, time: number): string {
  return `${meter}:${type}:${new Date(time).toISOString()}`;
}
