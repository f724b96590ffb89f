/** The process of the simulated meters, gateways and routers: see {@link startChild}. */
import { type Gateway, type GatewayOptions, startGateway } from '../../metering/gateway';
import { type MiddleBox, startMiddleBox } from './middle-box';
import { now, serve } from './serve';

const gateways = new Map<number, Gateway>();
const boxes = new Map<number, MiddleBox>();

async function gateway(options: GatewayOptions): Promise<number> {
  const started = await startGateway(options);
  gateways.set(started.port, started);
  return started.port;
}

async function box(delay: number, idleLimit?: number): Promise<number> {
  const started = await startMiddleBox(await gateway({ units: { 1: delay } }), idleLimit);
  boxes.set(started.port, started);
  return started.port;
}

serve({
  /** So many meters with a port each, that answer after `delay` ms. */
  meters: async (count: number, delay: number) => {
    const ports: number[] = [];
    for (let i = 0; i < count; i++) ports.push(await gateway({ units: { 1: delay } }));
    return ports;
  },
  /** The same, each behind a router. */
  boxes: async (count: number, delay: number, idleLimit?: number) => {
    const ports: number[] = [];
    for (let i = 0; i < count; i++) ports.push(await box(delay, idleLimit));
    return ports;
  },
  gateway,
  /** A device goes: its connections are closed, new ones refused. */
  leave: async (port: number) => {
    await gateways.get(port)?.close();
  },
  /** It listens again. Gives the time. */
  comeBack: async (port: number) => {
    const { units } = gateways.get(port) as Gateway;
    await gateway({ units, port });
    return now();
  },
  powerOff: (port: number) => boxes.get(port)?.powerOff(),
  powerOn: (port: number) => {
    boxes.get(port)?.powerOn();
    return now();
  },
  forget: (port: number) => {
    boxes.get(port)?.forget();
    return now();
  },
  /** Ends all that was started so far. */
  clear: async () => {
    for (const one of [...boxes.values(), ...gateways.values()]) await one.close().catch(() => {});
    boxes.clear();
    gateways.clear();
  },
});
