import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { endedMeter, packSamples, parseRecord, WaveformFrame } from '../../src/record';

// The clone that Node-RED itself makes for every wire after the first.
const fromNodeRed = createRequire(require.resolve('node-red'));
const { cloneMessage } = fromNodeRed('@node-red/util').util as { cloneMessage<T>(msg: T): T };

const PLAIN = {
  kind: 'waveform' as const,
  meter: 'm1',
  time: 1000,
  rate: 500,
  channels: { va: [1, 2, 3, 4], ib: [-1, -2, -3, -4] },
};

describe('WaveformFrame', () => {
  it('takes plain arrays and typed arrays alike', () => {
    const makers = [
      (x: number[]) => x,
      (x: number[]) => Float32Array.from(x),
      (x: number[]) => Float64Array.from(x),
      (x: number[]) => Int16Array.from(x),
    ];
    for (const make of makers) {
      const channels = { va: make(PLAIN.channels.va), ib: make(PLAIN.channels.ib) };
      const frame = WaveformFrame.from({ ...PLAIN, channels });
      assert.deepEqual(frame.names, ['va', 'ib']);
      assert.deepEqual([...(frame.channel('ib') ?? [])], [-1, -2, -3, -4]);
      assert.equal(frame.endTime, 1008);
    }
  });

  it('gives the plain form as JSON, and comes back from it the same', () => {
    const frame = WaveformFrame.from(PLAIN);
    assert.deepEqual(JSON.parse(JSON.stringify(frame)), PLAIN);
    assert.deepEqual(WaveformFrame.from(JSON.parse(JSON.stringify(frame))), frame);
  });

  it('survives the clone of a wire, sharing its memory', () => {
    const frame = WaveformFrame.from({ ...PLAIN, last: true });
    const clone = cloneMessage({ payload: frame }).payload;
    assert.ok(clone instanceof WaveformFrame);
    assert.equal(clone.channel('va')?.buffer, frame.channel('va')?.buffer);
    assert.deepEqual(clone.toJSON(), frame.toJSON());
    assert.equal(clone.last, true);
    assert.equal(parseRecord(clone), clone);
  });

  it('cuts out a stretch with its own time', () => {
    const part = WaveformFrame.from(PLAIN).slice(1, 3);
    assert.deepEqual(part.toJSON(), { ...PLAIN, time: 1002, channels: { va: [2, 3], ib: [-2, -3] } });
  });

  const MARKED = { ...PLAIN, last: true, resumes: true, nominal: 230 };

  it('keeps its marks and its declared voltage through JSON, packing and the clone of a wire', () => {
    const frame = WaveformFrame.from(MARKED);
    assert.deepEqual([frame.last, frame.resumes, frame.nominal], [true, true, 230]);
    assert.deepEqual(JSON.parse(JSON.stringify(frame)), MARKED);
    const copies = [
      WaveformFrame.from(JSON.parse(JSON.stringify(frame))),
      parseRecord(JSON.parse(JSON.stringify(packSamples(frame)))),
      cloneMessage({ payload: frame }).payload,
    ];
    for (const copy of copies) assert.deepEqual(JSON.parse(JSON.stringify(copy)), MARKED);
  });

  it('leaves out marks that say nothing', () => {
    const frame = WaveformFrame.from({ ...PLAIN, last: false, resumes: false });
    assert.deepEqual(JSON.parse(JSON.stringify(frame)), PLAIN);
    assert.ok(!Object.keys(frame).some((key) => ['last', 'resumes', 'nominal'].includes(key)));
    // Only `true` is a mark.
    assert.equal(WaveformFrame.from({ ...PLAIN, last: 1, resumes: 'yes' }).last, undefined);
    assert.equal(WaveformFrame.from({ ...PLAIN, last: 1, resumes: 'yes' }).resumes, undefined);
  });

  it('keeps the declared voltage in a part of it, but not its marks', () => {
    const part = WaveformFrame.from(MARKED).slice(1, 3);
    assert.deepEqual(part.toJSON(), {
      ...PLAIN,
      time: 1002,
      channels: { va: [2, 3], ib: [-2, -3] },
      nominal: 230,
    });
  });

  it('becomes the last one of its stream without a copy of its samples', () => {
    for (const [given, meant] of [
      [PLAIN, { ...PLAIN, last: true }],
      [
        { ...PLAIN, resumes: true, nominal: 400 },
        { ...PLAIN, resumes: true, nominal: 400, last: true },
      ],
      [MARKED, MARKED],
    ] as const) {
      const frame = WaveformFrame.from(given);
      const before = JSON.stringify(frame);
      const last = frame.asLast();
      assert.ok(last instanceof WaveformFrame);
      assert.equal(last.data, frame.data);
      assert.deepEqual(JSON.parse(JSON.stringify(last)), meant);
      assert.equal(JSON.stringify(frame), before);
    }
  });

  it('names the meter whose stream ends, however bad the rest is', () => {
    assert.equal(endedMeter(WaveformFrame.from(MARKED)), 'm1');
    assert.equal(endedMeter({ kind: 'waveform', meter: 'm2', last: true, rate: -1 }), 'm2');
    for (const other of [
      PLAIN,
      { ...MARKED, kind: 'reading' },
      { ...MARKED, last: 'true' },
      { ...MARKED, meter: 7 },
      null,
      undefined,
      'waveform',
      [],
    ]) {
      assert.equal(endedMeter(other), undefined);
    }
  });

  const BAD: [string, object, RegExp][] = [
    [
      'unequal lengths',
      { channels: { va: [1, 2], vb: [1] } },
      /payload\.channels\.vb: expected 2 samples as in va, got 1/,
    ],
    [
      'NaN',
      { channels: { va: [1, Number.NaN] } },
      /payload\.channels\.va\[1\]: expected a finite number, got NaN/,
    ],
    [
      'infinity',
      { channels: { va: [Number.POSITIVE_INFINITY] } },
      /payload\.channels\.va\[0\]: .* got Infinity/,
    ],
    ['too large for float32', { channels: { va: [1e39] } }, /payload\.channels\.va\[0\]: /],
    ['text', { channels: { va: ['1'] } }, /payload\.channels\.va\[0\]: .* got "1"/],
    [
      'rate 0',
      { rate: 0 },
      /payload\.rate: expected a finite number \(Hz\) above 0 and not above 10000000, got 0/,
    ],
    ['no channels', { channels: {} }, /payload\.channels: expected at least one channel/],
    ['no samples', { channels: { va: [] } }, /payload\.channels\.va: expected 1 to/],
    ['an unknown channel', { channels: { vx: [1] } }, /payload\.channels\.vx: expected one of va, vb/],
    ['an inherited name', { channels: { toString: [1] } }, /payload\.channels\.toString: expected one of/],
    [
      'an object that says it is long',
      { channels: { va: { length: 1e9 } } },
      /payload\.channels\.va: expected an array/,
    ],
    [
      'a DataView',
      { channels: { va: new DataView(new ArrayBuffer(8)) } },
      /payload\.channels\.va: expected an array/,
    ],
    ['no meter', { meter: undefined }, /payload\.meter: /],
    ['a declared voltage of nought', { nominal: 0 }, /payload\.nominal: .*above 0.*got 0/],
    ['a declared voltage beyond all lines', { nominal: 1e8 }, /payload\.nominal: .*10000000.*got 100000000/],
    ['a declared voltage in words', { nominal: '230' }, /payload\.nominal: .*got "230"/],
    [
      'packed samples that are no text',
      { encoding: 'float32le', channels: { va: [1, 2] } },
      /payload\.channels\.va: expected float32 samples in base64, got an array of 2/,
    ],
    [
      'packed samples that are cut',
      { encoding: 'float32le', channels: { va: 'AAAAAAA=' } },
      /payload\.channels\.va: expected float32 samples in base64/,
    ],
    [
      'packed samples that are no numbers',
      {
        encoding: 'float32le',
        channels: { va: Buffer.from(new Float32Array([1, Number.NaN]).buffer).toString('base64') },
      },
      /payload\.channels\.va\[1\]: expected a finite number/,
    ],
    [
      'packed samples of an unknown channel',
      { encoding: 'float32le', channels: { toString: 'AAAAAA==' } },
      /payload\.channels\.toString: expected one of va/,
    ],
  ];
  for (const [what, change, message] of BAD) {
    it(`refuses ${what} and names the field`, () => {
      assert.throws(() => WaveformFrame.from({ ...PLAIN, ...change }), message);
    });
  }

  it('comes back exactly from its packed form, which others can read', () => {
    const samples = [0.1, -325.2691, 1e-30, 3.4e38];
    const frame = WaveformFrame.from({ ...PLAIN, last: true, channels: { va: samples, ib: [1, 2, 3, 4] } });
    const packed = JSON.parse(JSON.stringify(packSamples(frame)));
    assert.deepEqual([packed.encoding, packed.length, packed.rate, packed.last], ['float32le', 4, 500, true]);
    // IEEE 754: 1.0 is 3f800000, little endian.
    assert.equal(
      packed.channels.ib.slice(0, 4),
      Buffer.from('0000803f', 'hex').toString('base64').slice(0, 4),
    );
    const back = parseRecord(packed) as WaveformFrame;
    assert.deepEqual(back.channel('va'), Float32Array.from(samples));
    assert.deepEqual(JSON.stringify(back), JSON.stringify(frame));
  });
});
