import assert from 'node:assert/strict';
import { FieldError, QUANTITIES } from '../../src/record';
import {
  BYTE_ORDERS,
  type ByteOrder,
  baseOf,
  decode,
  decodeText,
  encode,
  linesOfProfiles,
  PROFILES,
  type RegisterLine,
  readLine,
  readProfiles,
  TYPE_LENGTH,
  UNIT_FACTORS,
} from '../../src/registers';
import { seeded } from '../signal/signals';

/** Bytes in the order they have on the wire, A being the most significant. */
const ON_THE_WIRE: Record<ByteOrder, (bytes: number[]) => number[]> = {
  ABCD: (b) => b,
  DCBA: (b) => [...b].reverse(),
  // Words turned round.
  CDAB: (b) =>
    Array.from({ length: b.length / 2 }, (_, i) => b.slice(b.length - 2 * i - 2, b.length - 2 * i)).flat(),
  // Bytes of each word turned round.
  BADC: (b) => b.map((_, i) => b[i ^ 1]),
};

/** Most significant byte first, worked out by hand from IEEE 754, two's complement and decimal digits. */
const VALUES: [RegisterLine['type'], string, number][] = [
  ['uint16', '1234', 0x1234],
  ['int16', 'fffe', -2],
  ['uint32', '12345678', 0x12345678],
  ['int32', 'fffffffe', -2],
  ['float32', '436652ec', Math.fround(230.3239)],
  ['uint64', '0000000102030405', 0x0102030405],
  ['int64', 'fffffffffffffffe', -2],
  ['float64', '4049066666666666', 50.05],
  ['bcd16', '4711', 4711],
  ['bcd32', '12345678', 12_345_678],
  ['bcd64', '0000123456789012', 123_456_789_012],
];

describe('values in registers', () => {
  for (const [type, hex, value] of VALUES) {
    for (const order of BYTE_ORDERS) {
      it(`reads and writes ${type} as ${order}`, () => {
        const bytes = ON_THE_WIRE[order]([...Buffer.from(hex, 'hex')]);
        const words = Array.from(
          { length: bytes.length / 2 },
          (_, i) => bytes[2 * i] * 256 + bytes[2 * i + 1],
        );
        const found = decode(words, 0, type, order);
        assert.ok(Math.abs(found - value) <= Math.abs(value) * 1e-7, `${found} for ${value}`);
        const written: number[] = [];
        encode(found, type, written, 0, order);
        assert.deepEqual(written, words);
      });
    }
  }

  it('takes a nibble that is no digit for no number', () => {
    assert.ok(Number.isNaN(decode([0x123a], 0, 'bcd16')));
  });

  it('reads text up to its end, without what cannot be printed', () => {
    // The example of Electro Industries: "Shark200" is 5368 6172 6B32 3030.
    assert.equal(decodeText([0x5368, 0x6172, 0x6b32, 0x3030], 0, 4), 'Shark200');
    assert.equal(decodeText([0x2041, 0x1b42, 0x2000, 0x4343], 0, 4), 'AB');
  });

  const value = (line: Partial<RegisterLine>, ...words: number[]) =>
    readLine({ address: 0, type: 'uint16', ...line }, 'ABCD', (address) => words[address] ?? 0);

  it('scales, converts to SI units, and applies exponents', () => {
    assert.equal(value({ scale: 0.1 }, 2301), 230.10000000000002);
    assert.equal(value({ unit: 'kW', scale: 0.01 }, 123), 1230);
    assert.equal(value({ unit: 'mA' }, 1500), 1.5);
    assert.equal(value({ type: 'int16', exponent: 1 }, 7882, 0xfffc), 0.7882);
    assert.equal(value({ type: 'int16', exponent: 1 }, 12, 3), 12_000);
  });

  it('knows what is not measured from what is no number', () => {
    assert.equal(value({ type: 'int16', missing: -0x8000 }, 0x8000), undefined);
    assert.equal(value({ type: 'float32', missing: Number.NaN }, 0x7fc0, 0), undefined);
    assert.ok(Number.isNaN(value({ type: 'float32' }, 0x7fc0, 0)));
    // SunSpec: a scale factor that is not implemented leaves nothing to say.
    assert.ok(Number.isNaN(value({ exponent: 1 }, 5, 0x8000)));
  });

  it('takes bits out of a word', () => {
    assert.equal(value({ bits: { from: 3, count: 1 } }, 0b1000), 1);
    assert.equal(value({ bits: { from: 4, count: 4 } }, 0xabcd), 0xc);
    assert.equal(value({ type: 'uint32', bits: { from: 28, count: 4 } }, 0xf000, 0), 15);
  });

  it('folds a power factor over four quadrants', () => {
    // PowerLogic: 0 degrees = 1, 90 = 0, 180 = -1, 270 = 2; the cosine of the angle is what is meant.
    for (let degrees = 0; degrees < 360; degrees += 15) {
      const cos = Math.cos((degrees * Math.PI) / 180);
      const encoded = degrees <= 180 ? cos : degrees <= 270 ? -2 - cos : 2 - cos;
      const words: number[] = [];
      encode(encoded, 'float32', words, 0);
      const found = value({ type: 'float32', fourQuadrant: true }, ...words) as number;
      assert.ok(Math.abs(found - cos) < 1e-6, `${degrees}: ${found} for ${cos}`);
    }
  });
});

