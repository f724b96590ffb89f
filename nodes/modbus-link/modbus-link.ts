import type { Node, NodeAPI, NodeDef } from 'node-red';
import { listSerialPorts, ModbusLink, readLinkSettings } from '../../src/metering';

interface ModbusLinkNode extends Node {
  /** The connection; undefined where the settings are not valid. */
  link?: ModbusLink;
}

export = (RED: NodeAPI): void => {
  RED.httpAdmin.get(
    '/modbus-link/serial-ports',
    RED.auth.needsPermission('modbus-link.read'),
    (_req, res) => {
      void listSerialPorts().then((ports) => res.json(ports));
    },
  );

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
