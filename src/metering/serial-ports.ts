/** A serial port of this machine. */
export interface SerialPortInfo {
  path: string;
  /** What the operating system knows of it; empty where it knows nothing. */
  label: string;
}

/**
 * The serial ports of this machine, in the order of their names.
 * @returns none where serial ports are not supported here
 */
export async function listSerialPorts(): Promise<SerialPortInfo[]> {
  try {
    // An optional dependency: a gateway without a build for its processor does without serial lines.
    const { SerialPort } = await import('serialport');
    const ports = await SerialPort.list();
    return ports
      .map(({ path, manufacturer, serialNumber }) => ({
        path,
        label: [manufacturer, serialNumber].filter(Boolean).join(' '),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  } catch {
    return [];
  }
}
