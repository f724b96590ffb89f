/** Meters that only hand out waveform blocks, in a process of their own: they cost next to nothing, so the reader is measured. */
import { createServer } from 'node:net';
import { CHANNEL_NAMES } from '../../src/record';
import { blockCapacity, encode, encodeBlockHeader, encodeStatus, FIFO, genericPq } from '../../src/registers';

export interface BlockMeters {
  meters: number;
  rate: number;
  /** ms from a request to its answer. */
  delay: number;
  /** Blocks that a meter holds. */
  depth: number;
}

const CHANNELS = (['va', 'vb', 'vc', 'ia', 'ib', 'ic'] as const).slice();
const HEAD = 7;

function startMeter({ rate, delay, depth }: BlockMeters): Promise<number> {
  const count = blockCapacity(CHANNELS.length);
  const perSecond = rate / count;
  const start = Date.now();
  const begun = performance.now();
  let pointer = 0;
  const words = new Uint16Array(FIFO.blockLength);
  for (let n = 0; n < CHANNELS.length * count; n++) words[FIFO.headerLength + n] = 1000;
  const next = () => Math.floor(((performance.now() - begun) / 1000) * perSecond);
  const registers = (address: number, length: number): Uint16Array => {
    const newest = next();
    const oldest = Math.max(0, newest - depth);
    if (address >= FIFO.window) {
      const number = pointer + Math.floor((address - FIFO.window) / FIFO.blockLength);
      if (number < oldest || number >= newest) return new Uint16Array(length).fill(0xffff, 0, 2);
      const time = start + (1000 * number) / perSecond;
      encodeBlockHeader({ number, format: 1, count, last: false, time }, words);
      return words;
    }
    if (address === FIFO.status) {
      const scales = CHANNELS.map(() => 0.01);
      return encodeStatus({
        overflow: false,
        sampling: true,
        format: 1,
        oldest,
        next: newest,
        rate,
        channels: CHANNELS.sort((a, b) => CHANNEL_NAMES.indexOf(a) - CHANNEL_NAMES.indexOf(b)),
        scales,
      });
    }
    const one: number[] = new Array(length).fill(0);
    if (address === genericPq.registers.LOG_CTRL.address) one[0] = 1;
    if (address === genericPq.registers.CLOCK.address) encode(Date.now(), 'uint64', one, 0);
    return Uint16Array.from(one);
  };
  const answer = (frame: Buffer): Buffer => {
    const code = frame[HEAD];
    const address = frame.readUInt16BE(HEAD + 1);
    const length = frame.readUInt16BE(HEAD + 3);
    if (code === 16) {
      if (address === genericPq.registers.FIFO_POINTER.address) pointer = frame.readUInt32BE(HEAD + 6);
      const out = Buffer.from(frame.subarray(0, HEAD + 5));
      out.writeUInt16BE(6, 4);
      return out;
    }
    const data = registers(address, length);
    const out = Buffer.alloc(HEAD + 2 + 2 * length);
    frame.copy(out, 0, 0, HEAD + 1);
    out.writeUInt16BE(3 + 2 * length, 4);
    out[HEAD + 1] = 2 * length;
    for (let i = 0; i < length; i++) out.writeUInt16BE(data[i], HEAD + 2 + 2 * i);
    return out;
  };
  const server = createServer((socket) => {
    socket.setNoDelay();
    socket.on('error', () => {});
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      const answers: Buffer[] = [];
      while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
        const length = 6 + rest.readUInt16BE(4);
        answers.push(answer(rest.subarray(0, length)));
        rest = rest.subarray(length);
      }
      if (answers.length === 0) return;
      const send = () => socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
      if (delay > 0) setTimeout(send, delay);
      else send();
    });
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
}

process.once('message', async (given: BlockMeters) => {
  const ports = await Promise.all(Array.from({ length: given.meters }, () => startMeter(given)));
  process.send?.(ports);
});
