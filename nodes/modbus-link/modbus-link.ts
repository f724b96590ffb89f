import type { Node, NodeAPI, NodeDef } from 'node-red';
import { listSerialPorts, ModbusLink, readLinkSettings, tryLink } from '../../src/metering';
import { check } from '../../src/record';
import { type Door, openDoor } from '../admin-door';

interface ModbusLinkNode extends Node {
  /** The connection; undefined where the settings are not valid. */
  link?: ModbusLink;
}

export = (RED: NodeAPI): void => {
  const ports: Door = { method: 'get', path: '/modbus-link/serial-ports', permission: 'modbus-link.read' };
  openDoor(RED, ports, (_req, res) => {
    void listSerialPorts().then((found) => res.json(found));
  });

  // The button of the panel: whoever may change the link may try it.
  const test: Door = { method: 'post', path: '/modbus-link/test', permission: 'flows.write' };
  openDoor(RED, test, (req, res) => {
    const { settings, unit } = (req.body ?? {}) as { settings?: unknown; unit?: unknown };
    const run = async () => {
      const range = { min: 0, max: 255 };
      const id = check.integer(check.setting(unit, 'unit', 1, range), 'unit', range);
      return await tryLink(readLinkSettings(settings), id);
    };
    run().then(
      (found) => res.json(found),
      (error: Error) => res.json({ ok: false, found: 'settings', reason: error.message }),
    );
  });

  RED.nodes.registerType('modbus-link', function (this: ModbusLinkNode, config: NodeDef) {
    RED.nodes.createNode(this, config);
    try {
      this.link = new ModbusLink(readLinkSettings(config));
    } catch (error) {
      this.error((error as Error).message);
    }
    this.on('close', (_removed: boolean, done: () => void) => {
      if (this.link) void this.link.close().then(done);
      else done();
    });
  });
};
