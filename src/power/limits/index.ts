/** Limits of harmonics by the standards' tables, and who watches them. */
export * from './watch';
