/** Meters read over Modbus: links, plans, readings, waveforms, event logs, clocks, diagnosis. */

export * from './clock-check';
export * from './commands';
export * from './diagnosis';
export * from './discovery';
export { createEventLogReader, type EventLogReader, type LogBatch } from './event-log';
export * from './fleet';
export * from './link';
export * from './link-settings';
export * from './meter-links';
export * from './plan';
export * from './poller';
export * from './poller-settings';
export * from './readings';
export * from './serial-ports';
export type { PollerMemory, PollerOutput } from './tasks';
export * from './try-link';
export * from './value-watch';
export * from './waveform-reader';
