import { execFile } from 'node:child_process';
import type { Finding } from '../record';
import { readLine, TYPE_LENGTH } from '../registers';
import { DeviceError } from './diagnosis';
import type { FleetMeter } from './fleet';
import type { ModbusLink } from './link';

/** Between the clocks of meter and gateway, ms (requirements L11). */
const WARNING = 10;
const ALARM = 500;
/** Looks that the drift is taken from, and the shortest stretch that tells one, ms. */
const HISTORY = 64;
const SHORTEST_STRETCH = 60_000;
const MS_PER_DAY = 86_400_000;

export interface ClockState {
  /** Meter minus gateway, ms; half the round trip is taken off. */
  offset: number;
  /** What the offset may be wrong by: half the round trip, ms. */
  uncertainty: number;
  /** ms that the meter gains in a day; undefined until there is enough to tell. */
  driftPerDay?: number;
  /** Whether the gateway's own clock is kept by a time server. */
  gateway: GatewaySync;
}

export type GatewaySync = 'synchronised' | 'not synchronised' | 'unknown';

/** Compares the clock of one meter with that of the gateway. */
export class ClockCheck {
  private readonly history: { time: number; offset: number }[] = [];

  constructor(private readonly meter: FleetMeter) {}

  /** @throws the fault of the link */
  async look(link: ModbusLink): Promise<{ state: ClockState; finding: Finding | undefined }> {
    const { unit, profile } = this.meter;
    const line = profile.registers.CLOCK;
    const { words, sent, received } = await link.timed(unit, line.address, TYPE_LENGTH[line.type]);
    const clock = readLine(line, profile.order, (address) => words[address - line.address] ?? 0);
    if (clock === undefined || !Number.isFinite(clock)) {
      throw new DeviceError(
        'CLOCK_UNREADABLE',
        'the clock register holds no number',
        'Check type and address of CLOCK in the profile.',
      );
    }
    const offset = clock - (sent + received) / 2;
    const gateway = await gatewaySync();
    const state: ClockState = {
      offset,
      uncertainty: (received - sent) / 2,
      driftPerDay: this.drift(received, offset),
      gateway,
    };
    return { state, finding: judge(state) };
  }

  private drift(time: number, offset: number): number | undefined {
    const { history } = this;
    // A clock that was set is another clock.
    if (history.length && Math.abs(offset - history[history.length - 1].offset) > ALARM) history.length = 0;
    history.push({ time, offset });
    if (history.length > HISTORY) history.shift();
    if (time - history[0].time < SHORTEST_STRETCH) return undefined;
    const mean = (of: (one: (typeof history)[0]) => number) =>
      history.reduce((sum, one) => sum + of(one), 0) / history.length;
    const t = mean((one) => one.time);
    const o = mean((one) => one.offset);
    const over = mean((one) => (one.time - t) ** 2);
    return (mean((one) => (one.time - t) * (one.offset - o)) / over) * MS_PER_DAY;
  }
}

/** A finding where the clocks differ by more than the round trip can explain. */
function judge({ offset, uncertainty, driftPerDay, gateway }: ClockState): Finding | undefined {
  const least = Math.abs(offset) - uncertainty;
  if (least <= WARNING) return undefined;
  const alarm = least > ALARM;
  const off = `${Math.abs(offset).toFixed(0)} ms ${offset > 0 ? 'ahead of' : 'behind'}`;
  const drift = driftPerDay === undefined ? '' : `, ${driftPerDay.toFixed(0)} ms a day`;
  const whose = {
    synchronised: 'The gateway is synchronised: set the clock of the meter.',
    'not synchronised': 'The gateway itself is not synchronised: set up NTP (chrony) there first.',
    unknown: 'Whether the gateway itself is synchronised is unknown: check it first, then the meter.',
  }[gateway];
  return {
    code: alarm ? 'CLOCK_ALARM' : 'CLOCK_DRIFT',
    severity: alarm ? 'error' : 'warning',
    text: `the clock of the meter is ${off} the gateway's (+-${uncertainty.toFixed(1)} ms)${drift}`,
    hint: whose,
    detail: { offset, uncertainty, driftPerDay, gateway },
  };
}

/** How long an answer about the gateway's own clock holds, ms. */
const SYNC_HOLDS = 600_000;
let known: { at: number; answer: Promise<GatewaySync> } | undefined;

/** Asks chrony, then systemd, whether this machine's clock is kept; asked once in ten minutes. */
export function gatewaySync(): Promise<GatewaySync> {
  const now = performance.now();
  if (!known || now - known.at > SYNC_HOLDS) known = { at: now, answer: askGateway() };
  return known.answer;
}

async function askGateway(): Promise<GatewaySync> {
  const tracking = await output('chronyc', ['-n', 'tracking']);
  if (tracking !== undefined) return readChrony(tracking);
  const systemd = await output('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  if (systemd === undefined) return 'unknown';
  return readTimedatectl(systemd);
}

/** What `chronyc tracking` says. */
export function readChrony(text: string): GatewaySync {
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(text)?.[1].trim();
  if (!leap) return 'unknown';
  return leap === 'Not synchronised' ? 'not synchronised' : 'synchronised';
}

/** What `timedatectl show -p NTPSynchronized --value` says. */
export function readTimedatectl(text: string): GatewaySync {
  const word = text.trim();
  return word === 'yes' ? 'synchronised' : word === 'no' ? 'not synchronised' : 'unknown';
}

function output(command: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 2000 }, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
