import type { Child } from './start';

/** What the rows work with. */
export interface Bench {
  /** The process of the simulated meters. */
  meters: Child;
  /** Starts Node-RED with the rival's nodes, or with ours. */
  startHost(isRival: boolean, nodes: object[]): Promise<Child>;
  /** A duration as it is meant, shortened for a trial. */
  seconds(full: number): number;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
