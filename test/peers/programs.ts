import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../until';

/** Programs started by a test; all of them are ended by {@link endPrograms}. */
const running: ChildProcess[] = [];

/** Debian's own Python, which has Debian's packages. */
export const PYTHON = '/usr/bin/python3';

/** Starts a program; gives it and its first line of output. */
export async function start(command: string, args: string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  let complained = '';
  child.stdout?.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    complained += chunk;
  });
  await until(() => said.includes('\n') || child.exitCode !== null, `${command} ${args[0]} to begin`);
  if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${complained}`);
  return { child, line: said.split('\n')[0] };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

export async function endPrograms(): Promise<void> {
  for (const child of running.splice(0)) await stop(child);
}

/** A Python server of this folder. */
export function python(script: string, ...args: string[]) {
  return start(PYTHON, [join(__dirname, script), ...args]);
}

/** Two serial lines joined back to back. */
export async function serialPair(folder: string): Promise<[string, string]> {
  const ends: [string, string] = [join(folder, 'a'), join(folder, 'b')];
  const child = spawn(
    'socat',
    ends.map((path) => `pty,raw,echo=0,link=${path}`),
  );
  running.push(child);
  await until(() => ends.every((path) => existsSync(path)), 'the serial lines');
  return ends;
}

/** What each can be known by: a command that succeeds. */
const CHECKS = {
  python3: [PYTHON, '--version'],
  pymodbus: [PYTHON, '-c', 'import pymodbus.server, serial'],
  libmodbus: [PYTHON, '-c', 'import ctypes; ctypes.CDLL("libmodbus.so.5")'],
  mbpoll: ['mbpoll', '-V'],
  socat: ['socat', '-V'],
  comtrade: [PYTHON, '-c', 'import comtrade'],
  mosquitto: ['test', '-x', '/usr/sbin/mosquitto'],
  rabbitmq: ['test', '-x', '/usr/lib/rabbitmq/bin/rabbitmq-server'],
  influxd: ['influxd', 'version'],
  prometheus: ['prometheus', '--version'],
};

/** What is missing for a test, in words; undefined where all is there. */
export function missing(...needs: (keyof typeof CHECKS)[]): string | undefined {
  const lacking = needs.filter((need) => {
    const [command, ...args] = CHECKS[need];
    try {
      execFileSync(command, args, { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
  return lacking.length ? lacking.join(', ') : undefined;
}

type Need = Parameters<typeof missing>[number];

/** As mocha's `it`; skipped with a line that says so where a program is missing. */
export function itWith(needs: Need[], title: string, test: () => Promise<void>): void {
  it(title, async function () {
    const lacking = missing(...needs);
    if (lacking) {
      console.log(`      skipped: ${lacking} is not here`);
      this.skip();
    }
    await test();
  });
}
