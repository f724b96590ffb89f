import assert from 'node:assert/strict';
import { channelMapText, readChannelMap } from '../../src/files';
import { FieldError } from '../../src/record';

describe('files: channel map', () => {
  it('is read from pairs of our name and a number or name in the file', () => {
    assert.deepEqual(readChannelMap('va = UA spare; ia=4'), { va: 'UA spare', ia: '4' });
    assert.deepEqual(readChannelMap('ia=4,ib=5,ic=6,va=1,vb=2,vc=3'), {
      va: '1',
      vb: '2',
      vc: '3',
      ia: '4',
      ib: '5',
      ic: '6',
    });
    assert.deepEqual(readChannelMap(' vab=U21 ,, vn=5;'), { vab: 'U21', vn: '5' });
  });

  it('is none where the text is empty', () => {
    for (const text of ['', '  ', ',;']) assert.equal(readChannelMap(text), undefined);
  });

  it('refuses anything else, and names the setting and the pair', () => {
    for (const wrong of ['vx=1', 'va', 'va=', '=1', 'va=1=2', 'VA=1', 'toString=1']) {
      assert.throws(
        () => readChannelMap(`va=1, ${wrong}`, 'payload.channels'),
        (error: Error) =>
          error instanceof FieldError &&
          error.message ===
            `payload.channels: expected pairs such as va=1, vb=2, got ${JSON.stringify(wrong)}`,
      );
    }
    assert.throws(
      () => readChannelMap('vx=1'),
      (error: Error) => error.message.startsWith('settings.channels: '),
    );
  });

  it('is written in the order of the file, and read back', () => {
    const text = channelMapText({ va: 6, vb: 7, vc: 8, ia: 1, ib: 2, ic: 10 });
    assert.equal(text, 'ia=1, ib=2, va=6, vb=7, vc=8, ic=10');
    assert.deepEqual(readChannelMap(text), { va: '6', vb: '7', vc: '8', ia: '1', ib: '2', ic: '10' });
  });
});
