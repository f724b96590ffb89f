import type { Node, NodeAPI, NodeDef } from 'node-red';
import { readChannelMap, readRecording, toFrames } from '../../src/comtrade';
import { PROFILES } from '../../src/registers';
import {
  PlaybackSource,
  readSimulatorSettings,
  readSyntheticSettings,
  recordingPath,
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
      const recording = await readRecording(recordingPath(config.recording), {
        encoding: config.encoding || undefined,
      });
      for (const warning of recording.warnings) this.warn(`${config.recording}: ${warning}`);
      const channels = readChannelMap(config.channels ?? '');
      const { frames } = toFrames(recording, { meter: 'recording', channels });
      return () => new PlaybackSource(frames, config.loop === true);
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
