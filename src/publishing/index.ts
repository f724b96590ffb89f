/** Records on their way out: topics, connections, receipts. */
export * from './endpoint';
export * from './mqtt-target';
export * from './outbox';
export * from './publisher';
export * from './publisher-settings';
export * from './topic';
