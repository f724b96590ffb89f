import type { EigLogTable } from './eig-log';
import type { NumberedLogTable } from './numbered-log';

/** How a meter's own event log is read: which strategy, and where its registers lie. */
export type EventLogTable = NumberedLogTable | EigLogTable;
