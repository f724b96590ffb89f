/** Meters read over Modbus: links, plans, readings, waveforms, diagnosis. */
export * from './commands';
export * from './diagnosis';
export * from './fleet';
export * from './link';
export * from './link-settings';
export * from './meter-links';
export * from './plan';
export * from './poller';
export * from './poller-settings';
export * from './readings';
export * from './serial-ports';
export * from './waveform-reader';
