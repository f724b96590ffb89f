import type { Profile, RegisterLine, TextLine } from '../profile';

/**
 * SunSpec meters: models 201 to 204 (whole numbers with scale factors) and 211 to 214 (floats), found by
 * their marker. Source: SunSpec Information Model Reference and the models of github.com/sunspec/models.
 */
export const SUNSPEC = {
  /** "SunS" at one of these addresses is where the chain of models begins. */
  bases: [40_000, 50_000, 0],
  marker: [0x5375, 0x6e53],
  /** Id of the model that ends the chain. */
  end: 0xffff,
  common: 1,
  /** A chain longer than this is none. */
  maxModels: 50,
} as const;

/** Offsets from the id of the model. */
const INTEGERS: Record<string, [offset: number, scaleFactor: number]> = {
  ia: [3, 6],
  ib: [4, 6],
  ic: [5, 6],
  va: [8, 15],
  vb: [9, 15],
  vc: [10, 15],
  vab: [12, 15],
  vbc: [13, 15],
  vca: [14, 15],
  f: [16, 17],
  p: [18, 22],
  pa: [19, 22],
  pb: [20, 22],
  pc: [21, 22],
  s: [23, 27],
  sa: [24, 27],
  sb: [25, 27],
  sc: [26, 27],
  q: [28, 32],
  qa: [29, 32],
  qb: [30, 32],
  qc: [31, 32],
  pf: [33, 37],
  pfa: [34, 37],
  pfb: [35, 37],
  pfc: [36, 37],
};
const COUNTERS: Record<string, [offset: number, scaleFactor: number]> = {
  energy_export: [38, 54],
  energy_import: [46, 54],
};
const FLOATS: Record<string, number> = {
  ia: 4,
  ib: 6,
  ic: 8,
  va: 12,
  vb: 14,
  vc: 16,
  vab: 20,
  vbc: 22,
  vca: 24,
  f: 26,
  p: 28,
  pa: 30,
  pb: 32,
  pc: 34,
  s: 36,
  sa: 38,
  sb: 40,
  sc: 42,
  q: 44,
  qa: 46,
  qb: 48,
  qc: 50,
  pf: 52,
  pfa: 54,
  pfb: 56,
  pfc: 58,
  energy_export: 60,
  energy_import: 68,
};

/** Manufacturer, model, version and serial number: the common model, offsets from its id. */
const COMMON: Record<string, TextLine> = {
  manufacturer: { address: 2, length: 16 },
  model: { address: 18, length: 16 },
  version: { address: 42, length: 8 },
  serial: { address: 50, length: 16 },
};

/** What the fleet table calls `sunspec`: where its registers lie is found out at the meter. */
export const sunspec: Profile = {
  name: 'sunspec',
  title: 'SunSpec meter, models 201 to 204 and 211 to 214',
  source: 'SunSpec Information Model Reference, meter models',
  evidence: 'document',
  codes: {
    text: 'not implemented: 8000 in whole numbers and scale factors, 0 in counters, NaN in floats (7FC00000)',
    source:
      'SMA STP60-SunSpec_Modbus-TI-en-12, 3.6; the same in github.com/sunspec/pysunspec2, sunspec2/mb.py',
    evidence: 'related document',
  },
  order: 'ABCD',
  quantities: {},
  registers: {},
  discover: 'sunspec',
};

export function isSunspecMeter(model: number): boolean {
  return (model >= 201 && model <= 204) || (model >= 211 && model <= 214);
}

/**
 * The profile of one SunSpec meter.
 * @param model 201 to 204 or 211 to 214
 * @param address of the meter model's id
 * @param common address of the id of the common model, where there is one
 */
export function sunspecMeter(model: number, address: number, common?: number): Profile {
  const lines: Record<string, RegisterLine> = {};
  if (model < 210) {
    for (const [name, [offset, exponent]] of Object.entries(INTEGERS)) {
      // Power factor comes in percent.
      const scale = name.startsWith('pf') ? 0.01 : undefined;
      lines[name] = {
        address: address + offset,
        type: 'int16',
        scale,
        exponent: address + exponent,
        notAvailable: ['8000'],
      };
    }
    for (const [name, [offset, exponent]] of Object.entries(COUNTERS)) {
      lines[name] = {
        address: address + offset,
        type: 'uint32',
        exponent: address + exponent,
        notAvailable: ['00000000'],
      };
    }
  } else {
    for (const [name, offset] of Object.entries(FLOATS)) {
      lines[name] = { address: address + offset, type: 'float32', missing: Number.NaN };
    }
  }
  const identity =
    common === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(COMMON).map(([name, text]) => [name, { ...text, address: common + text.address }]),
        );
  return {
    ...sunspec,
    title: `SunSpec meter, model ${model}`,
    quantities: lines as Profile['quantities'],
    identity,
    discover: undefined,
  };
}
