import assert from 'node:assert/strict';
import { type RawReading, ReadingReader, ValueWatch } from '../../src/metering';
import type { QuantityName } from '../../src/record';
import { PROFILES, type Profile, type RegisterLine, readLine, sunspecMeter } from '../../src/registers';
import { seeded } from '../signal/signals';

const METER = { id: 'm1', unit: 1, ct: 1, pt: 1 };

/** What a meter with these registers is read as. */
async function read(profile: Profile, registers: Map<number, number>): Promise<RawReading> {
  const link = {
    read: async (_unit: number, address: number, count: number) =>
      Array.from({ length: count }, (_, i) => registers.get(address + i) ?? 0),
  };
  return new ReadingReader(profile, METER).read(link as never);
}

/** The value of one quantity, from its registers as they come over the wire. */
function quantityOf(profile: Profile, quantity: string, wire: number[], exponent = 0): number | undefined {
  const line = profile.quantities[quantity as QuantityName] as RegisterLine;
  return readLine(line, profile.order, (at) => (at === line.exponent ? exponent : wire[at - line.address]));
}

/** The registers in which a device with this byte order sends hexadecimal digits. */
function wireOf(digits: string, order: string): number[] {
  let words = digits.match(/.{4}/g) as string[];
  if (order === 'CDAB' || order === 'DCBA') words = words.reverse();
  if (order === 'BADC' || order === 'DCBA') words = words.map((word) => word.slice(2) + word.slice(0, 2));
  return words.map((word) => Number.parseInt(word, 16));
}

