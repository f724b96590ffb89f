import { totalmem } from 'node:os';

/** What a stage may hold. */
export interface Budget {
  meters: number;
  /** All meters together. */
  bytes: number;
}

const MOST_METERS = 20_000;
/** What a meter takes in a stage that holds little of it. */
const BYTES_A_METER = 10_000;
/** Parts of the machine's memory: of one stage, and of what its meters take at the least. */
const PART = 1 / 4;
const LEAST_PART = 1 / 8;

/**
 * The budget of a stage: as many meters as a setting says, else as the machine's memory allows, 20,000 at most.
 * @param meters 0 where the setting is left to the machine
 * @param memory bytes of the machine, or of the container
 */
export function budgetOf(meters = 0, memory = machineMemory()): Budget {
  const allowed = Math.min(MOST_METERS, Math.floor((memory * LEAST_PART) / BYTES_A_METER));
  return { meters: meters || allowed, bytes: Math.floor(memory * PART) };
}

function machineMemory(): number {
  const container = process.constrainedMemory?.() ?? 0;
  const machine = totalmem();
  return container > 0 && container < machine ? container : machine;
}
