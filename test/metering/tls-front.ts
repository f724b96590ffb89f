import { connect } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';

/** A server in front of another on loopback whose clients must have a certificate (Modbus/TCP Security). */
export async function startTlsFront(
  to: number,
  options: TlsOptions,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (near) => {
    sockets.add(near);
    const far = connect(to, '127.0.0.1');
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