describe('codes in place of a value', () => {
  const built = [...Object.values(PROFILES), sunspecMeter(203, 40_069), sunspecMeter(213, 40_069)];

  for (const name of ['em24', 'em24-e1']) {
    it(`${name}: no value for a high word of 7FFF, whatever the low word is`, () => {
      // The low word comes first.
      for (let low = 0; low < 0x10000; low++) {
        assert.ok(Number.isNaN(quantityOf(PROFILES[name], 'p', [low, 0x7fff])), low.toString(16));
        assert.ok(Number.isNaN(quantityOf(PROFILES[name], 'va', [low, 0x8000])), low.toString(16));
      }
      // Next to the codes, and with the code in the low word, there are values: 0.1 W to a digit.
      for (const [wire, watts] of [
        [[0xffff, 0x7ffe], 214_741_811.1],
        [[0x0000, 0x8001], -214_741_811.2],
        [[0x7fff, 0x0000], 3276.7],
        [[0x8000, 0xffff], -3276.8],
      ] as const)
        assert.ok(Math.abs((quantityOf(PROFILES[name], 'p', [...wire]) ?? 0) - watts) < 1e-6, `${watts}`);
      assert.ok(Number.isNaN(quantityOf(PROFILES[name], 'f', [0x7fff])));
      assert.equal(quantityOf(PROFILES[name], 'f', [500]), 50);
    });
  }

  // Registers as documents print them, or as others saw them on the wire; the sources stand in the profiles.
  const SEEN: [profile: Profile, quantity: string, wire: number[], value: number | undefined][] = [
    // Answers of a meter of this family in gosdm630 pull request 122: 7F FF, 01 B3, 00 00 00 36.
    [PROFILES['abb-b23'], 'pfa', [0x7fff], undefined],
    [PROFILES['abb-b23'], 'pf', [0x01b3], 0.435],
    [PROFILES['abb-b23'], 'p', [0x0000, 0x0036], 0.54],
    [PROFILES['abb-b23'], 'p', [0x7fff, 0xffff], undefined],
    [PROFILES['abb-b23'], 'va', [0xffff, 0xffff], undefined],
    [PROFILES['abb-b23'], 'f', [0xffff], undefined],
    [PROFILES['abb-b23'], 'energy_export', [0xffff, 0xffff, 0xffff, 0xffff], undefined],
    // NaN with its sign bit set, as an iEM3155 sends it.
    [PROFILES.iem3000, 'pa', [0xffc0, 0], undefined],
    [PROFILES.pm5000, 'va', [0xffc0, 0], undefined],
    [PROFILES.pm5000, 'energy_import', [0x8000, 0, 0, 0], undefined],
    // 89,550.842 kWh, the value of Schneider's FAQ FA237865, in the order of its formula for single registers:
    // the first counts 2^48. Its example of two halves has the low one first, which contradicts that.
    [PROFILES.pm5000, 'energy_import', [0, 0, 0x0556, 0x6ffa], 89_550_842],
    [sunspecMeter(203, 0), 'va', [0x8000], undefined],
    [sunspecMeter(203, 0), 'energy_import', [0, 0], undefined],
    [sunspecMeter(203, 0), 'va', [230], 230],
    [sunspecMeter(213, 0), 'va', [0x7fc0, 0], undefined],
    // Another NaN, seen from an inverter: pysunspec issue 100.
    [sunspecMeter(213, 0), 'va', [0x7fbf, 0xff80], undefined],
    [PROFILES['generic-pq'], 'p', [0x8000], undefined],
    // Eastron and Electro Industries know no code: 0 is a value.
    [PROFILES.sdm630, 'va', [0, 0], 0],
    [PROFILES.shark200, 'va', [0, 0], 0],
  ];
  for (const [profile, quantity, wire, value] of SEEN) {
    const words = wire.map((word) => word.toString(16).padStart(4, '0')).join(' ');
    it(`${profile.name} ${quantity}: ${words} is ${value ?? 'not available'}`, () => {
      const found = quantityOf(profile, quantity, wire);
      if (value === undefined) assert.equal(found, undefined);
      else assert.ok(Math.abs((found as number) - value) < 1e-9, `${found}`);
    });
  }

  it('each code of each line: left out if not available, reported and uncertain if an overflow', async () => {
    const random = seeded(7);
    let tried = 0;
    for (const profile of built) {
      for (const [name, line] of Object.entries(profile.quantities)) {
        for (const kind of ['notAvailable', 'overflow'] as const) {
          for (const code of line[kind] ?? []) {
            tried++;
            const digits = code.replace(/x/g, () => random(16).toString(16));
            const registers = new Map<number, number>();
            wireOf(digits, line.order ?? profile.order).forEach((word, i) => {
              registers.set(line.address + i, word);
            });
            const { values, notNumbers } = await read(profile, registers);
            const at = `${profile.name} ${name} ${digits}`;
            assert.ok(!(name in values), at);
            assert.deepEqual(notNumbers, kind === 'overflow' ? [name] : [], at);
            const { quality, problems } = new ValueWatch().judge(values, notNumbers, 0);
            assert.equal(quality, kind === 'overflow' ? 'uncertain' : 'good', at);
            assert.deepEqual(problems.VALUE_NAN, kind === 'overflow' ? [name] : undefined, at);
          }
        }
      }
    }
    assert.ok(tried > 150, `${tried} codes`);
  });

  it('finds codes in any byte order', () => {
    for (const order of ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const) {
      const line: RegisterLine = { address: 0, type: 'int32', order, overflow: ['7FFFxx0x'] };
      const found = (digits: string) => readLine(line, 'ABCD', (at) => wireOf(digits, order)[at]);
      assert.ok(Number.isNaN(found('7fff1203')), order);
      assert.equal(found('7fff1213'), 0x7fff1213, order);
      assert.equal(found('12037fff'), 0x12037fff, order);
    }
  });

  it('shark200: energies are amounts, whichever of received and delivered has the sign', async () => {
    // View as load: received 1000, delivered -250; view as generator: the other way round.
    for (const sign of [1, -1]) {
      const registers = new Map<number, number>();
      const put = (register: number, value: number) => {
        registers.set(register - 1, (value >> 16) & 0xffff).set(register, value & 0xffff);
      };
      put(1500, sign * 1000);
      put(1502, sign * -250);
      put(1508, sign * 40);
      put(1510, sign * -8);
      const { values, notNumbers } = await read(PROFILES.shark200, registers);
      assert.deepEqual(
        [values.energy_import, values.energy_export, values.var_import, values.var_export],
        [1000, 250, 40, 8],
      );
      assert.equal(new ValueWatch().judge(values, notNumbers, 0).quality, 'good');
    }
  });

  it('are stated by every profile with source and evidence, and what is unproven says so', () => {
    const known = ['document', 'related document', 'open source', 'memory'];
    for (const { name, title, source, evidence, codes, setup, quantities } of built) {
      for (const one of [{ text: title, source, evidence }, codes, ...(setup ? [setup] : [])]) {
        assert.ok(one && one.source.length > 20 && one.text.length > 5, name);
        assert.ok(known.includes(one.evidence), name);
        if (one.evidence === 'memory') assert.match(one.text, /unproven/, name);
      }
      for (const line of Object.values(quantities)) assert.equal(!line.source, !line.evidence, name);
    }
    for (const name of ['em24', 'em24-e1']) {
      assert.match(PROFILES[name].title, /application H/);
      assert.match(PROFILES[name].setup?.text ?? '', /application H/);
    }
    assert.match(PROFILES.shark200.setup?.text ?? '', /unproven/);
  });
});
