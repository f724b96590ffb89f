/** Plots as SVG, for panels, the sidebar, dashboards and reports alike. */
export * from './clusters';
export * from './harmonics';
export * from './ink';
export * from './magnitude-duration';
export * from './phasors';
export * from './trend';
export * from './waveform';
