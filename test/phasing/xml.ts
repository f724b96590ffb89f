import { type QualifiedTag, parser as saxParser } from 'sax';

/** An element as a parser that is not ours reads it; names with their namespace, e.g. `{uri}name`. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/**
 * A document by the rules of XML 1.0 with namespaces.
 * @throws Error where it is not well-formed, or has a character that XML 1.0 does not allow
 */
export function readXml(text: string): { root: Element; comments: string[] } {
  // The parser does not look at characters by itself.
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(text))
    throw new Error('a character that is not allowed');
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const comments: string[] = [];
  const parser = saxParser(true, { xmlns: true });
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = (tag) => {
    const { uri, local, attributes } = tag as QualifiedTag;
    const pairs = Object.values(attributes).map((one) => [`{${one.uri}}${one.local}`, one.value]);
    const element = {
      name: `{${uri}}${local}`,
      attributes: Object.fromEntries(pairs),
      children: [],
      text: '',
    };
    open[open.length - 1].children.push(element);
    open.push(element);
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = (piece) => {
    open[open.length - 1].text += piece;
  };
  parser.oncomment = (comment) => comments.push(comment);
  parser.write(text).close();
  return { root: top.children[0], comments };
}
