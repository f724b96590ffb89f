import assert from 'node:assert/strict';
import { atOnce, changesText, inSlices, PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { NAMESPACE } from '../../src/phasing/changes/cim';
import { nameHash, uuidOf } from '../../src/phasing/changes/uuid';
import { type ChangesFormat, type CustomerMeter, readMeter } from '../../src/phasing/settings';
import type { Assignment, PhaseMap } from '../../src/record';
import { randoms } from '../power/tones';
import { type Element, readXml } from './xml';

const TIME = Date.UTC(2024, 4, 6);
const NOW = Date.UTC(2024, 4, 7, 3);
const RDF = '{http://www.w3.org/1999/02/22-rdf-syntax-ns#}';
const CIM = 'http://iec.ch/TC57/CIM100#';
const MD = '{http://iec.ch/TC57/61970-552/ModelDescription/1#}';
const DM = '{http://iec.ch/TC57/61970-552/DifferenceModel/1#}';
const MRID = '6F1C2A34-5b6d-4e7f-8a9b-0c1d2e3f4a5b';

/** A meter whose record differs, unless `more` says otherwise. */
function assignment(meter: string, recorded: string | null, phase: string | null, more = {}): Assignment {
  return {
    ...{ meter, transformer: 'T1', phase, recorded, score: 0.91234, margin: 0.3, confidence: 0.999 },
    ...{ grade: 'match', agrees: recorded === phase, reason: 'differs from the recorded phase' },
    ...more,
  };
}

const mapOf = (...assignments: Assignment[]): PhaseMap => ({
  ...{ kind: 'phase-map', meter: 'fleet', time: TIME, run: {}, transformers: [] },
  assignments,
});

const textOf = (format: ChangesFormat, map: PhaseMap, rows: CustomerMeter[] = []) =>
  atOnce(changesText(format, map, rows, NOW));

interface UsagePoint {
  id: string;
  code: string;
  name?: string;
}

interface Difference {
  model: Element;
  reverse: UsagePoint[];
  forward: UsagePoint[];
  comments: string[];
}

/** A difference model, read by a parser that knows nothing of us. */
function difference(text: string): Difference {
  const { root, comments } = readXml(text);
  assert.equal(root.name, `${RDF}RDF`);
  const [model, ...others] = root.children;
  assert.equal(model.name, `${DM}DifferenceModel`);
  assert.equal(others.length, 0);
  const side = (name: string): UsagePoint[] => {
    const [statements, ...more] = model.children.filter((one) => one.name === `${DM}${name}`);
    assert.equal(more.length, 0);
    assert.equal(statements.attributes[`${RDF}parseType`], 'Statements');
    return statements.children.map((one) => {
      assert.equal(one.name, `${RDF}Description`);
      const codes = one.children.filter((child) => child.name === `{${CIM}}UsagePoint.phaseCode`);
      const names = one.children.filter((child) => child.name === `{${CIM}}IdentifiedObject.name`);
      assert.equal(codes.length, 1);
      assert.equal(codes.length + names.length, one.children.length);
      const code = codes[0].attributes[`${RDF}resource`];
      assert.ok(code.startsWith(`${CIM}PhaseCode.`), code);
      return {
        id: one.attributes[`${RDF}about`],
        code: code.slice(`${CIM}PhaseCode.`.length),
        ...(names.length ? { name: names[0].text } : {}),
      };
    });
  };
  return { model, reverse: side('reverseDifferences'), forward: side('forwardDifferences'), comments };
}

describe('corrections for the GIS', () => {
  const some = mapOf(
    assignment('m1', 'a', 'b', { confidence: 0.99 }),
    assignment('m2', 'c', 'c'),
    assignment('m3', 'a', 'c', { confidence: 0.999, reason: 'one, "two"' }),
    assignment('m4', 'a', 'b', { permuted: true }),
    assignment('m5', 'a', 'b', { decided: { verdict: 'reject', phase: 'b', by: 'x', why: '', time: 0 } }),
    assignment('m6', 'b', 'a', { decided: { verdict: 'reject', phase: 'c', by: 'x', why: '', time: 0 } }),
    assignment('m7', null, 'a', { agrees: null }),
    assignment('m0', 'b', 'c', { confidence: null, score: null, margin: null }),
  );
  const inOrder = ['m3', 'm6', 'm1', 'm0'];

  it('are CSV, the surest first, without what is permuted or rejected; no cell is a formula', () => {
    const { text, leftOut } = textOf('csv', some);
    assert.equal(leftOut, 0);
    assert.equal(
      text,
      [
        'meter,transformer,recorded,phase,score,margin,confidence,grade,reason',
        'm3,T1,a,c,0.912,0.300,0.9990,match,"one, ""two"""',
        'm6,T1,b,a,0.912,0.300,0.9990,match,differs from the recorded phase',
        'm1,T1,a,b,0.912,0.300,0.9900,match,differs from the recorded phase',
        'm0,T1,b,c,,,,match,differs from the recorded phase',
        '',
      ].join('\r\n'),
    );
    const hostile = textOf('csv', mapOf(assignment('=1+1', 'a', 'b'), assignment('-5', 'a', 'b'))).text;
    assert.deepEqual(
      hostile.split('\r\n').map((line) => line.split(',')[0]),
      ['meter', '-5', "'=1+1", ''],
    );
  });

  it('are GeoJSON: a feature for each in the same order, a point where the table has one', () => {
    const rows = [
      readMeter({ meter: 'm3', transformer: 'T1', feeder: 'F1', longitude: '13.4', latitude: -52.5 }, 'row'),
      readMeter({ meter: 'm6', transformer: 'T1' }, 'row'),
    ];
    const { text, leftOut } = textOf('geojson', some, rows);
    const { type, features } = JSON.parse(text);
    assert.equal(leftOut, 0);
    assert.equal(type, 'FeatureCollection');
    assert.deepEqual(
      features.map(({ id }: { id: string }) => id),
      inOrder,
    );
    assert.deepEqual(features[0], {
      type: 'Feature',
      id: 'm3',
      geometry: { type: 'Point', coordinates: [13.4, -52.5] },
      properties: {
        ...{ meter: 'm3', transformer: 'T1', feeder: 'F1', recorded: 'a', phase: 'c', score: 0.91234 },
        ...{ margin: 0.3, confidence: 0.999, grade: 'match', reason: 'one, "two"' },
      },
    });
    assert.deepEqual([features[1].geometry, features[1].properties.feeder], [null, null]);
    assert.deepEqual([features[3].properties.score, features[3].properties.confidence], [null, null]);
    assert.deepEqual(JSON.parse(textOf('geojson', mapOf()).text).features, []);
  });

  it('are a CIM difference model: the record among the reverse differences, what was found among the forward ones', () => {
    const rows = [readMeter({ meter: 'm3', transformer: 'T1', mrid: MRID }, 'row')];
    const { text, leftOut } = textOf('cim', some, rows);
    const { model, reverse, forward, comments } = difference(text);
    assert.equal(leftOut, 0);
    const id = (name: string) => `urn:uuid:${uuidOf(nameHash(NAMESPACE).update(name))}`;
    assert.deepEqual(reverse, [
      { id: `urn:uuid:${MRID}`, code: 'AN' },
      { id: id('m6'), code: 'BN', name: 'm6' },
      { id: id('m1'), code: 'AN', name: 'm1' },
      { id: id('m0'), code: 'BN', name: 'm0' },
    ]);
    assert.deepEqual(
      forward,
      reverse.map((one, k) => ({ ...one, code: ['CN', 'AN', 'BN', 'CN'][k] })),
    );
    assert.equal(comments.length, 1);
    assert.match(
      comments[0],
      /Without an mrid in the table of meters: 3\..*version 5.*IdentifiedObject\.name/,
    );

    const header = Object.fromEntries(model.children.map((one) => [one.name, one.text]));
    assert.equal(header[`${MD}Model.created`], '2024-05-07T03:00:00.000Z');
    assert.equal(header[`${MD}Model.scenarioTime`], '2024-05-06T00:00:00.000Z');
    assert.match(header[`${MD}Model.profile`], /^https:/);
    // IEC 61970-552: the same data has the same identity, whenever it was written; other data has another one.
    const identity = (map: PhaseMap, now: number) =>
      difference(atOnce(changesText('cim', map, rows, now)).text).model.attributes[`${RDF}about`];
    const own = model.attributes[`${RDF}about`];
    assert.match(own, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(identity(some, NOW + 1e9), own);
    assert.notEqual(identity(mapOf(...some.assignments.slice(1)), NOW), own);
  });

  it('say in CIM what phase codes can say, and count what they cannot', () => {
    for (const [recorded, phase, inputs, codes] of [
      ['a', 'b', undefined, 'AN BN'],
      ['ab', 'bc', undefined, 'AB BC'],
      ['ab', 'ca', undefined, 'AB AC'],
      ['ab', 'bc', 2, 'ABN BCN'],
      ['ab', 'ca', 2, 'ABN ACN'],
      ['abc', 'bca', 3, ''],
      ['ab', 'ba', 2, ''],
      ['ab bc', 'bc ca', 2, ''],
      // The halves of a split phase, a cluster without a name, a record for more inputs than there are.
      ['aa', 'bb', 2, ''],
      ['a', '2', undefined, ''],
      ['abc', 'b', undefined, ''],
      ['abc', 'aab', 3, ''],
    ] as const) {
      const map = mapOf(assignment('m', recorded, phase, inputs && { inputs }));
      const { text, leftOut } = textOf('cim', map);
      const { reverse, forward, comments } = difference(text);
      const found = [...reverse, ...forward].map(({ code }) => code).join(' ');
      assert.equal(found, codes, `${recorded} ${phase} ${inputs}`);
      assert.equal(leftOut, codes ? 0 : 1);
      assert.equal(
        comments.some((comment) => /Left out.*: 1 $/.test(comment)),
        leftOut === 1,
      );
    }
  });

  it('keep hostile names, but for what XML cannot hold', () => {
    const names = [
      '<b a="1">&amp;\'</b>',
      ']]> --> <!-- <![CDATA[ x ]]>',
      ' \t spaces \r\n and lines ',
      'Zähler 電表 😀',
      'nul \u0000 bell \u0007 esc \u001b end',
      'halves \ud800 \udc00 and \ufffe \uffff',
    ];
    const map = mapOf(...names.map((name) => assignment(name, 'a', 'b')));
    const { forward, reverse } = difference(textOf('cim', map).text);
    const inXml = [
      ...names.slice(0, 4),
      ...['nul \ufffd bell \ufffd esc \ufffd end', 'halves \ufffd \ufffd and \ufffd \ufffd'],
    ];
    for (const side of [forward, reverse]) {
      assert.deepEqual(side.map(({ name }) => name).sort(), inXml.sort());
      assert.equal(new Set(side.map(({ id }) => id)).size, names.length);
    }
    const { features } = JSON.parse(textOf('geojson', map).text);
    assert.deepEqual(features.map(({ id }: { id: string }) => id).sort(), names.sort());
  });

  it('of maps at random: each change is in the file or counted, with its own phases, and nothing else is', () => {
    const random = randoms(11);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)];
    const phases = ['a', 'b', 'c', 'ab', 'bc', 'ca', 'ba', 'abc', 'bca', 'aa', 'ab bc', '1', '-', null];
    let said = 0;
    let notSaid = 0;
    for (let round = 0; round < 200; round++) {
      const assignments = Array.from({ length: Math.floor(40 * random()) }, (_, k) => {
        const phase = pick(phases);
        const decided = {
          verdict: pick(['accept', 'reject']),
          phase: pick(phases),
          by: '',
          why: '',
          time: 0,
        };
        return assignment(`m${k}`, pick(phases), phase, {
          confidence: pick([0.5, 0.9, 1, null, undefined]),
          inputs: pick([undefined, undefined, 2, 3]),
          ...(random() < 0.2 ? { permuted: true } : {}),
          ...(random() < 0.3 ? { decided } : {}),
          ...(random() < 0.1 ? { agrees: null } : {}),
        });
      });
      const rows = assignments
        .filter(() => random() < 0.5)
        .map(({ meter }, k): CustomerMeter => {
          const mrid = random() < 0.5 ? { mrid: uuidOf(nameHash(NAMESPACE).update(`row ${k}`)) } : {};
          return { meter, transformer: 'T1', ...mrid };
        });
      const map = mapOf(...assignments);
      const changed = assignments.filter(
        ({ agrees, permuted, decided, phase }) =>
          agrees === false && !permuted && !(decided?.verdict === 'reject' && decided.phase === phase),
      );
      const meters = changed.map(({ meter }) => meter).sort();
      const { features } = JSON.parse(textOf('geojson', map, rows).text);
      assert.deepEqual(features.map(({ id }: { id: string }) => id).sort(), meters);
      const lines = textOf('csv', map, rows).text.split('\r\n').slice(1, -1);
      assert.deepEqual(lines.map((line) => line.split(',')[0]).sort(), meters);
      const { text, leftOut } = textOf('cim', map, rows);
      const { reverse, forward } = difference(text);
      assert.equal(forward.length + leftOut, changed.length);
      assert.deepEqual(
        forward.map(({ id, name }) => [id, name]),
        reverse.map(({ id, name }) => [id, name]),
      );
      forward.forEach(({ id, name, code }, k) => {
        const meter = name ?? rows.find(({ mrid }) => id === `urn:uuid:${mrid}`)?.meter;
        const own = changed.find((one) => one.meter === meter);
        assert.ok(own && code !== reverse[k].code);
        const wiresOf = (all: string | null) =>
          [...new Set(all?.replace(' ', ''))].sort().join('').toUpperCase();
        assert.equal(code.replace('N', ''), wiresOf(own.phase));
        assert.equal(reverse[k].code.replace('N', ''), wiresOf(own.recorded));
      });
      said += forward.length;
      notSaid += leftOut;
    }
    assert.ok(said > 100 && notSaid > 100, `${said} and ${notSaid}`);
  });

  it('are the same done in slices, and 20,000 are sorted and written in small steps', async () => {
    const random = randoms(5);
    const map = mapOf(
      ...Array.from({ length: 20_000 }, (_, k) =>
        assignment(`m${Math.floor(1e9 * random())}-${k}`, 'a', 'b', {
          confidence: 0.9 + Math.floor(5 * random()) / 100,
        }),
      ),
    );
    for (const format of ['csv', 'cim', 'geojson'] as const) {
      const steps = changesText(format, map, [], NOW);
      let count = 0;
      while (!steps.next().done) count++;
      assert.ok(count > 40_000, `${count} steps`);
    }
    const { text } = await inSlices(changesText('geojson', map, [], NOW));
    const expected = map.assignments
      .map(({ meter, confidence }) => ({ meter, confidence: confidence ?? 0 }))
      .sort((a, b) => b.confidence - a.confidence || (a.meter < b.meter ? -1 : 1));
    assert.deepEqual(
      JSON.parse(text).features.map(({ id }: { id: string }) => id),
      expected.map(({ meter }) => meter),
    );
  });

  it('have UUIDs of version 5 as RFC 9562 makes them', () => {
    // Appendix A.4: namespace DNS.
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    assert.equal(uuidOf(nameHash(dns).update('www.example.com')), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('need a table without errors: the field is named', () => {
    const row = { meter: 'm', transformer: 'T' };
    assert.deepEqual(readMeter({ ...row, mrid: '', longitude: '', latitude: null }, 'row'), row);
    const whole = { ...row, mrid: MRID, longitude: 180, latitude: -90 };
    assert.deepEqual(readMeter(whole, 'row'), whole);
    assert.equal(readMeter({ ...row, longitude: 0, latitude: 0 }, 'row').longitude, 0);
    for (const [more, field] of [
      [{ mrid: '_6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b' }, 'row.mrid'],
      [{ mrid: '6f1c2a345b6d4e7f8a9b0c1d2e3f4a5b' }, 'row.mrid'],
      [{ mrid: 5 }, 'row.mrid'],
      [{ longitude: 13 }, 'row.latitude'],
      [{ latitude: 0, longitude: '' }, 'row.longitude'],
      [{ longitude: 180.1, latitude: 0 }, 'row.longitude'],
      [{ longitude: 0, latitude: 91 }, 'row.latitude'],
      [{ longitude: 'east', latitude: 0 }, 'row.longitude'],
    ] as const) {
      assert.throws(() => readMeter({ ...row, ...more }, 'row'), new RegExp(`^${field}: `));
    }
    const twice = [
      { ...row, mrid: MRID },
      { ...row, meter: 'n', mrid: MRID.toLowerCase() },
    ];
    assert.throws(() => readCorrelatorSettings({ meters: twice }), /^settings\.meters\[1\]\.mrid: /);
    assert.throws(() => readCorrelatorSettings({ changes: 'xls' }), /^settings\.changes: /);
    assert.equal(readCorrelatorSettings({}).changes, 'csv');
    const correlator = new PhaseCorrelator(readCorrelatorSettings({ meters: twice.slice(0, 1) }));
    assert.throws(() => correlator.takeRecords([twice[1]]), /^payload: expected an mrid/);
    assert.deepEqual(correlator.meters, twice.slice(0, 1));
    correlator.takeRecords([{ meter: 'm', longitude: 1, latitude: 2 }]);
    assert.deepEqual(correlator.meters, [{ ...twice[0], longitude: 1, latitude: 2 }]);
  });
});
