export * from './aggregates';
export * from './cycle-windows';
export * from './stream-windows';
export * from './ten-second-frequency';
export * from './unbalance';
