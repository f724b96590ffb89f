import assert from 'node:assert/strict';
import { type Channel, WaveformFrame } from '../../src/record';
import { decodeBlockHeader, FIFO } from '../../src/registers';
import { PlaybackSource } from '../../src/simulation';
import { BlockFifo } from '../../src/simulation/block-fifo';

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) =>
    ordersOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}

const frame = (names: Channel[], time: number, length: number, rate: number, more: object = {}) =>
  WaveformFrame.build({ meter: 'm', time, rate, ...more }, names, length, (views) => {
    views.forEach((view, i) => {
      view.fill(i + 1);
    });
  });

describe('samples in the waveform FIFO', () => {
  it('belong to their own channel, whatever the order in which channels come: all 720 orders of six', () => {
    const names: Channel[] = ['va', 'vb', 'vc', 'ia', 'ib', 'ic'];
    for (const order of ordersOf(names)) {
      const fifo = new BlockFifo(10);
      // The sample of each channel tells which one it is.
      const worth = (name: Channel) => 100 * (names.indexOf(name) + 1);
      fifo.setFormat({ rate: 1000, channels: order, scales: order.map((name) => worth(name) / 1000) });
      fifo.push(
        order.map((name) => new Float32Array(5).fill(worth(name))),
        0,
        5,
        0,
      );
      fifo.end();
      const status = fifo.status();
      const words = fifo.block(0) as Uint16Array;
      const { count } = decodeBlockHeader(words);
      assert.equal(count, 5);
      // The map of the meter knows which channels there are, not their order.
      assert.deepEqual(status.channels, names);
      status.channels.forEach((name, c) => {
        const counts = words[FIFO.headerLength + c * count];
        assert.equal(counts * status.scales[c], worth(name), `${name} in ${order}`);
      });
    }
  });
});

describe('a recording played back', () => {
  const names: Channel[] = ['ia', 'va'];
  const frames = [
    frame(names, 5000, 200, 1000),
    frame(names, 5200, 100, 1000),
    frame(names, 8000, 300, 1000, { resumes: true }),
    frame(names, 8300, 50, 4000, { resumes: true }),
  ];
  const sections = (options: { loop: boolean; recordClock?: boolean }) => {
    const source = new PlaybackSource(frames, options);
    return Array.from({ length: 4 }, () => source.next());
  };

  it('is one section for what goes on, and keeps its pauses', () => {
    const [first, second, third, none] = sections({ loop: false, recordClock: true });
    assert.deepEqual([first?.rate, second?.rate, third?.rate, none], [1000, 1000, 4000, undefined]);
    assert.deepEqual([first?.pause, second?.pause, third?.pause], [0, 2700, 0]);
    assert.deepEqual([first?.clock, second?.clock, third?.clock], [5000, 8000, 8300]);
    const out = [new Float32Array(500), new Float32Array(500)];
    assert.equal(first?.read(out), 300);
    assert.deepEqual([out[0][299], out[1][299], out[0][300]], [1, 2, 0]);
  });

  it('goes by the clock of the host where it is looped, or is told to', () => {
    assert.deepEqual(
      sections({ loop: true, recordClock: true }).map((section) => section?.clock),
      [undefined, undefined, undefined, undefined],
    );
    assert.equal(sections({ loop: false })[0]?.clock, undefined);
    assert.ok(sections({ loop: true })[3], 'again');
  });
});
