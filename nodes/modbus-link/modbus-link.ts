import type { Node, NodeAPI, NodeDef } from 'node-red';
import {
  type LinkSettings,
  listSerialPorts,
  ModbusLink,
  readLinkSettings,
  tryLink,
} from '../../src/metering';
import { check, FieldError } from '../../src/record';
import { type Door, openDoor } from '../admin-door';

/** What a panel keeps where no other node is chosen. */
const NO_NODE = '_ADD_';

interface TlsNode extends Node {
  addTLSOptions(options: object): NonNullable<LinkSettings['tls']>;
}

interface ModbusLinkNode extends Node {
  /** The connection; undefined where the settings are not valid. */
  link?: ModbusLink;
}

export = (RED: NodeAPI): void => {
  const ports: Door = { method: 'get', path: '/modbus-link/serial-ports', permission: 'modbus-link.read' };
  openDoor(RED, ports, (_req, res) => {
    void listSerialPorts().then((found) => res.json(found));
  });

  /** The settings of a panel; with TLS where a TLS setting is chosen, and never without it then. */
  const settingsOf = (given: unknown): LinkSettings => {
    const settings = readLinkSettings(given);
    const { tls } = (given ?? {}) as { tls?: unknown };
    if (settings.transport === 'rtu' || typeof tls !== 'string' || tls === '' || tls === NO_NODE)
      return settings;
    const node = RED.nodes.getNode(tls) as TlsNode | null;
    if (node?.type !== 'tls-config')
      throw new FieldError('settings.tls', 'a TLS setting that is deployed', undefined);
    return { ...settings, tls: node.addTLSOptions({}) };
  };

  // The button of the panel: whoever may change the link may try it.
  const test: Door = { method: 'post', path: '/modbus-link/test', permission: 'flows.write' };
  openDoor(RED, test, (req, res) => {
    const { settings, unit } = (req.body ?? {}) as { settings?: unknown; unit?: unknown };
    const run = async () => {
      const range = { min: 0, max: 255 };
      const id = check.integer(check.setting(unit, 'unit', 1, range), 'unit', range);
      return await tryLink(settingsOf(settings), id);
    };
    run().then(
      (found) => res.json(found),
      (error: Error) => res.json({ ok: false, found: 'settings', reason: error.message }),
    );
  });

  RED.nodes.registerType('modbus-link', function (this: ModbusLinkNode, config: NodeDef) {
    RED.nodes.createNode(this, config);
    try {
      this.link = new ModbusLink(settingsOf(config));
    } catch (error) {
      this.error((error as Error).message);
    }
    this.on('close', (_removed: boolean, done: () => void) => {
      if (this.link) void this.link.close().then(done);
      else done();
    });
  });
};
