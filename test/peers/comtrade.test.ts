import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXPORT_FORMATS, exportEvent } from '../../src/comtrade';
import { cleanUpAfterEach } from '../clean-up';
import { eventWith } from '../disturbance/journal-events';
import { itWith, PYTHON } from './programs';

const cleanUp = cleanUpAfterEach();

describe('COMTRADE export, read by the package comtrade of Python', () => {
  for (const format of EXPORT_FORMATS) {
    for (const single of [false, true]) {
      itWith(['comtrade'], `${format}, ${single ? 'one file' : 'three files'}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'pq-comtrade-'));
        cleanUp(() => rmSync(folder, { recursive: true, force: true }));
        const event = eventWith(Date.UTC(2026, 0, 2, 3, 4, 5), 300);
        const exported = exportEvent({ event, format, single });
        const files = Object.entries(exported).flatMap(([ending, content]) => {
          if (ending === 'name' || ending === 'hdr') return [];
          const path = join(folder, `event.${ending}`);
          writeFileSync(path, content);
          return [path];
        });
        const script = join(__dirname, 'read_comtrade.py');
        const found = JSON.parse(String(execFileSync(PYTHON, [script, ...files])));
        assert.equal(found.revision, '2013');
        assert.equal(found.station, 'm1');
        assert.equal(found.frequency, 50);
        assert.match(found.start, /^2026-01-02T03:04:04\.8/);
        assert.deepEqual(found.channels, ['VA', 'IA']);
        assert.ok(Math.abs(found.time[32] - 0.01) < 1e-6);
        const samples = event.capture?.channel('va') as Float32Array;
        samples.forEach((x, n) => {
          assert.ok(Math.abs(found.analog[0][n] - x) < 0.01, `${found.analog[0][n]} for ${x}`);
        });
      });
    }
  }
});
