/** Active, reactive and apparent power, power factors, harmonics, energies and wiring faults from waveforms. */
export * from './calculator';
export * from './energy';
export * from './latest';
export * from './limits';
export * from './readings';
export * from './settings';
export * from './window';
export * from './wiring';
