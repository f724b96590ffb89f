import { fork } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const BENCH = join(__dirname, '..');

export interface Child {
  /** What the call of that name returns in the child. Rejects with the child's error, or when the child exits. */
  ask<T>(call: string, ...args: unknown[]): Promise<T>;
  stop(): Promise<void>;
}

/** Runs `rival/NAME.ts` in a process of its own: plain Node, as Node-RED runs, without what compiles tests. */
export function startChild(name: string, node: string): Child {
  const outfile = join(BENCH, '..', '..', '.scratch', 'bench', `rival-${name}.cjs`);
  buildSync({
    entryPoints: [join(BENCH, 'rival', `${name}.ts`)],
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile,
    logLevel: 'warning',
  });
  const child = fork(outfile, { execPath: node, execArgv: [] });
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  child.on('message', ({ id, result, error }: { id: number; result: never; error?: string }) => {
    const call = open.get(id);
    open.delete(id);
    if (error) call?.reject(new Error(`${name}: ${error}`));
    else call?.resolve(result);
  });
  const exited = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      for (const { reject } of open.values()) reject(new Error(`${name} exited: ${signal ?? code}`));
      open.clear();
      resolve();
    });
  });
  return {
    ask: (call, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        open.set(id, { resolve, reject });
        child.send({ id, call, args });
      }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const overdue = setTimeout(() => child.kill('SIGKILL'), 5000);
      child.disconnect();
      await exited;
      clearTimeout(overdue);
    },
  };
}
