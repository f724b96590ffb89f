import * as net from 'node:net';
import * as tls from 'node:tls';
import type { TlsOptions } from './target';

type Handler = ((event?: unknown) => void) | null | undefined;

/** A TCP or TLS connection that looks like a WebSocket, which is what the STOMP client speaks through. */
export class StompSocket {
  readonly url: string;
  binaryType = 'arraybuffer';
  onclose: Handler = null;
  onerror: Handler = null;
  onmessage: Handler = null;
  onopen: Handler = null;
  readyState = 0;
  private readonly socket: net.Socket;

  /** @param secure undefined for a line that is not encrypted */
  constructor(host: string, port: number, secure: TlsOptions | undefined, failed: (error: Error) => void) {
    this.url = `${host}:${port}`;
    const opened = () => {
      this.readyState = 1;
      this.onopen?.();
    };
    this.socket = secure
      ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...secure }, opened)
      : net.connect({ host, port }, opened);
    this.socket.setNoDelay(true);
    this.socket.on('data', (data) => this.onmessage?.({ data }));
    this.socket.on('error', (error) => {
      failed(error);
      this.onerror?.(error);
    });
    this.socket.on('close', () => {
      this.readyState = 3;
      this.onclose?.({ code: 1006, reason: '', wasClean: false });
    });
  }

  send(data: string | ArrayBuffer | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
  }

  close(): void {
    this.readyState = 2;
    this.socket.end();
    this.socket.destroySoon();
  }

  terminate(): void {
    this.socket.destroy();
  }
}
