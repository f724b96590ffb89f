/** Cycles, RMS, history and spectra of sampled signals; shared by the stages that look at waveforms. */
export * from './change-point';
export * from './clock-ticks';
export * from './complex';
export * from './continuity';
export * from './frame-order';
export * from './fundamental-frequency';
export * from './gridding';
export * from './half-cycle-rms';
export * from './half-periods';
export * from './history';
export * from './level';
export * from './meter-streams';
export * from './phasor';
export * from './polyphase-half-cycles';
export * from './sample-ring';
export * from './short-disturbance';
export * from './spectrum';
