/** A process of its own full of meters, one a port, so that the poller has a core for itself. */
import { type GatewayOptions, startGateway } from '../metering/gateway';

type Behaviour = GatewayOptions['units'][number];

process.on('message', (behaviours: Behaviour[]) => {
  void (async () => {
    const ports: number[] = [];
    for (const behaviour of behaviours) {
      const { port } = await startGateway({ units: { 1: behaviour }, patience: 300 });
      ports.push(port);
    }
    process.send?.(ports);
  })();
});
