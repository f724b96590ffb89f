import type { Profile } from '../profile';
import { genericPq } from './generic-pq';

/** Devices known by name. */
export const PROFILES: Readonly<Record<string, Profile>> = {
  [genericPq.name]: genericPq,
};

export { genericPq };
