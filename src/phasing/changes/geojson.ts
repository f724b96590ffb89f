import { LongText, type Steps } from '../steps';
import type { Change, ChangesText } from './changes';

/**
 * Corrections as GeoJSON (RFC 7946): a FeatureCollection with a Feature for each, a line each. Its id is the meter, its
 * geometry a Point of longitude and latitude in degrees (WGS 84, section 4), or null where the table has none
 * (section 3.2). All of them can be said.
 */
export function* changesGeoJson(changes: readonly Change[]): Steps<ChangesText> {
  const features = new LongText(',\n');
  for (const { found, row } of changes) {
    const { meter, transformer, recorded, phase, score, margin, confidence = null, grade, reason } = found;
    const { feeder = null, longitude, latitude } = row ?? {};
    const isPlaced = longitude !== undefined && latitude !== undefined;
    const feature = {
      type: 'Feature',
      id: meter,
      geometry: isPlaced ? { type: 'Point', coordinates: [longitude, latitude] } : null,
      properties: {
        ...{ meter, transformer, feeder, recorded, phase },
        ...{ score, margin, confidence, grade, reason },
      },
    };
    features.add(JSON.stringify(feature));
    yield;
  }
  return { text: `{"type":"FeatureCollection","features":[\n${features.end()}\n]}\n`, leftOut: 0 };
}
