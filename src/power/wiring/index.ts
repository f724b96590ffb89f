/** The wiring doctor: what the phasors of a meter say about how it is connected. */
export * from './diagnose';
export * from './doctor';
export * from './hypotheses';
