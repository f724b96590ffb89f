/** Files of recorders behind one door: what is in them, and their records with the file's own time. */
export { type ChannelMap, channelMapText, readChannelMap } from './channel-map';
export * from './error';
export * from './folders';
export * from './open';
export { RecordFile } from './record-file';
export * from './recordings';
export * from './settings';
export type { RecordSource } from './source';
export * from './uploads';
export * from './watcher';
