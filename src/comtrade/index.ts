/** COMTRADE records (IEEE C37.111): read row by row, and written. */
export * from './cff';
export * from './config';
export * from './data';
export * from './error';
export * from './export-event';
export * from './record';
export * from './write';
