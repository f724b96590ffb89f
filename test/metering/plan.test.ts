import assert from 'node:assert/strict';
import {
  faultOf,
  LineFault,
  planReads,
  readFleet,
  readLinkSettings,
  readPollerSettings,
  splitBlock,
} from '../../src/metering';
import { FieldError } from '../../src/record';
import { genericPq, type RegisterLine } from '../../src/registers';
import { seeded } from '../signal/signals';

describe('read plans', () => {
  it('covers every wanted register in blocks of at most 125, for any lines', () => {
    const random = seeded(4);
    for (let round = 0; round < 200; round++) {
      const lines = Array.from({ length: 1 + random(60) }, () => ({
        address: random(2000),
        type: (['uint16', 'float32', 'float64'] as const)[random(3)],
      }));
      const plan = planReads(lines);
      for (const { count } of plan) assert.ok(count >= 1 && count <= 125);
      for (const { address, type } of lines) {
        const length = { uint16: 1, float32: 2, float64: 4 }[type];
        const inside = plan.some(
          (block) => address >= block.address && address + length <= block.address + block.count,
        );
        assert.ok(inside, `${type} at ${address}`);
      }
    }
  });

  it('reads the reference meter in two requests', () => {
    const plan = planReads(Object.values(genericPq.quantities));
    assert.deepEqual(
      plan.map(({ address, count }) => [address, count]),
      [
        [0, 18],
        [4200, 50],
      ],
    );
  });

  const at = (address: number): RegisterLine => ({ address, type: 'uint16' });
  const shape = (blocks: { address: number; count: number }[]) =>
    blocks.map(({ address, count }) => [address, count]);

  it('bridges gaps where one longer read is cheaper than two, and never what is unreadable', () => {
    assert.deepEqual(shape(planReads([at(0), at(21)])), [[0, 22]]);
    assert.deepEqual(shape(planReads([at(0), at(22)])), [
      [0, 1],
      [22, 1],
    ]);
    assert.deepEqual(shape(planReads([at(0), at(10)], [{ from: 4, to: 6 }])), [
      [0, 1],
      [10, 1],
    ]);
    // What lies outside the gap does not matter.
    assert.deepEqual(shape(planReads([at(0), at(10)], [{ from: 20, to: 30 }])), [[0, 11]]);
    assert.deepEqual(shape(planReads([at(0), at(0)])), [[0, 1]]);
  });

  it('cuts a refused block at its gaps, then into single values, then not at all', () => {
    const [block] = planReads([at(0), at(1), at(5), at(6)]);
    const pieces = splitBlock(block);
    assert.deepEqual(shape(pieces), [
      [0, 2],
      [5, 2],
    ]);
    const values = splitBlock(pieces[0]);
    assert.deepEqual(shape(values), [
      [0, 1],
      [1, 1],
    ]);
    assert.deepEqual(splitBlock(values[0]), []);
  });
});