describe('profiles', () => {
  it('give each quantity in its own unit, and name where they come from', () => {
    for (const { name, quantities, source } of Object.values(PROFILES)) {
      assert.ok(source.length > 20, name);
      for (const [quantity, line] of Object.entries(quantities)) {
        const own = QUANTITIES[quantity as 'va'].unit;
        if (line.unit) assert.equal(baseOf(line.unit), own, `${name}.${quantity}`);
      }
    }
  });

  // Spot checks against the documents, one a family: register numbers as printed there.
  const PRINTED: [profile: string, quantity: string, address: number, unit: string | undefined][] = [
    ['pm5000', 'ia', 3000 - 1, undefined],
    ['pm5000', 'p', 3060 - 1, 'kW'],
    ['pm5000', 'f', 3110 - 1, undefined],
    ['pm5000', 'energy_export', 3208 - 1, undefined],
    ['iem3000', 'va', 3028 - 1, undefined],
    ['pac3200', 'vb', 3, undefined],
    ['pac3200', 'q', 67, undefined],
    ['pac2200', 'energy_export', 809, undefined],
    ['janitza-umg', 'f', 19_050, undefined],
    ['janitza-umg', 'thd_ic', 19_120, undefined],
    ['em24', 'energy_export', 0x5c, 'kWh'],
    ['em24-e1', 'f', 0x33, undefined],
    ['abb-b23', 'q', 0x5b1c, undefined],
    ['abb-b23', 's', 0x5b24, undefined],
    ['shark200', 'va', 1000 - 1, undefined],
    ['shark200', 'f', 1026 - 1, undefined],
  ];
  for (const [profile, quantity, address, unit] of PRINTED) {
    it(`${profile} has ${quantity} at ${address}`, () => {
      const line = PROFILES[profile].quantities[quantity as 'va'];
      assert.deepEqual([line?.address, line?.unit], [address, unit]);
    });
  }
});

