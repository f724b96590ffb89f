import { createServer, type Socket } from 'node:net';
import { crcOf } from '../../src/metering/wire/rtu-frames';

export const SABOTAGE = [
  'late',
  'doubled',
  'swapped',
  'cut',
  'noise before',
  'noise within',
  'noise after',
  'wrong unit',
  'another master',
  'silent',
] as const;
export type Sabotage = (typeof SABOTAGE)[number];

export interface SaboteurSettings {
  /** Part of the answers that are spoilt. */
  part: number;
  kinds: readonly Sabotage[];
  /** ms by which an answer is late, at least and at most. */
  late: readonly [number, number];
  echo?: boolean;
  /** A number from 0 to below n. */
  random(n: number): number;
}

/** What stands in a register: no two of the same unit that lie near each other are alike, nor those of two units. */
export function wordAt(unit: number, address: number): number {
  return (unit * 4099 + address * 17) & 0xffff;
}

function framed(body: number[]): Buffer {
  const crc = crcOf(Uint8Array.from(body));
  return Buffer.from([...body, crc & 0xff, crc >> 8]);
}

function answerOf(unit: number, code: number, address: number, count: number): Buffer {
  const words = Array.from({ length: count }, (_, i) => wordAt(unit, address + i));
  return framed([unit, code, 2 * count, ...words.flatMap((word) => [word >> 8, word & 0xff])]);
}

/** Meters behind a line on which much goes wrong: RTU over TCP. All units answer, and have all registers. */
export async function startSaboteur(settings: SaboteurSettings) {
  const { random, kinds, part, late, echo } = settings;
  const sockets = new Set<Socket>();
  const counts = new Map<string, number>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setNoDelay();
    /** An answer that is kept back until the next one has gone. */
    let kept: Buffer | undefined;
    let received = Buffer.alloc(0);
    const send = (bytes: Buffer) => {
      if (!socket.destroyed) socket.write(bytes);
    };
    const garbage = () => Buffer.from(Array.from({ length: 1 + random(12) }, () => random(256)));

    const spoil = (kind: Sabotage, request: Buffer, answer: Buffer) => {
      const [unit] = request;
      const count = request.readUInt16BE(4);
      switch (kind) {
        case 'late':
          setTimeout(send, late[0] + random(Math.max(1, late[1] - late[0])), answer);
          break;
        case 'doubled':
          send(answer);
          setTimeout(send, random(8), answer);
          break;
        case 'swapped':
          kept = answer;
          break;
        case 'cut':
          send(answer.subarray(0, 1 + random(answer.length - 1)));
          break;
        case 'noise before':
          send(Buffer.concat([garbage(), answer]));
          break;
        case 'noise after':
          send(Buffer.concat([answer, garbage()]));
          break;
        case 'noise within': {
          const bytes = Buffer.from(answer);
          bytes[random(bytes.length)] ^= 1 << random(8);
          send(bytes);
          break;
        }
        case 'wrong unit':
          send(answerOf((unit % 247) + 1, 3, request.readUInt16BE(2), count));
          break;
        case 'another master': {
          // Asks the same unit for as much from elsewhere; the answers come in either order.
          const elsewhere = request.readUInt16BE(2) + 1 + random(50);
          const ask = framed([unit, 3, elsewhere >> 8, elsewhere & 0xff, count >> 8, count & 0xff]);
          const theirs = answerOf(unit, 3, elsewhere, count);
          send(ask);
          send(random(2) ? Buffer.concat([theirs, answer]) : Buffer.concat([answer, theirs]));
          break;
        }
        case 'silent':
          break;
      }
    };

    socket.on('data', (bytes) => {
      if (echo) send(bytes);
      received = Buffer.concat([received, bytes]);
      while (received.length >= 8) {
        const request = received.subarray(0, 8);
        received = received.subarray(8);
        const answer = answerOf(request[0], request[1], request.readUInt16BE(2), request.readUInt16BE(4));
        const before = kept;
        kept = undefined;
        if (random(1e6) < part * 1e6) {
          const kind = kinds[random(kinds.length)];
          counts.set(kind, (counts.get(kind) ?? 0) + 1);
          spoil(kind, request, answer);
        } else send(answer);
        if (before) send(before);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    counts,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
