/** The process of one side: Node-RED with the nodes of this package or of the rival. See {@link startChild}. */
import { type PlainFlow, runPlain } from '../plain-node-red';
import { now, serve } from './serve';

/** Topic and time, ms, of a message with readings. */
export type Seen = [topic: string, at: number];

export interface Usage {
  seen: Seen[];
  /** s of the processor since `begin`. */
  cpu: number;
  /** Resident memory, MB. */
  rss: number;
  /** Values, or registers, in the last message. */
  values: number;
}

let flow: PlainFlow;
let seen: Seen[] = [];
let values = 0;
let begun = process.cpuUsage();
let heard: () => void = () => {};

function take({ topic, payload }: { topic: string; payload: unknown[] | { values: object } }): void {
  seen.push([topic, now()]);
  values = Array.isArray(payload) ? payload.length : Object.keys(payload.values).length;
  heard();
}

serve({
  start: async (nodes: object[], modules?: string) => {
    flow = await runPlain(nodes, { modules, received: take as (message: object) => void });
  },
  begin: () => {
    seen = [];
    begun = process.cpuUsage();
    return now();
  },
  usage: (): Usage => {
    const { user, system } = process.cpuUsage(begun);
    return { seen, cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() / 1e6, values };
  },
  /**
   * Readings a second: so many requests are kept under way, each reading that comes being followed by the next request.
   */
  drive: async (message: object, outstanding: number, ms: number) => {
    const start = performance.now();
    let readings = 0;
    const send = () => flow.source.send(structuredClone(message));
    heard = () => {
      readings++;
      if (performance.now() - start < ms) send();
    };
    for (let i = 0; i < outstanding; i++) send();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const rate = readings / ((performance.now() - start) / 1000);
    // What is still under way must not count for the next run.
    await new Promise((resolve) => setTimeout(resolve, 300));
    heard = () => {};
    seen = [];
    return rate;
  },
  stop: async () => await flow.stop(),
});
