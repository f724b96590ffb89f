import { isSunspecMeter, type Profile, SUNSPEC, sunspecMeter } from '../registers';
import { DeviceError } from './diagnosis';
import type { ModbusLink } from './link';

/**
 * The profile of a meter whose registers are found by looking: the SunSpec marker, then the chain of models
 * up to a meter model.
 * @throws the fault of the link; a DeviceError where the device is no SunSpec meter
 */
export async function discoverSunspec(link: ModbusLink, unit: number): Promise<Profile> {
  for (const base of SUNSPEC.bases) {
    if (!(await hasMarker(link, unit, base))) continue;
    let at = base + SUNSPEC.marker.length;
    let common: number | undefined;
    for (let i = 0; i < SUNSPEC.maxModels && at < 0xffff; i++) {
      const [id, length] = await link.read(unit, at, 2);
      if (id === SUNSPEC.end) break;
      if (id === SUNSPEC.common) common ??= at;
      if (isSunspecMeter(id)) return sunspecMeter(id, at, common);
      at += 2 + length;
    }
    throw notSunspec('the SunSpec device has no meter model (201 to 204, 211 to 214)');
  }
  throw notSunspec(`no SunSpec marker at ${SUNSPEC.bases.join(', ')}`);
}

async function hasMarker(link: ModbusLink, unit: number, base: number): Promise<boolean> {
  try {
    const words = await link.read(unit, base, SUNSPEC.marker.length);
    return SUNSPEC.marker.every((word, i) => words[i] === word);
  } catch (error) {
    // Illegal address, function or value: not here. Everything else is the link's fault to tell.
    const code = (error as { modbusCode?: number }).modbusCode;
    if (code === undefined || code > 3) throw error;
    return false;
  }
}

function notSunspec(text: string): DeviceError {
  return new DeviceError(
    'NOT_SUNSPEC',
    text,
    'Check the unit id, and that SunSpec is switched on in the device.',
  );
}
