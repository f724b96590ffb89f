import { execFileSync } from 'node:child_process';
import { table } from './report';
import { forgottenConnections, outage, silentUnits } from './rival/faults';
import { install, RIVAL, VERSION } from './rival/install';
import { type Line, print } from './rival/lines';
import { fleet, readsPerSecond } from './rival/load';
import type { Bench } from './rival/setting';
import { type Child, startChild } from './rival/start';

const ROWS: Record<string, (bench: Bench) => Promise<Line[]>> = {
  a: readsPerSecond,
  b: (bench) => fleet(bench, 'b', 100),
  c: (bench) => fleet(bench, 'c', 1000),
  d: silentUnits,
  e: outage,
  f: forgottenConnections,
};

/**
 * meter-poll and the nodes that most people read Modbus with, each in a Node-RED of its own process, on the same
 * simulated meters in a third one. `PQ_RIVAL_ROWS=a,b` picks rows, `PQ_RIVAL_SCALE=0.2` shortens them for a trial.
 */
export async function benchRival(): Promise<void> {
  const names = (process.env.PQ_RIVAL_ROWS || Object.keys(ROWS).join()).split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !Object.hasOwn(ROWS, name));
  if (unknown.length) throw new Error(`PQ_RIVAL_ROWS: no row ${unknown}; there are ${Object.keys(ROWS)}`);
  const scale = Number(process.env.PQ_RIVAL_SCALE || 1);
  if (!(scale > 0 && scale <= 1)) throw new Error('PQ_RIVAL_SCALE: a number above 0, up to 1');
  const installed = install();
  if (typeof installed === 'string') {
    console.log(`\nrival: skipped, ${RIVAL} ${VERSION} could not be installed: ${installed}`);
    return;
  }
  const version = execFileSync(installed.node, ['--version'], { encoding: 'utf8' }).trim();
  const lines: Line[] = [];
  for (const name of names) {
    const children: Child[] = [];
    const start = (child: string) => {
      const started = startChild(child, installed.node);
      children.push(started);
      return started;
    };
    try {
      const bench: Bench = {
        meters: start('meters'),
        startHost: async (isRival, nodes) => {
          const host = start('host');
          await host.ask('start', nodes, isRival ? installed.modules : undefined);
          return { ...host, stop: () => host.ask('stop').then(host.stop, host.stop) };
        },
        seconds: (full) => Math.max(1, Math.round(full * scale)),
      };
      lines.push(...(await ROWS[name](bench)));
    } finally {
      await Promise.all(children.map((child) => child.stop()));
    }
  }
  table(
    `meter-poll against ${RIVAL} ${VERSION}, both in Node-RED on Node ${version} with modbus-serial ${installed.library}` +
      `${scale < 1 ? `; a trial at ${scale} of the durations` : ''}`,
    ['', 'ours', 'theirs', 'ours is'],
    lines.map(print),
  );
}
