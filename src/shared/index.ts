/** Small parts with one purpose that several stages use. */
export * from './growing-pause';
export * from './missing';
export * from './run-time-values';
export * from './sealing';
