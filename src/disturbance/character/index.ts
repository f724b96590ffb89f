export * from './character';
export * from './direction';
export * from './sag-type';
