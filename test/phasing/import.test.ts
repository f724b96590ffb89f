import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importSeries, PhaseCorrelator, readCorrelatorSettings } from '../../src/phasing';
import { itWith } from '../shared-data';

describe('import of series', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pq-import-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const TIMES = Array.from({ length: 450 }, (_, i) => 1_700_006_400_000 + i * 300_000);
  const volts = (meter: number, i: number) => 230 + meter + (i % 50) / 8;
  const expected = TIMES.flatMap((time, i) => [0, 1].map((m) => `m${m} ${time} ${volts(m, i)}`));
  const iso = (time: number) => new Date(time).toISOString();

  async function read(name: string, content: string | Buffer) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const found: string[] = [];
    const parts: number[] = [];
    const result = await importSeries(
      path,
      (...value) => found.push(value.join(' ')),
      (part) => parts.push(part),
    );
    return { found, result, parts };
  }

  const wide = ['time,m0,m1', ...TIMES.map((time, i) => `${iso(time)},${volts(0, i)},${volts(1, i)}`)].join(
    '\r\n',
  );
  const long = [
    'Meter,Timestamp,Voltage',
    ...TIMES.flatMap((time, i) => [0, 1].map((m) => `m${m},${time},${volts(m, i)}`)),
  ].join('\n');

  it('reads CSV with a column a meter, and with a row a reading, plain and in gzip', async () => {
    for (const [name, content] of [
      ['wide.csv', wide],
      ['long.csv', long],
      ['wide.csv.gz', gzipSync(wide)],
    ] as const) {
      const { found, result, parts } = await read(name, content);
      assert.deepEqual(found, expected, name);
      assert.deepEqual([result.values, result.skipped], [900, 0]);
      assert.equal(parts[parts.length - 1], 1);
      assert.ok(parts.every((part, i) => part >= 0 && part <= 1 && (i === 0 || part >= parts[i - 1])));
    }
  });

  it('reads Parquet with both forms, times as timestamps and as numbers', async () => {
    const { parquetWriteFile } = await import('hyparquet-writer');
    const path = join(folder, 'wide.parquet');
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'time', data: TIMES.map((time) => new Date(time)), type: 'TIMESTAMP' },
        { name: 'm0', data: TIMES.map((_, i) => volts(0, i)), type: 'DOUBLE' },
        { name: 'm1', data: TIMES.map((_, i) => volts(1, i)), type: 'DOUBLE' },
      ],
    });
    const other = join(folder, 'long.parquet');
    const rows = TIMES.flatMap((time, i) => [0, 1].map((m) => ({ time, meter: `m${m}`, va: volts(m, i) })));
    parquetWriteFile({
      filename: other,
      columnData: [
        { name: 'meter', data: rows.map(({ meter }) => meter), type: 'STRING' },
        { name: 'time', data: rows.map(({ time }) => BigInt(time)), type: 'INT64' },
        { name: 'va', data: rows.map(({ va }) => va), type: 'FLOAT' },
      ],
    });
    for (const file of [path, other]) {
      const found: string[] = [];
      const { values } = await importSeries(file, (...value) => found.push(value.join(' ')));
      assert.deepEqual(found, expected, file);
      assert.equal(values, 900);
    }
  });

  it('passes over what is no value, counts it, and says where the first one is', async () => {
    const { found, result } = await read(
      'bad.csv',
      'time,m0,m1\n2026-01-01T00:00Z,230,n/a\nlater,1,2\n2026-01-01T00:05Z,,231\n',
    );
    assert.deepEqual(found, ['m0 1767225600000 230', 'm1 1767225900000 231']);
    assert.deepEqual([result.rows, result.values, result.skipped], [3, 2, 2]);
    assert.equal(result.problem, 'row 1: a cell that is no voltage');
  });

  it('says what is wrong with a file', async () => {
    await assert.rejects(
      read('none.csv', 'a,b\n1,2\n'),
      /columns: expected a column of times \(time, timestamp, date, datetime\), got "2 columns of other names"/,
    );
    await assert.rejects(
      importSeries(join(folder, 'nothing.csv'), () => {}),
      /ENOENT/,
    );
    await assert.rejects(read('broken.csv.gz', Buffer.from('not gzip')), /incorrect header check/);
    await assert.rejects(read('broken.parquet', Buffer.from('not parquet at all')), /parquet/i);
    assert.deepEqual((await read('empty.csv', '')).result, { rows: 0, values: 0, skipped: 0 });
  });

  it('refuses what is no table in little memory, and shows nothing of it', async () => {
    const secret = 'root:x:0:0:secret';
    const before = process.memoryUsage().rss;
    const bomb = gzipSync(Buffer.alloc(300e6, 'a'));
    for (const [name, content, reason] of [
      ['passwd.csv', `${secret}\n${secret}\n`, /columns: expected a column of times/],
      ['bomb.csv.gz', bomb, /bomb\.csv\.gz: a line of more than 4 MB: no table/],
      [
        'wide.csv',
        `time,${Array.from({ length: 1_000_000 }, (_, i) => `m${i}`).join(',')}\n`,
        /columns|a line/,
      ],
      ['zeros.csv', Buffer.alloc(50e6), /a line of more than 4 MB/],
    ] as const) {
      await assert.rejects(read(name, content), (error: Error) => {
        assert.match(error.message, reason, name);
        assert.ok(!error.message.includes('secret') && error.message.length < 300, error.message);
        return true;
      });
    }
    assert.ok(process.memoryUsage().rss - before < 600e6);
  }).timeout(60_000);

  it('refuses a Parquet file that claims more rows than its bytes can hold', async () => {
    const { parquetWriteFile } = await import('hyparquet-writer');
    const path = join(folder, 'claims.parquet');
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'time', data: TIMES.map((time) => BigInt(time)), type: 'INT64' },
        { name: 'm0', data: TIMES.map((_, i) => volts(0, i)), type: 'DOUBLE' },
      ],
    });
    // Thrift's varint of the number of rows, 450, stands in the footer: made as long, and the largest.
    const bytes = readFileSync(path);
    const footer = bytes.readUInt32LE(bytes.length - 8);
    const at = bytes.indexOf(Buffer.from([0x84, 0x07]), bytes.length - 8 - footer);
    assert.ok(at > 0);
    const huge = Buffer.from([0x80, 0x80, 0xa0, 0xf6, 0xf4, 0xac, 0xdb, 0xe0, 0x1b]);
    const longer = Buffer.concat([bytes.subarray(0, at), huge, bytes.subarray(at + 2)]);
    longer.writeUInt32LE(footer + huge.length - 2, longer.length - 8);
    writeFileSync(path, longer);
    await assert.rejects(
      importSeries(path, () => {}),
      /claims\.parquet: its \d+ bytes cannot hold \d{10,} rows/,
    );
  });

  itWith('phase-id/voltages.csv.gz', 'takes the week of ../shared/phase-id as it is', async (path) => {
    const correlator = new PhaseCorrelator(readCorrelatorSettings({}));
    const { rows, values, skipped } = await correlator.import(path, Date.parse('2026-12-31'));
    assert.deepEqual([rows, skipped], [2016, 0]);
    assert.ok(values > 900_000, String(values));
    assert.equal(correlator.status.meters, 464);
  });
});
