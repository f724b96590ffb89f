/** Limits of harmonics by the standards' tables, and who watches them. */
export * from './tables';
export * from './watch';
