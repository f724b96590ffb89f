import type { LinkSettings } from '../link-settings';
import { connectSocket } from './socket';

/** Bytes to and from a serial port, or a socket that stands for one. */
export interface ByteStream {
  readonly isOpen: boolean;
  write(bytes: Buffer): void;
  close(): Promise<void>;
}

export interface ByteListener {
  data(bytes: Buffer): void;
  closed(error: Error): void;
}

/** A port that hangs is waited for so long, ms. */
const CLOSING = 500;

/**
 * Opens the stream of a link.
 * @throws the error of port or socket, or of a `serialport` that is not there
 */
export async function openStream(settings: LinkSettings, listener: ByteListener): Promise<ByteStream> {
  return settings.transport === 'rtu'
    ? await openPort(settings, listener)
    : await openSocket(settings, listener);
}

async function openPort(settings: LinkSettings, listener: ByteListener): Promise<ByteStream> {
  const { serialPort: path, baudRate, dataBits, parity, stopBits } = settings;
  // An optional dependency: a gateway without a build for its processor does without serial lines.
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
  port.on('error', (error) => listener.closed(error));
  port.on('close', (error: Error | null) =>
    listener.closed(error ?? new Error('the serial port was closed')),
  );
  port.on('data', (bytes: Buffer) => listener.data(bytes));
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(error) : resolve()));
  });
  return {
    get isOpen() {
      return port.isOpen;
    },
    write: (bytes) => void port.write(bytes),
    close: () =>
      inTime((done) => {
        if (port.isOpen) port.close(done);
        else done();
      }),
  };
}

async function openSocket(settings: LinkSettings, listener: ByteListener): Promise<ByteStream> {
  const socket = await connectSocket(settings);
  let error: Error = Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });
  let isOpen = true;
  socket.on('error', (reason) => {
    error = reason;
  });
  socket.on('close', () => {
    isOpen = false;
    listener.closed(error);
  });
  socket.on('data', (bytes) => listener.data(bytes));
  return {
    get isOpen() {
      return isOpen;
    },
    write: (bytes) => void socket.write(bytes),
    close: async () => {
      socket.destroy();
    },
  };
}

async function inTime(work: (done: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSING);
    work(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
