import assert from 'node:assert/strict';
import { readDetectorSettings } from '../../src/disturbance';
import { readFleet } from '../../src/metering';
import { judge } from '../../src/panel/judge';
import { readTable, readText, writeTable } from '../../src/panel/table/rows';
import { readCorrelatorSettings } from '../../src/phasing/settings';

describe('panels', () => {
  it('judges a field by the reader that takes it at run time', () => {
    const sag = judge(readDetectorSettings, 'sag');
    assert.equal(sag.length, 2);
    assert.equal(sag.call({ nominal: '230' }, '0.85'), true);
    assert.match(String(sag.call({}, 'low')), /^sag: expected a number \(pu\)/);
    assert.match(String(sag.call({ interruption: 0.4 }, '0.3')), /^sag: expected more than interruption/);
    // Another field's fault is told at that field.
    assert.equal(sag.call({ swell: 'high' }, '0.9'), true);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how Node-RED writes an environment variable.
    assert.equal(sag.call({}, '${SAG}'), true);
  });

  const COLUMNS = ['id', 'host', 'unit'];

  it('reads CSV with any of the usual separators and quotes, with its line numbers', () => {
    for (const separator of [',', ';', '\t']) {
      const text = ['id,host,unit', 'm1,10.0.0.1,1', '', '"m,2",10.0.0.2,']
        .join('\r\n')
        .replaceAll(/,(?!2")/g, separator);
      const { rows, places, problems } = readTable(text, COLUMNS);
      assert.deepEqual(problems, []);
      assert.deepEqual(rows, [
        { id: 'm1', host: '10.0.0.1', unit: '1' },
        { id: 'm,2', host: '10.0.0.2' },
      ]);
      assert.deepEqual(places, ['line 2', 'line 4']);
    }
  });

  it('names the line of what it cannot take', () => {
    const { problems } = readTable('id,adress\nm1,x\nm2,y,z', COLUMNS);
    assert.deepEqual(
      problems.map(({ where }) => where),
      ['line 1', 'line 3'],
    );
    assert.match(problems[0].text, /no column is called "adress": id, host, unit/);
  });

  it('takes the columns of a utility by the names that it has for them, and none for another one', () => {
    const columns = ['meter', 'transformer', 'feeder', 'substation', 'phase', 'kva', 'longitude', 'latitude'];
    const text = 'Meter ID;XFMR;Circuit;Recorded_Phase;Lat;lon\nm1;T1;F1;L1;50.1;8.6';
    assert.deepEqual(readTable(text, columns), {
      rows: [
        { meter: 'm1', transformer: 'T1', feeder: 'F1', phase: 'L1', latitude: '50.1', longitude: '8.6' },
      ],
      places: ['line 2'],
      problems: [],
    });
    // Its own name comes first, whatever stands before it; a second name for it is unknown.
    const twice = readTable('recorded_phase,phase,meter\nb,a,m1', columns);
    assert.deepEqual([twice.rows[0].phase, twice.rows[0].meter], ['a', 'm1']);
    assert.match(twice.problems[0].text, /no column is called "recorded_phase"/);
    const { meters } = readCorrelatorSettings({
      meters: ['L1', 'l2', 'CN', 'L2L3L1', 'L1, L2, L3', 'b', ''].map((phase, k) => ({
        meter: `m${k}`,
        transformer: 'T1',
        phase,
      })),
    });
    assert.deepEqual(
      meters.map(({ phase }) => phase),
      ['a', 'b', 'c', 'bca', 'abc', 'b', undefined],
    );
    for (const phase of ['L4', 'n', 'LL1', 'L1L1', 'abn c'])
      assert.throws(
        () => readCorrelatorSettings({ meters: [{ meter: 'm', transformer: 'T', phase }] }),
        /phase/,
      );
  });

  it('reads JSON where the text is that, and says which entry or line is wrong', () => {
    const rowsOf = (json: unknown) => json as object[];
    const good = readText(' [{"id": "m1"}, {"id": "m2", "unit": 3}]', COLUMNS, rowsOf);
    assert.deepEqual(good, {
      rows: [{ id: 'm1' }, { id: 'm2', unit: 3 }],
      places: ['entry 1', 'entry 2'],
      problems: [],
    });
    const strange = readText('[{"id": "m1"}, {"adress": 1}]', COLUMNS, rowsOf);
    assert.deepEqual(
      strange.problems.map(({ where, text }) => [where, text.slice(0, 26)]),
      [['entry 2', 'no column is called "adres']],
    );
    const broken = readText('[{"id": "m1"},\n {"id": }]', COLUMNS, rowsOf);
    assert.match(broken.problems[0].where, /^(line 2|JSON)$/);
    assert.deepEqual(readText('id\nm1', COLUMNS, rowsOf).rows, [{ id: 'm1' }]);
  });

  it('writes what it read', () => {
    const rows = [{ id: 'm1', host: 'a "quoted", name', unit: '1' }];
    assert.deepEqual(readTable(writeTable(rows, COLUMNS), COLUMNS).rows, rows);
    assert.equal(writeTable([], COLUMNS).trim(), 'id,host,unit');
  });

  it('reads 5,000 rows of a fleet', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({
      id: `m${i}`,
      host: '10.0.0.1',
      unit: String(i % 247),
    }));
    const { rows: read } = readTable(writeTable(rows, COLUMNS), COLUMNS);
    assert.equal(readFleet(read).length, 5000);
  });
});
