/** Records between the flow and the wire, on disk. */
export * from './envelope';
export * from './outbox';
export { storeError } from './store-health';
