import assert from 'node:assert/strict';
import { CHANNEL_NAMES } from '../../src/record';
import {
  decode,
  decodeStatus,
  encode,
  encodeStatus,
  genericPq,
  PROFILES,
  TYPE_LENGTH,
} from '../../src/registers';

describe('registers', () => {
  it('holds at the ends of the range instead of running over', () => {
    const words: number[] = [];
    encode(1e9, 'int16', words, 0);
    assert.equal(decode(words, 0, 'int16'), 32_767);
    encode(-5, 'uint32', words, 0);
    assert.equal(decode(words, 0, 'uint32'), 0);
    encode(Number.NaN, 'uint64', words, 0);
    assert.equal(decode(words, 0, 'uint64'), 0);
  });

  it('keeps lines of a profile from lying on top of each other', () => {
    for (const profile of Object.values(PROFILES)) {
      const owners = new Map<number, string>();
      for (const [name, line] of [
        ...Object.entries(profile.quantities),
        ...Object.entries(profile.registers),
      ]) {
        for (let i = 0; i < TYPE_LENGTH[line.type]; i++) {
          const other = owners.get(line.address + i);
          assert.equal(other, undefined, `${profile.name}: ${name} on ${other} at ${line.address + i}`);
          owners.set(line.address + i, name);
        }
      }
    }
  });

  it('has real meters where their documents say', () => {
    // 30001 ff. of the Eastron protocol, counted in registers of two words from address 0.
    const parameter = (register: number) => register - 30_001;
    const { va, ic, pa, qa, pf, f, energy_import: kwh } = PROFILES.sdm630.quantities;
    assert.deepEqual(
      [va, ic, pa, qa, pf, f, kwh].map((line) => line?.address),
      [30_001, 30_011, 30_013, 30_025, 30_063, 30_071, 30_073].map(parameter),
    );
    assert.equal(kwh?.unit, 'kWh');
    // ABB 2CMC485003M0201: active import at 5000 in 0.01 kWh, reactive import at 500C.
    const abb = PROFILES['abb-b23'].quantities;
    assert.deepEqual(
      [
        abb.energy_import?.address,
        abb.energy_import?.scale,
        abb.energy_import?.unit,
        abb.var_import?.address,
      ],
      [0x5000, 0.01, 'kWh', 0x500c],
    );
  });

  it('has the reference meter at the addresses of the design', () => {
    const addresses = Object.fromEntries(
      Object.entries(genericPq.registers).map(([name, { address }]) => [name, address]),
    );
    assert.deepEqual(
      [
        addresses.V_SAG_VAL,
        addresses.V_SWELL_VAL,
        addresses.SWELL_WINDOW,
        addresses.PHASE_TOLERANCE,
        addresses.LOG_CTRL,
      ],
      [4001, 4002, 4003, 4004, 4005],
    );
    assert.deepEqual(
      [
        addresses.LOG_MODE,
        addresses.EVENT_COUNT,
        addresses.FIFO_POINTER,
        addresses.CLOCK,
        addresses.MAP_VERSION,
      ],
      [4006, 4010, 4012, 4014, 4020],
    );
    assert.equal(addresses.CLEAR_OVERFLOW, 4099);
    // 40001 to 40020 are wire addresses 0 to 19.
    const powers = ['pa', 'p', 'qa', 'q', 'sa', 's', 'pfa', 'pf'] as const;
    for (const name of powers) assert.ok((genericPq.quantities[name]?.address ?? 99) < 20, name);
  });

  it('carries the state of the FIFO as its table says', () => {
    const status = {
      overflow: true,
      sampling: true,
      format: 7,
      oldest: 70_000,
      next: 70_400,
      rate: 30_707.244140625,
      channels: ['va', 'ic'] as (typeof CHANNEL_NAMES)[number][],
      scales: [0.5, 0.25],
    };
    const words = encodeStatus(status);
    assert.deepEqual(decodeStatus(words), status);
    assert.deepEqual([...words.subarray(0, 6)], [3, 7, 1, 70_000 - 65_536, 1, 70_400 - 65_536]);
    assert.equal(words[10], (1 << 0) | (1 << CHANNEL_NAMES.indexOf('ic')));
    assert.equal(words[11], 58);
    assert.deepEqual([...words.subarray(12, 14)], [0x3f00, 0]);
  });
});
