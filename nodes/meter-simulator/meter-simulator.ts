import type { Node, NodeAPI, NodeDef } from 'node-red';
import { openRecord, pathOf } from '../../src/files';
import type { WaveformFrame } from '../../src/record';
import { PROFILES } from '../../src/registers';
import {
  PlaybackSource,
  readSimulatorSettings,
  readSyntheticSettings,
  type SignalSource,
  SimulatedMeter,
  SimulatorServer,
  SyntheticSource,
  steadyClock,
} from '../../src/simulation';

interface SimulatorDef extends NodeDef {
  /** COMTRADE file to play back; empty for a synthetic signal. */
  recording?: string;
  /** e.g. `va=1, vb=2, vc=3`; empty: found by unit and phase. */
  channels?: string;
  encoding?: string;
  loop?: boolean;
  /** Whose time the meter's clock shows: that of the host, or that of the recording. */
  clock?: 'host' | 'record';
}

export = (RED: NodeAPI): void => {
  RED.nodes.registerType('meter-simulator', function (this: Node, config: SimulatorDef) {
    RED.nodes.createNode(this, config);
    const text = (key: string, values = {}) => RED._(`meter-simulator.status.${key}`, values);

    /** One source for each meter: the recording, or a signal of its own. */
    const sources = async (): Promise<(meter: number) => SignalSource> => {
      if (!config.recording) {
        const synthetic = readSyntheticSettings(config);
        const { stagger } = readSimulatorSettings(config);
        return (meter) => new SyntheticSource(synthetic, meter * stagger, meter + 1);
      }
      const { fileWorkingDirectory: working } = RED.settings as { fileWorkingDirectory?: string };
      const record = await openRecord(
        { path: await pathOf(config.recording, { working }) },
        {
          channels: config.channels,
          encoding: config.encoding || undefined,
          nominal: readSimulatorSettings(config).nominal,
        },
      );
      try {
        // Meter by meter; units take turns where there are more of them than meters in the file.
        const frames = new Map<string, WaveformFrame[]>(
          record.summary.meters.map(({ meter }) => [meter, []]),
        );
        for await (const one of record.records()) {
          if (one.kind === 'waveform') frames.get(one.meter)?.push(one);
        }
        for (const { text: doubt } of record.summary.doubts) this.warn(`${record.summary.file}: ${doubt}`);
        const meters = [...frames.values()].filter((own) => own.length > 0);
        const options = { loop: config.loop === true, recordClock: config.clock === 'record' };
        return (meter) => new PlaybackSource(meters[meter % meters.length], options);
      } finally {
        await record.close();
      }
    };

    const start = async (): Promise<SimulatorServer> => {
      const settings = readSimulatorSettings(config);
      const profile = PROFILES[settings.profile];
      const source = await sources();
      const clock = steadyClock();
      const meters = new Map(
        Array.from({ length: settings.meters }, (_, i) => [
          settings.firstUnit + i,
          new SimulatedMeter({ ...settings, profile, source: source(i), start: clock() }),
        ]),
      );
      const server = await SimulatorServer.listen(meters, settings.port, clock);
      this.status({
        fill: 'green',
        shape: 'dot',
        text: text('serving', { meters: meters.size, port: server.port }),
      });
      return server;
    };

    const started = start().catch((error: Error) => {
      this.error(error.message);
      this.status({ fill: 'red', shape: 'ring', text: text('failed') });
      return undefined;
    });

    this.on('close', (_removed: boolean, done: () => void) => {
      void started.then((server) => server?.close()).then(() => done());
    });
  });
};
