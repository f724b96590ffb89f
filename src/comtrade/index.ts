/** COMTRADE records (IEEE C37.111) read from disk, and turned into waveform frames. */
export * from './config';
export * from './error';
export * from './frames';
export * from './recording';
