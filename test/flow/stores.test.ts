import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { cleanUpAfterEach } from '../clean-up';
import { reading, sag } from '../publishing/records';
import { until } from '../until';
import { endFlow, type Flow, runFlow } from './flow-runner';

const cleanUp = cleanUpAfterEach();

/** Each node that keeps something on disk: where, with which settings, on which output it reports, under which code. */
const STORES = [
  { place: 'outbox', type: 'scada-publish', port: 1, code: 'STORE_ERROR', refuses: true },
  { place: 'report', type: 'pq-report', port: 1, code: 'REPORT_STORE', refuses: true },
  { place: 'journal', type: 'sag-swell-detector', port: 2, code: 'JOURNAL_ERROR', refuses: false },
  { place: 'phases', type: 'phase-correlator', port: 1, code: 'SERIES_STORE', refuses: false },
] as const;

async function keeping(type: string, port: number, userDir: string): Promise<Flow> {
  helper.settings({ userDir } as never);
  cleanUp(() => helper.settings({} as never), endFlow);
  const wires: string[][] = Array.from({ length: 4 }, (_, i) => (i === port ? ['said'] : []));
  return await runFlow([
    { id: 'endpoint', type: 'scada-endpoint', protocol: 'mqtt', url: 'mqtt://127.0.0.1:1' },
    { id: 'node', type, name: 'the node', endpoint: 'endpoint', journal: true, keep: true, wires },
    { id: 'said', type: 'helper' },
    { id: 'complete', type: 'complete', scope: ['node'], wires: [['done']] },
    { id: 'done', type: 'helper' },
  ]);
}

function newUserDir(): string {
  const made = mkdtempSync(join(tmpdir(), 'pq-user-'));
  cleanUp(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('a store that does not open at the start', function () {
  this.timeout(60_000);

  for (const { place, type, port, code, refuses } of STORES) {
    it(`of ${type} is said, tried again, and opens by itself when it can`, async () => {
      const userDir = newUserDir();
      mkdirSync(join(userDir, 'power-quality'));
      // Nothing can be made below a file: as a disk without room, or without the right to write.
      const obstacle = join(userDir, 'power-quality', place);
      writeFileSync(obstacle, '');
      const flow = await keeping(type, port, userDir);
      const said = () =>
        flow.got('said').flatMap(({ payload }) => (payload.code === code ? [String(payload.text)] : []));
      if (!refuses) flow.send('node', { payload: sag(1) });
      await until(() => said().length === 1, 'the diagnostic');
      assert.match(said()[0], /ENOTDIR|EEXIST|not a directory|file already exists/i);
      if (refuses) {
        flow.send('node', { payload: sag(1) });
        await until(() => flow.got('errors').length === 1, 'the refusal');
        assert.match(String(flow.got('errors')[0].error?.message), /ENOTDIR|EEXIST|not a directory/i);
      }
      rmSync(obstacle);
      await until(() => said().length === 2, 'the end of it');
      assert.match(said()[1], /^over: /);
      const before = flow.got('done').length;
      flow.send('node', { payload: sag(2) });
      await until(() => flow.got('done').length > before, 'a message done');
    });
  }
});

describe('what is kept on disk', function () {
  this.timeout(60_000);

  it('is read and written by its owner alone: folders 0700, files 0600', async () => {
    const userDir = newUserDir();
    for (const { type, port } of STORES) {
      const flow = await keeping(type, port, userDir);
      for (let n = 0; n < 5; n++) flow.send('node', { payload: n === 2 ? sag(n) : reading(n) });
      await until(() => flow.got('done').length + flow.got('errors').length === 5, `${type}: all done`);
      await endFlow();
    }
    // Opened again: what LevelDB has made meanwhile is looked after.
    for (const { type, port } of STORES) {
      const flow = await keeping(type, port, userDir);
      flow.send('node', { payload: sag(9) });
      await until(() => flow.got('done').length === 1, `${type}: done`);
      await endFlow();
    }
    const wrong: string[] = [];
    const look = (folder: string) => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        const found = statSync(path);
        const mode = (found.mode & 0o777).toString(8);
        if (found.isDirectory()) {
          if (mode !== '700') wrong.push(`${path} ${mode}`);
          look(path);
        } else if (mode !== '600' && !/\.(log|ldb)$|MANIFEST|LOG|CURRENT/.test(name))
          wrong.push(`${path} ${mode}`);
      }
    };
    look(join(userDir, 'power-quality'));
    assert.deepEqual(wrong, []);
  });
});
