/** How quantities lie in meters' registers: shared by those who read meters and those who play one. */
export * from './codec';
export * from './eig-log';
export * from './event-log';
export * from './numbered-log';
export * from './profile';
export * from './profiles';
export * from './units';
export * from './user-profiles';
export * from './waveform-fifo';
