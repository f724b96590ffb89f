/** Meters that exist only in memory, behind a real Modbus TCP port. */
export * from './playback';
export * from './server';
export * from './settings';
export * from './signal-source';
export * from './simulated-meter';
export * from './synthetic';
export * from './synthetic-settings';
