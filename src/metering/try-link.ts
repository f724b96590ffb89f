import { faultOf, isLinkDown, isRefusal } from './diagnosis';
import { ModbusLink } from './link';
import type { LinkSettings } from './link-settings';

/** What a trial of a link found. */
export interface LinkTrial {
  ok: boolean;
  /**
   * `answered`: the unit gave a register; `refused`: it answered with an exception, so the line is good; `silent`:
   * connected, but no answer of this unit; `unreachable`: no connection.
   */
  found: 'answered' | 'refused' | 'silent' | 'unreachable';
  values: { unit: number; ms: number };
  /** The fault in the field's words, and what to check. */
  reason?: string;
}

/**
 * Tries a link: connects, asks the unit for its first holding register, and closes.
 * @param unit Modbus unit id, 0 to 255
 */
export async function tryLink(settings: LinkSettings, unit: number): Promise<LinkTrial> {
  const link = new ModbusLink({ ...settings, retries: 0 });
  const began = performance.now();
  const values = () => ({ unit, ms: Math.round(performance.now() - began) });
  try {
    await link.read(unit, 0, 1);
    return { ok: true, found: 'answered', values: values() };
  } catch (error) {
    const { text, hint } = faultOf(error);
    const reason = `${text}. ${hint}`;
    if (isRefusal(error)) {
      // Illegal function, address or value: the unit is there, its first register is not.
      const code = (error as { modbusCode?: number }).modbusCode ?? 0;
      if (code <= 3) return { ok: true, found: 'refused', values: values() };
      return { ok: false, found: 'refused', values: values(), reason };
    }
    const found = isLinkDown(error) ? 'unreachable' : 'silent';
    return { ok: false, found, values: values(), reason };
  } finally {
    await link.close();
  }
}
