/** Records on their way out: the store, the courier, the targets. */
export * from './courier';
export * from './endpoint';
export * from './outbox';
export * from './points';
export * from './publisher';
export * from './publisher-settings';
export * from './standing';
export * from './targets';
export * from './thinning';
export * from './topic';
export * from './try-endpoint';
