import { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { LinkSettings } from '../link-settings';

/**
 * Opens a TCP connection to the host of a link, with TLS where it has TLS settings (Modbus/TCP Security, MB-TCP-Security
 * V2.1; its port is 802).
 * @throws the error of the socket or of TLS; ETIMEDOUT after the timeout of the link
 */
export async function connectSocket({ host, port, tls, timeout }: LinkSettings): Promise<Socket | TLSSocket> {
  const socket = tls ? connectTls({ minVersion: 'TLSv1.2', ...tls, host, port }) : new Socket();
  socket.setNoDelay();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(Object.assign(new Error('Timed out'), { code: 'ETIMEDOUT' })),
        timeout,
      );
      const end = (act: () => void) => () => {
        clearTimeout(timer);
        act();
      };
      socket.once('error', (error) => end(() => reject(error))());
      socket.once(
        'close',
        end(() => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))),
      );
      socket.once(tls ? 'secureConnect' : 'connect', end(resolve));
      if (!tls) socket.connect(port, host);
    });
  } catch (error) {
    // What is given up must not go on trying: it would hold a socket for minutes.
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  socket.removeAllListeners('error').removeAllListeners('close');
  return socket;
}