describe('faults by their names', () => {
  const FAULTS: [object, string][] = [
    [{ modbusCode: 2, message: 'x' }, 'MODBUS_EXCEPTION_2'],
    [{ modbusCode: 11, message: 'x' }, 'MODBUS_EXCEPTION_11'],
    [{ name: 'TransactionTimedOutError', message: 'Timed out' }, 'TIMEOUT_ERROR'],
    [{ code: 'ETIMEDOUT', message: 'x' }, 'TIMEOUT_ERROR'],
    [{ message: 'CRC error' }, 'CRC_ERROR'],
    [{ code: 'ECONNREFUSED', message: 'x' }, 'CONNECTION_REFUSED'],
    [{ message: 'Unexpected data error, expected address 1 got 2' }, 'WRONG_UNIT'],
    [{ message: 'Unexpected data error, expected code 3 got 4' }, 'WRONG_ANSWER'],
    [{ message: 'Data length error, expected 9 got 7' }, 'SHORT_FRAME'],
    [{ name: 'TransactionTimedOutError', rest: 5, message: 'x' }, 'SHORT_FRAME'],
    [new LineFault('CRC_ERROR'), 'CRC_ERROR'],
    [new LineFault('LATE_ANSWER'), 'LATE_ANSWER'],
    [new LineFault('OTHER_MASTER'), 'OTHER_MASTER'],
    [{ name: 'TransactionTimedOutError', foreign: true, message: 'x' }, 'WRONG_TRANSACTION'],
    [{ code: 'EHOSTUNREACH', message: 'x' }, 'HOST_UNREACHABLE'],
    [{ code: 'ECONNRESET', message: 'x' }, 'CONNECTION_LOST'],
    [{ message: 'whatever' }, 'LINK_ERROR'],
  ];
  for (const [error, code] of FAULTS) {
    it(`${JSON.stringify(error)} is ${code}, with a hint`, () => {
      const fault = faultOf(error);
      assert.equal(fault.code, code);
      assert.match(fault.hint, /^[A-Z].{20,}\.$/);
    });
  }
  it('knows every exception of the application protocol by its name there', () => {
    // Modbus Application Protocol V1.1b3, section 7; 7 is of the older specification PI-MBUS-300.
    const NAMES: Record<number, RegExp> = {
      1: /illegal function/,
      2: /illegal data address/,
      3: /illegal data value/,
      4: /device failure/,
      5: /acknowledge/,
      6: /device busy/,
      7: /negative acknowledge/,
      8: /memory parity error/,
      10: /gateway path unavailable/,
      11: /gateway target device failed to respond/,
    };
    const hints = new Set<string>();
    for (const [code, name] of Object.entries(NAMES)) {
      const fault = faultOf({ modbusCode: Number(code), message: 'x' });
      assert.equal(fault.code, `MODBUS_EXCEPTION_${code}`);
      assert.match(fault.text, name);
      hints.add(fault.hint);
    }
    assert.equal(hints.size, 10, 'each has a hint of its own');
    assert.equal(faultOf({ modbusCode: 9, message: 'x' }).code, 'MODBUS_EXCEPTION_9');
  });
  it('takes even nothing for a fault', () => {
    assert.equal(faultOf(undefined).code, 'LINK_ERROR');
  });
});

describe('settings of metering', () => {
  it('names row and field of a fleet that cannot be', () => {
    const bad: [object[], RegExp][] = [
      [[{ id: '', host: 'h' }], /^meters\[0\]\.id: /],
      [
        [
          { id: 'a', host: 'h' },
          { id: 'a', host: 'h' },
        ],
        /^meters\[1\]\.id: expected a name not used in row 1, got "a"$/,
      ],
      [[{ id: 'a' }], /^meters\[0\]\.host: expected a host, or a link, got nothing$/],
      [[{ id: 'a', host: 'h', unit: '300' }], /^meters\[0\]\.unit: .* got 300$/],
      [[{ id: 'a', host: 'h', unit: 'x' }], /^meters\[0\]\.unit: expected a number .* got "x"$/],
      [
        [{ id: 'a', host: 'h', profile: 'toaster' }],
        /^meters\[0\]\.profile: expected one of generic-pq, sdm630, .*, got "toaster"$/,
      ],
      [[{ id: 'a', host: 'h', profile: 'constructor' }], /^meters\[0\]\.profile: /],
    ];
    for (const [rows, message] of bad) {
      assert.throws(
        () => readFleet(rows),
        (e) => e instanceof FieldError && message.test(e.message),
      );
    }
    const [meter] = readFleet([{ id: 'a', unit: '7', ct: '20' }], 'meters', 'link-1');
    assert.deepEqual([meter.link, meter.unit, meter.ct, meter.port], ['link-1', 7, 20, 502]);
  });

  it('has the defaults of the design', () => {
    const { port, baudRate, dataBits, parity, stopBits, timeout, retries, gap } = readLinkSettings({
      host: 'h',
    });
    assert.deepEqual(
      [port, baudRate, dataBits, parity, stopBits, timeout, retries, gap],
      [502, 9600, 8, 'none', 1, 1000, 3, 0],
    );
    const { interval, eventInterval, concurrency } = readPollerSettings({});
    assert.deepEqual([interval, eventInterval, concurrency], [10, 60, 64]);
    assert.throws(() => readLinkSettings({}), /settings\.host: expected text/);
    assert.throws(() => readLinkSettings({ transport: 'rtu' }), /settings\.serialPort: /);
    assert.throws(() => readPollerSettings({ interval: 0 }), /settings\.interval: .* got 0/);
  });
});
