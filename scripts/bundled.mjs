/** Packages whose code is in resources/, which browsers load: their licences go along, and the list of parts names them. */
export const BUNDLED = ['papaparse', 'tabulator-tables', 'uplot'];
