import type { Node, NodeAPI, NodeDef } from 'node-red';
import { type FleetMeter, readFleet } from '../../src/metering';
import { readProfiles } from '../../src/registers';

interface MeterFleetNode extends Node {
  /** Rows of the table; undefined where the table is not valid. */
  meters?: FleetMeter[];
  /** Id of the link for rows that name neither link nor host. */
  link?: string;
  /** Nothing is written to meters with a host of their own. */
  readOnly?: boolean;
}

interface MeterFleetDef extends NodeDef {
  link?: string;
  readOnly?: boolean;
  meters?: unknown;
  /** Devices that the user added, one line a value. */
  profiles?: unknown;
}

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('meter-fleet', function (this: MeterFleetNode, config: MeterFleetDef) {
    RED.nodes.createNode(this, config);
    this.link = config.link;
    this.readOnly = config.readOnly === true;
    try {
      const own = readProfiles(config.profiles ?? []);
      this.meters = readFleet(config.meters ?? [], 'meters', config.link, own);
    } catch (error) {
      this.error((error as Error).message);
    }
  });
};
