/** How quantities lie in meters' registers: shared by those who read meters and those who play one. */
export * from './codec';
export * from './profile';
export * from './profiles';
export * from './waveform-fifo';
