/** Phase identification: which phase each meter is on, by the likeness of voltages. */
export * from './correlator';
export * from './disk/series-disk';
export { historyDamaged, PhaseHistory } from './history';
export { tablePath } from './import/bounds';
export { ImportThread } from './import/import-thread';
export * from './import/series';
export * from './loading';
export * from './plot';
export * from './result';
export * from './settings';
export * from './steps';
export * from './summary';
export * from './tables';
export * from './worker-pool';
