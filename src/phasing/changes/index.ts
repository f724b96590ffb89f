/** Corrections of recorded phases for the GIS, in the formats that it reads. */
import type { PhaseMap } from '../../record';
import type { ChangesFormat, CustomerMeter } from '../settings';
import type { Steps } from '../steps';
import { type ChangesText, changesOf } from './changes';
import { changesCim } from './cim';
import { changesCsv } from './csv';
import { changesGeoJson } from './geojson';

export type { ChangesText } from './changes';

/**
 * Corrections of recorded phases as text, the surest first, in steps: of a hundred thousand meters it is long.
 * @param rows table of meters, for feeder, mrid and position
 * @param now when the text is made, ms since 1970
 */
export function* changesText(
  format: ChangesFormat,
  map: PhaseMap,
  rows: readonly CustomerMeter[],
  now: number,
): Steps<ChangesText> {
  const changes = yield* changesOf(map, rows);
  if (format === 'cim') return yield* changesCim(changes, map.time, now);
  return yield* format === 'geojson' ? changesGeoJson(changes) : changesCsv(changes);
}
