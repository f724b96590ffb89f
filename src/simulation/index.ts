/** Meters that exist only in memory, behind a real Modbus TCP port. */
export * from './playback';
export * from './server';
export * from './signal-source';
export * from './simulated-meter';
export * from './synthetic';
