/** Phase identification: which phase each meter is on, by the likeness of voltages. */
export { type ChangesText, changesText } from './changes';
export * from './correlator';
export * from './disk/series-disk';
export { historyDamaged, PhaseHistory } from './history';
export { tablePath } from './import/bounds';
export { ImportThread } from './import/import-thread';
export * from './import/series';
export * from './loading';
export * from './plot';
export * from './result';
export * from './results-json';
export * from './settings';
export * from './steps';
export * from './summary';
export * from './worker-pool';
