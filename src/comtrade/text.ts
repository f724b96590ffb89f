import { detect } from 'chardet';
import { ComtradeError } from './error';

/** Text of a header, and how it was read. */
export interface DecodedText {
  text: string;
  encoding: string;
  /** Several code pages fit about as well. */
  isGuess: boolean;
}

/** How far some bytes, read in a code page, look like words of its language: 0 to 1. */
interface CodePage {
  name: string;
  /** Letters of its language; anything else speaks against it. */
  letters: RegExp;
  /** Its letters stand among ASCII ones, never many in a row. */
  scattered?: boolean;
  /** Characters or words that headers of recorders are full of. */
  usual: RegExp;
}

const HAN = /\p{Script=Han}/u;
const CODE_PAGES: readonly CodePage[] = [
  {
    name: 'gb18030',
    letters: HAN,
    usual:
      /[电压流相线母变侧高低中性点零序开关路站主备保护测量频率差动号第一二三四段联刀闸断器录波装置组合单元系统对同期步抽取公共绕甲乙东西南北城山河水江湖新老备用启直正负极地间隙电抗容]/u,
  },
  {
    name: 'shift_jis',
    letters: /[\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}ー]/u,
    usual: /[電圧流相線母変側号甲乙受送配零盤器系統赤白青トランスバ次地絡]/u,
  },
  { name: 'big5', letters: HAN, usual: /[電壓流相線母變側匯流排號零序高低開關]/u },
  { name: 'euc-kr', letters: /\p{Script=Hangul}/u, usual: /[전압류상선모변측고저중성점영호기차단보호]/u },
  {
    name: 'windows-1251',
    letters: /[А-Яа-яЁёІіЇїЄє№°]/u,
    usual: /(?:тн|тт|вл|сш|кв|ток|напр|фаз|тр|шин|ввод|секц|линия|ф\.|яч|рег|под|ст|пс|ру|[аеиоуыэюя])/iu,
  },
  { name: 'koi8-r', letters: /[А-Яа-яЁё]/u, usual: /(?:тн|тт|вл|сш|кв|ток|напр|фаз|шин|ввод|секц|линия)/iu },
  {
    name: 'windows-1252',
    scattered: true,
    letters: /[À-ÖØ-öø-ÿŒœŠšŽžŸ°ª²³µ]/u,
    usual: /[äöüßÄÖÜéèêàâçãõáíóúñôîïû°]/u,
  },
  {
    name: 'windows-1250',
    scattered: true,
    letters: /[ÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖŘŮÚŰÜÝŢßáâăäĺćçčéęëěíîďđńňóôőöřůúűüýţŁłŚśŠšŤťŹźŽžĄąŞşŻż°]/u,
    usual: /[ąćęłńóśźżěščřžýůďťň]/iu,
  },
];

/** Letters beyond ASCII in a row, or with no ASCII letter beside them: no word of a language that is written so. */
const ALONE = /[^\0-\x7f]{3,}|(?<![A-Za-z\x80-\uffff])[^\0-\x7f]+(?![A-Za-z\x80-\uffff])/gu;

/** Bytes of foreign words that are looked at. */
const MOST_LOOKED_AT = 16_384;
/** A code page that fits so much worse is no rival of the best one. */
const RIVAL = 0.85;

/**
 * Bytes of a .cfg or .hdr file as text. The 2013 standard says UTF-8, earlier ones ASCII; recorders
 * write the code page of the country they stand in.
 * @param encoding a label of the WHATWG encoding standard (`windows-1251`, `gbk` ...); without it UTF-8
 *   where the bytes are valid UTF-8, else the code page in which they are words
 * @throws ComtradeError for an encoding that is not known
 */
export function decodeText(bytes: Uint8Array, encoding?: string): DecodedText {
  if (encoding) return { text: decoder(encoding).decode(bytes), encoding, isGuess: false };
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      encoding: 'utf-8',
      isGuess: false,
    };
  } catch {
    const words = foreignWords(bytes);
    const ranked = CODE_PAGES.map((page) => ({ name: page.name, score: likeness(words, page) })).sort(
      (a, b) => b.score - a.score,
    );
    const [best, next] = ranked;
    const found = best.score > 0 ? best.name : (detect(Buffer.concat(words)) ?? 'windows-1252');
    return {
      text: decoderOr(found, 'windows-1252').decode(bytes),
      encoding: found,
      isGuess:
        best.score === 0 ||
        next.score > RIVAL * best.score ||
        Buffer.concat(words).filter((byte) => byte > 127).length < 2,
    };
  }
}

/**
 * Every word that holds a byte beyond ASCII, once: digits, commas and the same feeder name a hundred times over would
 * drown the letters. Bytes of a word's ASCII letters are kept: in some code pages they are halves of characters.
 */
function foreignWords(bytes: Uint8Array): Buffer[] {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const words = latin1.split(/[,\s]+/).filter((word) => /[\x80-\xff]/.test(word));
  const kept: Buffer[] = [];
  let size = 0;
  for (const word of new Set(words)) {
    // Enough to tell a language by.
    if (size > MOST_LOOKED_AT) break;
    kept.push(Buffer.from(word.slice(0, 256), 'latin1'));
    size += word.length;
  }
  return kept;
}

function likeness(words: readonly Buffer[], { name, letters, usual, scattered }: CodePage): number {
  let decode: TextDecoder;
  try {
    decode = new TextDecoder(name, { fatal: true });
  } catch {
    return 0;
  }
  let foreign = 0;
  let good = 0;
  let known = 0;
  let clashes = 0;
  for (const word of words) {
    let text: string;
    try {
      text = decode.decode(word);
    } catch {
      // Not even characters of it.
      return 0;
    }
    const own = [...text].filter((character) => character.charCodeAt(0) > 127);
    foreign += own.length;
    good += own.filter((character) => letters.test(character)).length;
    if (scattered) good -= (text.match(ALONE) ?? []).join('').length;
    const words = text.match(new RegExp(usual.source, `${usual.flags}g`)) ?? [];
    known += [...words.join('')].filter((character) => character.charCodeAt(0) > 127).length;
    // In no language does a small letter precede a capital one within a word.
    clashes += (text.match(/\p{Ll}\p{Lu}(?=\p{L})/gu) ?? []).filter(
      (pair) => pair.charCodeAt(0) > 127 && pair.charCodeAt(1) > 127,
    ).length;
    if (/\p{Lu}\p{Ll}*\p{Lu}\p{Ll}/u.test(text) && name === 'koi8-r') clashes++;
  }
  if (foreign === 0) return 0;
  const share = good / foreign;
  if (share < 0.8) return 0;
  // A double-byte code page makes half as many characters of the same bytes: what counts is how many are usual.
  return (
    share *
    (0.25 + 0.75 * Math.min(1, (known / foreign) * 1.6)) *
    (1 - Math.min(0.8, (2 * clashes) / foreign))
  );
}

function decoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw new ComtradeError('encoding', `${JSON.stringify(encoding)} is not a known code page`);
  }
}

function decoderOr(encoding: string, fallback: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch {
    return new TextDecoder(fallback);
  }
}
