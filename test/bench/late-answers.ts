import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SABOTAGE } from '../metering/rtu-saboteur';
import { readOver, say } from '../metering/spoilt-line';
import { seeded } from '../signal/signals';
import { until } from '../until';

/** The default of a link, ms. */
const TIMEOUT = 1000;
const SECONDS = Number(process.env.PQ_LATE_SECONDS ?? 90);

/**
 * Late answers at the default timeout, each line at a lateness of its own from 2.00 to 2.20 s in steps of 10 ms, with
 * one to eight units, with and without retries: how many readings are wrong. And all that can go wrong on a line at
 * once. A part of the lines are pseudo terminals, where socat is there.
 */
export async function benchLateAnswers(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pq-late-'));
  const children: ReturnType<typeof spawn>[] = [];
  const serial = async (port: number): Promise<string> => {
    const path = join(folder, String(port));
    children.push(spawn('socat', [`pty,raw,echo=0,link=${path}`, `tcp:127.0.0.1:${port},nodelay`]));
    await until(() => existsSync(path), 'the serial line');
    return path;
  };
  let hasSocat = true;
  try {
    execFileSync('socat', ['-V'], { stdio: 'ignore' });
  } catch {
    hasSocat = false;
    console.log('no socat here: no lines on pseudo terminals');
  }
  const steps = Array.from({ length: 21 }, (_, i) => 2000 + 10 * i);
  const deadline = performance.now() + 1000 * SECONDS;
  const late = (isSerial: boolean) =>
    steps.flatMap((ms, i) =>
      (isSerial ? [1 + (i % 8)] : [1, 2, 3, 4, 5, 6, 7, 8]).flatMap((units) =>
        [0, 3].map((retries) =>
          readOver(
            { part: 0.25, kinds: ['late'], late: [ms, ms + 10], random: seeded(ms + 7 * units + retries) },
            { units, deadline, timeout: TIMEOUT, retries, serial: isSerial ? serial : undefined },
          ),
        ),
      ),
    );
  const everything = Array.from({ length: 40 }, (_, k) =>
    readOver(
      { part: 0.1, kinds: SABOTAGE, late: [900, 2600], echo: k % 4 === 0, random: seeded(9000 + k) },
      {
        units: 1 + (k % 8),
        deadline,
        timeout: TIMEOUT,
        retries: k % 2 ? 3 : 0,
        serial: hasSocat && k % 3 === 0 ? serial : undefined,
      },
    ),
  );
  const [sockets, terminals, all] = await Promise.all([
    Promise.all(late(false)),
    Promise.all(hasSocat ? late(true) : []),
    Promise.all(everything),
  ]);
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
  console.log(`\nRTU at the default timeout of ${TIMEOUT} ms, ${SECONDS} s`);
  say('every fourth answer 2.00 to 2.20 s late, 336 lines over TCP', sockets);
  if (hasSocat) say('the same, 42 lines on pseudo terminals', terminals);
  say('every tenth answer spoilt in any of ten ways, 40 lines', all);
}
