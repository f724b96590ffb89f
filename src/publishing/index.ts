/** Records on their way out: topics, connections, receipts. */
export * from './endpoint';
export * from './mqtt-target';
export * from './publisher';
export * from './topic';
