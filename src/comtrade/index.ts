/** COMTRADE records (IEEE C37.111): read and turned into waveform frames, and written. */
export * from './config';
export * from './error';
export * from './export-event';
export * from './frames';
export * from './recording';
export * from './write';
