import assert from 'node:assert/strict';
import { decodeText } from '../../src/comtrade/text';

/** Bytes by hand: what iconv makes of these words. */
const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex');

describe('the code page of a header', () => {
  const HEADERS: [string, string, string, string][] = [
    ['Chinese', 'gb18030', 'b5e7d1b941cfe0', '电压A相'],
    ['Chinese, a bus', 'gb18030', '323230 6b56 c4b8cfdf 49 5f 5561', '220kV母线I_Ua'],
    ['Russian', 'windows-1251', 'cde0eff0ffe6e5ede8e5 20 f4e0e7fb 20 41', 'Напряжение фазы A'],
    ['Russian, abbreviations', 'windows-1251', '5561 5f 31 d1d8 2d 313130 5f d2cd', 'Ua_1СШ-110_ТН'],
    ['German', 'windows-1252', '4bfc686c6d6974746c', 'Kühlmittl'],
    ['Portuguese', 'windows-1252', '54656e73e36f 2066617365 2041', 'Tensão fase A'],
    ['Japanese', 'shift_jis', '936488b3', '電圧'],
  ];
  for (const [language, encoding, hex, text] of HEADERS) {
    it(`is found: ${language}`, () => {
      const header = Buffer.concat([Buffer.from('X,'), bytes(hex), Buffer.from(',1999\r\n1,1A,0D\r\n')]);
      const found = decodeText(header);
      assert.equal(found.text.split(',')[1], text);
      assert.equal(found.encoding, encoding);
    });
  }

  it('is UTF-8 where the bytes are, and ASCII needs none', () => {
    assert.deepEqual(decodeText(Buffer.from('Umspannwerk Süd,1')), {
      text: 'Umspannwerk Süd,1',
      encoding: 'utf-8',
      isGuess: false,
    });
    assert.equal(decodeText(Buffer.from('plain')).isGuess, false);
  });

  it('is said to be a guess where several fit, and can be given', () => {
    assert.equal(decodeText(Buffer.concat([Buffer.from('X'), bytes('d1')])).isGuess, true);
    assert.equal(decodeText(bytes('cd'), 'windows-1251').text, 'Н');
    assert.throws(() => decodeText(bytes('cd'), 'klingon'), /not a known code page/);
  });
});
