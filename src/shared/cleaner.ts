/** Takes secrets out of a text. */
export type Cleaner = (text: string) => string;

/** What somebody logs in with, as far as it is secret. */
export interface Secrets {
  username?: string;
  /** Passwords, tokens, keys; empty ones are none. */
  values: readonly (string | undefined)[];
}

const HIDDEN = '***';
/** Of a secret that a text breaks off in, this much is enough to be hidden. */
const LEAST_PART = 4;

/**
 * A cleaner for every text that comes from outside: a server may send back what it was sent, in the form of a header
 * or of an address. Hides user info of addresses, each secret, and its forms in Base64 (alone, with the user as in
 * HTTP's Basic (RFC 7617) and SASL PLAIN (RFC 4616)), in addresses and in JSON; also where the text breaks off in it.
 */
export function cleanerOf({ username = '', values }: Secrets): Cleaner {
  const forms = new Set<string>();
  for (const secret of values) {
    if (!secret) continue;
    for (const form of formsOf(secret)) forms.add(form);
    for (const pair of [`${username}:${secret}`, `\0${username}\0${secret}`]) {
      for (const form of inBase64(pair)) forms.add(form);
    }
  }
  // The longest first: one form may lie in another.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  const pattern = ordered.length > 0 ? new RegExp(ordered.map(escaped).join('|'), 'gi') : undefined;
  return (text) => {
    let safe = text.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`);
    if (!pattern) return safe;
    safe = safe.replace(pattern, HIDDEN);
    const part = Math.max(0, ...ordered.map((form) => overlap(safe, form)));
    return part >= LEAST_PART ? `${safe.slice(0, -part)}${HIDDEN}` : safe;
  };
}

function formsOf(secret: string): string[] {
  const inQuery = new URLSearchParams({ s: secret }).toString().slice(2);
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [secret, ...inBase64(secret), encodeURIComponent(secret), encodeURI(secret), inQuery, inJson];
}

function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.toString('base64');
  return [whole, whole.replace(/=+$/, ''), bytes.toString('base64url')];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Characters at the end of a text that are the beginning of a form. */
function overlap(text: string, form: string): number {
  for (let n = Math.min(form.length - 1, text.length); n >= LEAST_PART; n--) {
    if (text.endsWith(form.slice(0, n))) return n;
  }
  return 0;
}
