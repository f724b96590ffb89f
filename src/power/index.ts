/** Active, reactive and apparent power, power factors and harmonics from waveforms. */
export * from './calculator';
export * from './settings';
export * from './window';
