/** Units as documents of meters have them, and what brings them to SI. */

const PREFIXES: Record<string, number> = { m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9 };
const BASES = ['V', 'A', 'W', 'var', 'VA', 'Hz', 'Wh', 'varh', 'VAh'];

/** Factor to the SI unit by the name of the unit; `pu`, `%` and `1` have none. */
export const UNIT_FACTORS: Readonly<Record<string, number>> = Object.fromEntries([
  ['', 1],
  ['1', 1],
  ['pu', 1],
  ['%', 1],
  ...BASES.flatMap((base) =>
    Object.entries(PREFIXES).map(([prefix, factor]) => [prefix + base, factor] as const),
  ),
]);

export function factorOf(unit: string | undefined): number {
  return unit === undefined ? 1 : (UNIT_FACTORS[unit] ?? 1);
}

/** The SI unit of a unit: `kW` gives `W`. */
export function baseOf(unit: string): string {
  return (
    BASES.find(
      (base) =>
        unit === base || (unit.endsWith(base) && Object.hasOwn(PREFIXES, unit.slice(0, -base.length))),
    ) ?? unit
  );
}