describe('devices of the user', () => {
  const line = (more: object) => ({
    profile: 'x1',
    quantity: 'va',
    address: '0x10',
    type: 'uint16',
    ...more,
  });

  it('become profiles', () => {
    const { x1 } = readProfiles([
      line({ scale: '0.1', order: 'BADC', table: 'input', maxRead: '20' }),
      line({ quantity: 'p', address: 32, type: 'float32', unit: 'kW', missing: 'NaN' }),
      line({ quantity: 'q', type: 'int32', notAvailable: '7fffffff', overflow: '0x7FFExxxx 8000XXXX' }),
      line({ quantity: 'SETPOINT', address: 90, writable: 'true' }),
      line({ quantity: 'DOOR', address: 91, bits: '3:1' }),
      line({ quantity: 'SERIAL', address: 100, type: 'ascii', length: 8 }),
    ]);
    assert.deepEqual([x1.table, x1.maxRead], ['input', 20]);
    assert.deepEqual(x1.quantities.va, { address: 16, type: 'uint16', scale: 0.1, order: 'BADC' });
    assert.deepEqual(x1.quantities.p, { address: 32, type: 'float32', unit: 'kW', missing: Number.NaN });
    assert.deepEqual(x1.quantities.q?.notAvailable, ['7FFFFFFF']);
    assert.deepEqual(x1.quantities.q?.overflow, ['7FFExxxx', '8000xxxx']);
    assert.equal(x1.registers.SETPOINT.writable, true);
    assert.deepEqual(x1.registers.DOOR.bits, { from: 3, count: 1 });
    assert.deepEqual(x1.identity, { serial: { address: 100, length: 8 } });
  });

  it('may be written as JSON, in either form', () => {
    const lines = linesOfProfiles({
      x1: { table: 'input', quantities: { va: { address: 1, type: 'uint16', bits: { from: 0, count: 8 } } } },
    });
    assert.deepEqual(readProfiles(lines).x1.quantities.va?.bits, { from: 0, count: 8 });
    assert.deepEqual(linesOfProfiles([line({})]), [line({})]);
  });

  const BAD: [string, object, RegExp][] = [
    ['no name', { profile: '' }, /^profiles\[1\]\.profile: expected text/],
    [
      'the name of a built-in one',
      { profile: 'sdm630' },
      /^profiles\[1\]\.profile: expected a name that is not built in/,
    ],
    ['a name with a slash', { profile: 'a/b' }, /\.profile: expected letters, digits/],
    [
      'an unknown quantity',
      { quantity: 'volts' },
      /\.quantity: expected a quantity \(va, vb.* or the name of a register in CAPITALS/,
    ],
    ['a quantity twice', {}, /\.quantity: expected a value not given in row 1, got "va"/],
    ['no address', { quantity: 'vb', address: '' }, /\.address: expected a whole number/],
    [
      'an address beyond the end',
      { quantity: 'vb', address: 65_535, type: 'uint32' },
      /\.address: expected room for the 2 registers of uint32/,
    ],
    ['an unknown type', { quantity: 'vb', type: 'real' }, /\.type: expected one of uint16, int16/],
    ['an unknown order', { quantity: 'vb', order: 'ACBD' }, /\.order: expected one of ABCD/],
    ['a scale of 0', { quantity: 'vb', scale: '0' }, /\.scale: expected a factor other than 0/],
    ['a unit of something else', { quantity: 'vb', unit: 'kW' }, /\.unit: expected one of mV, V, kV, MV, GV/],
    ['bits of a float', { quantity: 'vb', type: 'float32', bits: '0:1' }, /\.bits: expected a type uint16/],
    [
      'a code of another length',
      { quantity: 'vb', overflow: '7FFFxxxx' },
      /\.overflow: expected up to 8 codes of 4 hexadecimal digits, x for any digit, got "7FFFxxxx"/,
    ],
    [
      'a code that is not hexadecimal',
      { quantity: 'vb', notAvailable: 'NONE' },
      /\.notAvailable: expected up to/,
    ],
    [
      'bits beyond the word',
      { quantity: 'vb', bits: '12:8' },
      /\.bits: expected the lowest bit and the number of bits/,
    ],
    ['a measured value to be written', { quantity: 'vb', writable: 'yes' }, /\.writable: expected nothing/],
    [
      'another table',
      { quantity: 'vb', table: 'holding' },
      /\.table: expected input, as on the lines before/,
    ],
    [
      'a text as a quantity',
      { quantity: 'vb', type: 'ascii', length: 2 },
      /\.type: expected a type of number/,
    ],
    [
      'reads too short for it',
      { quantity: 'vb', type: 'float64', maxRead: 2 },
      /\.maxRead: expected room for the 4/,
    ],
  ];
  for (const [what, more, message] of BAD) {
    it(`refuses ${what}, by row and column`, () => {
      assert.throws(() => readProfiles([line({ table: 'input' }), line(more)]), message);
    });
  }

  it('1,000 random lines: a profile that can be read from any words, or an error that names the row', () => {
    const random = seeded(11);
    const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)];
    const junk = [
      '',
      null,
      -1,
      0,
      1,
      7.5,
      65_535,
      70_000,
      'x',
      '0x10',
      '3:1',
      'NaN',
      true,
      {},
      [],
      Number.NaN,
      '\u0000',
    ];
    const usual: Record<string, readonly unknown[]> = {
      profile: ['x1', 'x2'],
      quantity: [...Object.keys(QUANTITIES), 'STATE', 'SERIAL'],
      address: [0, 1, 100, '0x1000', 65_532],
      type: [...Object.keys(TYPE_LENGTH), 'ascii'],
      order: BYTE_ORDERS,
      scale: [0.1, '10', -1],
      unit: Object.keys(UNIT_FACTORS),
      table: ['input', 'holding'],
      exponent: [0, 5, 65_535],
      missing: ['NaN', '0x8000', -1],
      notAvailable: ['FFFF', 'ffffffff', '8000 FFFF'],
      overflow: ['7FFFxxxx 8000xxxx', '0x7FFF', 'xxxx'],
      bits: ['0:1', '3:4', '0:16'],
      length: [1, 8],
      writable: ['true', 'false'],
      maxRead: [4, 60, 125],
    };
    let taken = 0;
    for (let round = 0; round < 1000; round++) {
      const given: Record<string, unknown> = { profile: 'x1', quantity: 'va', address: 0, type: 'uint16' };
      for (const [name, choices] of Object.entries(usual)) {
        if (random(4) === 0) given[name] = random(3) === 0 ? pick(junk) : pick(choices);
      }
      try {
        const [profile] = Object.values(readProfiles([given]));
        taken++;
        const words = () => random(0x10000);
        for (const one of [...Object.values(profile.quantities), ...Object.values(profile.registers)]) {
          const found = readLine(one, profile.order, words);
          assert.ok(found === undefined || typeof found === 'number');
        }
      } catch (error) {
        assert.ok(error instanceof FieldError, String(error));
        assert.match(error.message, /^profiles\[0\]/);
      }
    }
    assert.ok(taken > 200 && taken < 900, `${taken} taken`);
  });
});
