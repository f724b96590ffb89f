import assert from 'node:assert/strict';
import { readRow, SeriesStore } from '../../src/phasing/store';

const read = (store: SeriesStore, meter: string): number[] => {
  const into = new Float32Array(store.length);
  readRow(store.view, store.row(meter) as number, into);
  return [...into];
};

describe('store of series', () => {
  const filled = (values: readonly (number | undefined)[]) => {
    const store = new SeriesStore(300, values.length / 288, 10);
    values.forEach((volts, slot) => {
      if (volts !== undefined) store.putSlot('m', 1000 + slot, volts);
    });
    store.advanceTo(1000 + values.length - 1);
    return store;
  };

  it('keeps voltages to 5 mV in two bytes each, and knows what is missing from 0', () => {
    const values = [230.12, undefined, 0, 0.004, 655.34, 229.996, undefined, 120.5];
    const found = read(filled(values), 'm');
    values.forEach((volts, i) => {
      if (volts === undefined) assert.ok(Number.isNaN(found[i]), `${i}`);
      else assert.ok(Math.abs(found[i] - volts) < 0.0051, `${found[i]} for ${volts}`);
    });
    const store = new SeriesStore(300, 7, 1000);
    for (let k = 0; k < 1000; k++) store.putSlot(`m${k}`, 5000, 230);
    assert.ok(store.bytes / (1000 * store.length) < 2.06, `${store.bytes} bytes`);
  });

  it('takes any larger value in coarser steps, with what was there before', () => {
    for (const large of [700, 11_547.3, 66_000, 2.3e5, 1e9]) {
      const found = read(filled([230.12, large, undefined, 0.5 * large]), 'm');
      const step = large / 65_534;
      [230.12, large, Number.NaN, 0.5 * large].forEach((volts, i) => {
        if (Number.isNaN(volts)) assert.ok(Number.isNaN(found[i]));
        else assert.ok(Math.abs(found[i] - volts) <= 4 * step, `${found[i]} for ${volts}`);
      });
    }
  });

  it('of several values for one slot the largest stays, and what is below 0 is 0', () => {
    const store = new SeriesStore(300, 1, 10);
    for (const volts of [229, 231, 230]) store.putSlot('m', 7, volts);
    store.putSlot('n', 7, -5);
    assert.ok(Math.abs((read(store, 'm').at(-1) as number) - 231) < 1e-3);
    assert.equal(read(store, 'n').at(-1), 0);
  });
});
