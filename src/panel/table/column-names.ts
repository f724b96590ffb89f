/**
 * Names by which utilities' own tables call our columns, without case, spaces and signs. None for a number whose unit the
 * name does not say.
 */
const OTHER_NAMES: Record<string, readonly string[]> = {
  id: ['meter', 'meterid', 'meterno', 'zaehler', 'zähler', 'zählernummer'],
  meter: ['id', 'meterid', 'meterno', 'meternumber', 'usagepoint', 'zaehler', 'zähler', 'zählernummer'],
  transformer: ['transformerid', 'xfmr', 'xfmrid', 'trafo', 'transformator', 'ortsnetzstation', 'ons'],
  feeder: ['feederid', 'feedername', 'circuit', 'circuitid', 'abgang'],
  substation: ['substationid', 'umspannwerk', 'uw'],
  phase: ['recordedphase', 'gisphase', 'phases', 'phasecode', 'phasedesignation', 'leiter', 'erfasstephase'],
  kva: ['ratedkva', 'ratingkva', 'transformerkva'],
  collector: ['concentrator', 'dataconcentrator', 'datenkonzentrator', 'gateway'],
  distance: ['distancem'],
  mrid: ['uuid', 'usagepointmrid'],
  longitude: ['lon', 'lng', 'long'],
  latitude: ['lat'],
  host: ['address', 'ip', 'ipaddress', 'hostname'],
  unit: ['unitid', 'slave', 'slaveid'],
};

/**
 * The column that each name of a header stands for: by its own name first, in any case and with any signs between, then
 * by a name that others have for it. No column is given twice.
 * @returns undefined for a name that stands for none
 */
export function columnsOf(header: readonly string[], columns: readonly string[]): (string | undefined)[] {
  const found: (string | undefined)[] = header.map((name) => (columns.includes(name) ? name : undefined));
  const isFree = (column: string) => !found.includes(column);
  const take = (stands: (column: string, name: string) => boolean) => {
    header.forEach((name, k) => {
      found[k] ??= columns.find((column) => isFree(column) && stands(column, plain(name)));
    });
  };
  take((column, name) => plain(column) === name);
  take((column, name) => OTHER_NAMES[column]?.includes(name) ?? false);
  return found;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
