/** What meters are asked over: Modbus TCP by modbus-serial, RTU by frames of our own. */
import type { LinkSettings } from '../link-settings';
import { RtuWire } from './rtu-wire';
import { TcpWire } from './tcp-wire';
import type { Wire, WireListener } from './wire';

export type { LineCounters, Table, Wire } from './wire';

/** Opens the wire of a link. @throws the error of port or socket */
export async function openWire(settings: LinkSettings, listener: WireListener): Promise<Wire> {
  return settings.transport === 'tcp'
    ? await TcpWire.open(settings, listener)
    : await RtuWire.open(settings, listener);
}
