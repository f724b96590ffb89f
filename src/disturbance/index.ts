/** Voltage events from waveforms: sags, swells and interruptions of polyphase systems. */
export * from './detector';
export * from './journal';
export * from './settings';
export { readSuspended, type Suspended } from './suspension';
