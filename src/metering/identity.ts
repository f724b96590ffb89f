import { decodeText, readLine, TYPE_LENGTH } from '../registers';
import type { FleetMeter } from './fleet';
import type { ModbusLink } from './link';

/**
 * Who the device says it is: name, serial number and the like, as far as its profile says where they stand
 * and this model has them.
 * @throws the fault of the link
 */
export async function readIdentity(
  link: ModbusLink,
  { unit, profile }: FleetMeter,
): Promise<Record<string, string>> {
  const identity: Record<string, string> = {};
  for (const [name, line] of Object.entries(profile.identity ?? {})) {
    const length = 'length' in line ? line.length : TYPE_LENGTH[line.type];
    try {
      const words = await link.read(unit, line.address, length);
      const value =
        'length' in line
          ? decodeText(words, 0, length)
          : readLine(line, profile.order, (address) => words[address - line.address] ?? 0);
      if (value !== undefined && value !== '') identity[name] = String(value);
    } catch (error) {
      // Not every model of a family has its name where the others have it.
      if ((error as { modbusCode?: number }).modbusCode === undefined) throw error;
    }
  }
  return identity;
}
