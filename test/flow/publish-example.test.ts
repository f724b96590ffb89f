import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterEach } from '../clean-up';
import { freePort } from '../free-port';
import { until } from '../until';

const cleanUp = cleanUpAfterEach();
const ROOT = join(__dirname, '..', '..');
const EXAMPLE = join(ROOT, 'examples', 'Store and forward with a server that goes away.json');

describe('the example flow of store and forward, in a Node-RED of its own', function () {
  this.timeout(90_000);

  it('a server that goes away, Node-RED killed meanwhile: all that waits arrives, in order', async () => {
    const userDir = mkdtempSync(join(tmpdir(), 'pq-example-'));
    cleanUp(() => rmSync(userDir, { recursive: true, force: true }));
    const [port, modbus] = [await freePort(), await freePort()];
    const file = (name: string) => join(userDir, `${name}.txt`);
    // What the sidebar would show goes into files.
    const flow = (JSON.parse(readFileSync(EXAMPLE, 'utf8')) as Record<string, unknown>[]).flatMap((node) => {
      if (node.port === 1505) return [{ ...node, port: modbus }];
      if (node.type === 'scada-endpoint') return [{ ...node, url: `http://127.0.0.1:${port}/api/v1/ingest` }];
      if (node.type !== 'debug') return [node];
      const place = { z: node.z, x: node.x, y: node.y };
      const id = String(node.id);
      return [
        { id, type: 'json', ...place, property: 'payload', action: 'str', wires: [[`${id}-file`]] },
        {
          id: `${id}-file`,
          type: 'file',
          ...place,
          filename: file(id),
          filenameType: 'str',
          appendNewline: true,
          overwriteFile: 'false',
          wires: [[]],
        },
      ];
    });
    // What stands under the node in the editor, line by line.
    const place = { z: 'sf-tab', x: 0, y: 0 };
    const text = [{ t: 'set', p: 'payload', pt: 'msg', to: 'status.text', tot: 'msg' }];
    flow.push(
      { id: 'status', type: 'status', ...place, scope: ['sf-publish'], wires: [['status-text']] },
      { id: 'status-text', type: 'change', ...place, rules: text, wires: [['status-file']] },
      {
        id: 'status-file',
        type: 'file',
        ...place,
        filename: file('status'),
        filenameType: 'str',
        appendNewline: true,
        overwriteFile: 'false',
        wires: [[]],
      },
    );
    const statuses = () =>
      existsSync(file('status')) ? readFileSync(file('status'), 'utf8').split('\n') : [];
    const read = (name: string): Record<string, unknown>[] =>
      existsSync(file(name))
        ? readFileSync(file(name), 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line))
        : [];
    const receipts = (state: string) => read('sf-receipts').filter((one) => one.state === state);
    const { startNodeRed } = await import(join(ROOT, 'scripts', 'demo.mjs'));
    const start = async () => await startNodeRed({ port, flow, userDir });
    const press = (id: string) => fetch(`http://127.0.0.1:${port}/inject/${id}`, { method: 'POST' });
    let nodeRed = await start();
    cleanUp(() => nodeRed.kill());
    await until(() => receipts('delivered').length >= 4, 'the first receipts', 30_000);
    await press('sf-away');
    await until(() => receipts('stored').length >= 8, 'records that wait', 30_000);
    await until(
      () => statuses().some((line) => /^disconnected, [1-9]\d* waiting, oldest [1-9]\d* s$/.test(line)),
      () => `what waits, and how long, in the status: ${statuses().slice(-3)}`,
    );
    assert.ok(statuses().includes('connected'));
    const stored = new Set(receipts('stored').map(({ id }) => id));
    await nodeRed.kill();
    nodeRed = await start();
    // After the restart the server is there again.
    await until(
      () => [...stored].every((id) => receipts('delivered').some((one) => one.id === id)),
      () => `${stored.size} stored ones to be delivered, ${receipts('delivered').length} were`,
      30_000,
    );
    await until(() => Number(read('sf-arrived').at(-1)?.arrived) >= stored.size, 'the count of the server');
    const { late } = read('sf-arrived').at(-1) as { late: number };
    assert.equal(late, 0);
    assert.deepEqual(read('sf-errors'), []);
  });
});
