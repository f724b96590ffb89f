import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { endFlow, runFlow } from './flow-runner';

afterEach(endFlow);

describe('serial ports of the machine', () => {
  it('are offered to the panel by an admin endpoint', async () => {
    await runFlow([{ id: 'link', type: 'modbus-link', transport: 'tcp', host: '127.0.0.1' }]);
    const { body } = await helper.request().get('/modbus-link/serial-ports').expect(200);
    assert.ok(Array.isArray(body));
    for (const { path, label } of body) assert.deepEqual([typeof path, typeof label], ['string', 'string']);
  });
});
