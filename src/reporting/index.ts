/** Reports: a week against EN 50160, and single disturbances, as HTML and PDF; plots for dashboards. */
export * from './archive';
export * from './disturbance-report';
export * from './en50160';
export * from './interval';
export * from './latest';
export * from './pdf-thread';
export * from './reporter';
export * from './settings';
export * from './week-report';
