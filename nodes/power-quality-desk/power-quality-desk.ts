import type { NodeAPI } from 'node-red';
import { board, type Section } from '../../src/desk';
import { lossRegistry } from '../../src/shared';
import { openDoor } from '../admin-door';

/** Open sidebars are told of changes this often, ms: faster nobody reads. */
const TELL_EVERY = 1000;

/** Plugins are not in the types of Node-RED yet. */
interface WithPlugins {
  plugins?: { registerPlugin(id: string, definition: object): void };
  comms: { publish(topic: string, data: unknown, retain: boolean): void };
}

/** The sidebar tab: what it shows comes from the board, over the admin API; that there is news, over comms. */
export = (RED: NodeAPI & WithPlugins): void => {
  const door = (path: string, handle: Parameters<typeof openDoor>[2]) =>
    openDoor(
      RED,
      { method: 'get', path: `/power-quality/desk/${path}`, permission: 'power-quality.read' },
      handle,
    );
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

  door('meters', (req, res) => {
    res.json(board.meters(text(req.query.find) ?? '', Math.max(0, Number(req.query.skip) || 0)));
  });
  door('events', (_req, res) => {
    res.json(board.events());
  });
  door('event', (req, res) => {
    void board.event(text(req.query.id) ?? '').then((event) => {
      if (!event) return void res.status(404).json({});
      const { capture, ...rest } = event;
      res.json({ ...rest, hasCapture: capture !== undefined });
    });
  });
  // Samples as they lie in memory: float32, one channel after the other, as the header says.
  door('capture', (req, res) => {
    void board.event(text(req.query.id) ?? '').then((event) => {
      const capture = event?.capture;
      if (!capture) return void res.status(404).json({});
      const { layout, rate, time, length, data } = capture;
      res.set('x-capture', JSON.stringify({ channels: layout.split(' '), rate, time, length }));
      res.type('application/octet-stream').send(data);
    });
  });
  door('power', (req, res) => {
    res.json({ meters: board.powerMeters, ...board.power(text(req.query.meter)) });
  });
  door('maps', (_req, res) => {
    res.json(board.maps);
  });
  door('plot', (req, res) => {
    try {
      res.json(board.plot(text(req.query.source) ?? '', text(req.query.transformer) ?? '') ?? null);
    } catch (error) {
      res.status(404).json({ error: (error as Error).message });
    }
  });
  door('queues', (_req, res) => {
    res.json(board.queues);
  });

  // What the sidebar has forgotten because it was too much.
  lossRegistry.add('power-quality-desk', {
    stage: 'power-quality-desk',
    name: 'sidebar',
    losses: () => ({ ...board.dropped }),
  });
  const changed = new Set<Section>();
  let telling: NodeJS.Timeout | undefined;
  board.onChange((section) => {
    changed.add(section);
    if (telling) return;
    telling = setTimeout(() => {
      telling = undefined;
      RED.comms.publish('power-quality/changed', { sections: [...changed] }, false);
      changed.clear();
    }, TELL_EVERY);
    telling.unref();
  });

  RED.plugins?.registerPlugin('power-quality-desk', { type: 'power-quality' });
};
