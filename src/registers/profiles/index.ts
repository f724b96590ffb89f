import type { Profile } from '../profile';
import { abbB23 } from './abb-b23';
import { sdm120, sdm630 } from './eastron-sdm';
import { genericPq } from './generic-pq';

/** Devices known by name: a further one is a table in this folder and a line here. */
export const PROFILES: Readonly<Record<string, Profile>> = Object.fromEntries(
  [genericPq, sdm630, sdm120, abbB23].map((profile) => [profile.name, profile]),
);

export { genericPq };
