import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { faultOf, type LinkSettings, ModbusLink, readLinkSettings } from '../../src/metering';
import { cleanUpAfterEach } from '../clean-up';
import { authority } from '../publishing/certificates';
import { startGateway } from './gateway';
import { startTlsFront } from './tls-front';

const cleanUp = cleanUpAfterEach();

async function secured(options: TlsOptions): Promise<{ port: number; plain: number }> {
  const gateway = await startGateway({ units: { 1: 1 } });
  cleanUp(() => gateway.close());
  const front = await startTlsFront(gateway.port, options);
  cleanUp(() => front.close());
  return { port: front.port, plain: gateway.port };
}

function linkTo(port: number, tls: LinkSettings['tls'], more: object = {}): ModbusLink {
  const settings = readLinkSettings({ host: '127.0.0.1', port, retries: 0, timeout: 3000, ...more });
  const link = new ModbusLink({ ...settings, tls });
  cleanUp(() => link.close());
  return link;
}

/** The fault of a read, also where the server breaks off only after the handshake. */
async function faultAt(link: ModbusLink) {
  return await link.read(1, 0, 1).then(
    (words) => assert.fail(`read ${words}`),
    (error) => faultOf(error),
  );
}

describe('a link with TLS', () => {
  it('reads, with a client certificate, and is refused with the reason otherwise', async () => {
    const known = await authority();
    const other = await authority('Other CA');
    const [server, client, stranger] = [
      await known.sign('127.0.0.1'),
      await known.sign('gateway'),
      await other.sign('gateway'),
    ];
    const { port, plain } = await secured({ ...server, ca: known.ca });
    const link = linkTo(port, { ca: known.ca, ...client });
    assert.deepEqual(await link.read(1, 7, 3), [7, 8, 9]);
    const tests: [string, ModbusLink, RegExp][] = [
      ['the server of an unknown CA', linkTo(port, { ...client }), /CA/],
      ['the server of another CA', linkTo(port, { ca: other.ca, ...client }), /CA|signed/],
      ['no client certificate', linkTo(port, { ca: known.ca }), /certificate/],
      ['a client certificate of another CA', linkTo(port, { ca: known.ca, ...stranger }), /./],
      ['a port without TLS', linkTo(plain, { ca: known.ca, ...client }, { timeout: 500 }), /./],
    ];
    for (const [name, one, reason] of tests) {
      const fault = await faultAt(one);
      // Who says nothing to a handshake is silent; who cuts it may do so before its reason arrives.
      const isQuiet = /without TLS|client certificate/.test(name);
      assert.match(fault.code, isQuiet ? /^(TLS_ERROR|TIMEOUT_ERROR|CONNECTION_LOST)$/ : /^TLS_ERROR$/, name);
      if (fault.code === 'TLS_ERROR') assert.match(fault.text, reason, name);
    }
  });

  it('carries RTU over TCP, too', async () => {
    // Never in the clear where TLS was asked for: nothing but a handshake arrives.
    let first: Buffer | undefined;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        first ??= bytes;
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    await faultAt(linkTo(port, {}, { transport: 'rtu-over-tcp' }));
    // A TLS record: handshake.
    assert.equal(first?.[0], 0x16);
  });
});

describe('a device that knows function code 06 only', () => {
  it('has single registers written by that, and is remembered', async () => {
    const codes: number[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (frame) => {
        const code = frame[7];
        codes.push(code);
        const body = code === 6 ? frame.subarray(7, 12) : Buffer.from([code | 0x80, 1]);
        const head = Buffer.from(frame.subarray(0, 7));
        head.writeUInt16BE(body.length + 1, 4);
        socket.write(Buffer.concat([head, body]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp(() => new Promise((resolve) => server.close(resolve)));
    const link = linkTo((server.address() as { port: number }).port, undefined);
    await link.write(1, 100, [7]);
    await link.write(1, 101, [8]);
    assert.deepEqual(codes, [16, 6, 6]);
    await assert.rejects(link.write(1, 100, [1, 2]), { modbusCode: 1 });
    await link.close();
  });
});
