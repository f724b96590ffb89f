/** The past of the detector on disk: events with their captures, and what other thresholds could make of it. */
export * from './answers';
export type { Excursion } from './excursion';
export * from './journal';
export * from './keeper';
export * from './queries';
export * from './replay';
export * from './trace';
