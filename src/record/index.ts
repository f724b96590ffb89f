/** What travels on wires: the records, their quantities and units, and the checks they pass. */

export * from './category';
export * as check from './check';
export { FieldError } from './check';
export * from './event';
export * from './finding';
export * from './harmonic-limits';
export * from './left-out';
export * from './packed';
export * from './parse';
export * from './quantities';
export * from './records';
export * from './summary';
export * from './waveform';
