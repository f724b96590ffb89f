import { LongText, type Steps } from '../steps';
import type { Change, ChangesText } from './changes';
import { phaseCode } from './phase-code';
import { nameHash, uuidOf } from './uuid';

/** Namespace of the UUIDs that we make: of names of meters, and of difference models. */
export const NAMESPACE = 'fb298d92-badb-4211-ade6-d631a077a295';

const CIM = 'http://iec.ch/TC57/CIM100#';
const PREFIXES = {
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  cim: CIM,
  md: 'http://iec.ch/TC57/61970-552/ModelDescription/1#',
  dm: 'http://iec.ch/TC57/61970-552/DifferenceModel/1#',
};

/** What the file holds, for want of a profile of the IEC for phases of usage points alone. */
const PROFILE =
  'https://github.com/node-red-contrib-power-quality/node-red-contrib-power-quality/blob/main/docs/phases.md#runs-and-decisions';

/**
 * Corrections as a CIM difference model (IEC 61970-552): UsagePoint.phaseCode (IEC 61968-11) of CIM100 as it is recorded
 * among the reverse differences, as it was found among the forward ones. The usage points are there already: so each is
 * an rdf:Description, since an element of its class would delete and create it. Left out is what {@link phaseCode} cannot
 * say, e.g. inputs that are swapped. A model of the same corrections has the same UUID.
 * @param time of the phases, ms since 1970
 * @param now when the file is made, ms since 1970
 */
export function* changesCim(changes: readonly Change[], time: number, now: number): Steps<ChangesText> {
  const forward = new LongText('');
  const reverse = new LongText('');
  let leftOut = 0;
  const hash = nameHash(NAMESPACE);
  let unknown = 0;
  for (const { found, row } of changes) {
    yield;
    const { meter, recorded, phase, inputs } = found;
    const before = phaseCode(recorded, inputs);
    const after = phaseCode(phase, inputs);
    if (!before || !after || before === after) {
      leftOut++;
      continue;
    }
    const mrid = row?.mrid ?? uuidOf(nameHash(NAMESPACE).update(meter));
    // The name of a usage point need not be that of its meter: it is given only to find the usage point by.
    const name = row?.mrid === undefined ? meter : undefined;
    if (name !== undefined) unknown++;
    reverse.add(usagePoint(mrid, before, name));
    forward.add(usagePoint(mrid, after, name));
    hash.update(`${mrid} ${before} ${after}\n`);
  }
  const head = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<?iec61970-552 version="2.0"?>\n<rdf:RDF',
    ...Object.entries(PREFIXES).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`),
    '>\n',
    ...comments(leftOut, unknown),
    `<dm:DifferenceModel rdf:about="urn:uuid:${uuidOf(hash)}">\n`,
    `<md:Model.created>${new Date(now).toISOString()}</md:Model.created>\n`,
    `<md:Model.scenarioTime>${new Date(time).toISOString()}</md:Model.scenarioTime>\n`,
    '<md:Model.description>Corrections of recorded phases, found from voltages</md:Model.description>\n',
    `<md:Model.profile>${PROFILE}</md:Model.profile>\n`,
    '<dm:reverseDifferences rdf:parseType="Statements">\n',
  ].join('');
  const between = '</dm:reverseDifferences>\n<dm:forwardDifferences rdf:parseType="Statements">\n';
  const foot = '</dm:forwardDifferences>\n</dm:DifferenceModel>\n</rdf:RDF>\n';
  return { text: `${head}${reverse.end()}${between}${forward.end()}${foot}`, leftOut };
}

function comments(leftOut: number, unknown: number): string[] {
  const left = `<!-- Left out, as UsagePoint.phaseCode cannot express them: ${leftOut} -->\n`;
  const named =
    `<!-- Without an mrid in the table of meters: ${unknown}. Each has a UUID version 5 of the meter's name in the ` +
    `namespace ${NAMESPACE}, which the network model does not know: find it by IdentifiedObject.name, the meter's name. -->\n`;
  return [...(leftOut ? [left] : []), ...(unknown ? [named] : [])];
}

/** What a usage point is said to be, on one side of the difference. */
function usagePoint(mrid: string, code: string, name: string | undefined): string {
  const named =
    name === undefined ? '' : `<cim:IdentifiedObject.name>${escaped(name)}</cim:IdentifiedObject.name>`;
  const phases = `<cim:UsagePoint.phaseCode rdf:resource="${CIM}PhaseCode.${code}"/>`;
  return `<rdf:Description rdf:about="urn:uuid:${mrid}">${named}${phases}</rdf:Description>\n`;
}

/** Text of an element; characters that XML 1.0 (2.2) does not allow become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\r]/g, (one) => ENTITIES[one]);
}

/** A carriage return as it is would be read as a line feed. */
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
};
