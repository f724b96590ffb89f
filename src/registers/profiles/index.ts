import type { Profile } from '../profile';
import { abbB23 } from './abb-b23';
import { em24, em24Ethernet } from './carlo-gavazzi-em24';
import { sdm120, sdm630 } from './eastron-sdm';
import { shark200 } from './eig-shark200';
import { genericPq } from './generic-pq';
import { janitzaUmg } from './janitza-umg';
import { iem3000, pm5000 } from './schneider-powerlogic';
import { pac2200, pac3200 } from './siemens-pac';
import { sunspec } from './sunspec';

/** Devices known by name: a further one is a table in this folder and a line here. */
export const PROFILES: Readonly<Record<string, Profile>> = Object.fromEntries(
  [
    genericPq,
    sdm630,
    sdm120,
    iem3000,
    pm5000,
    pac2200,
    pac3200,
    janitzaUmg,
    em24,
    em24Ethernet,
    abbB23,
    shark200,
    sunspec,
  ].map((profile) => [profile.name, profile]),
);

export { isSunspecMeter, SUNSPEC, sunspecMeter } from './sunspec';
export { genericPq, shark200 };
