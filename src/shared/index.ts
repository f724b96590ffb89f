/** Small parts with one purpose that several stages use. */
export * from './admission';
export * from './age-clock';
export * from './allowed-path';
export * from './budget';
export * from './cleaner';
export * from './counters';
export * from './disk-space';
export * from './growing-pause';
export * from './level';
export * from './missing';
export * from './patient-opening';
export * from './private-files';
export * from './refusals';
export * from './run-time-values';
export * from './sealing';
export * from './tls-reasons';
