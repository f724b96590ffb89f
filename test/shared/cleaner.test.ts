import assert from 'node:assert/strict';
import { cleanerOf } from '../../src/shared';

describe('texts from outside', () => {
  const username = 'us/er';
  const password = 'p+4 s&s/"wörd';
  const clean = cleanerOf({ username, values: [password, 'tok.en$1', undefined, ''] });

  it('hold no secret, in whatever form a server sends it back', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    for (const [form, text] of Object.entries({
      plain: password,
      'in capitals': password.toUpperCase(),
      token: 'Bearer tok.en$1',
      'header of Basic': base64(`${username}:${password}`),
      'Basic without padding': base64(`${username}:${password}`).replace(/=+$/, ''),
      'SASL PLAIN': base64(`\0${username}\0${password}`),
      'password alone': base64(password),
      'URL-safe': Buffer.from(password).toString('base64url'),
      'part of an address': encodeURIComponent(password),
      'small letters in an address': encodeURIComponent(password).toLowerCase(),
      query: new URLSearchParams({ p: password }).toString(),
      JSON: JSON.stringify({ password }),
      'user info': `https://a:b@host/x`,
    })) {
      const safe = clean(`<<${text}>>`);
      assert.match(safe, /\*\*\*/, form);
      for (const part of ['p+4', 'p%2b4', 'wörd', 'tok.en', ':b@']) {
        assert.ok(!safe.toLowerCase().includes(part), `${form}: ${safe}`);
      }
    }
  });

  it('hold no part of a secret that they break off in', () => {
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    for (let n = 4; n < basic.length; n++) {
      assert.ok(!clean(`echo ${basic.slice(0, n)}`).includes(basic.slice(0, 4)), String(n));
    }
  });

  it('say all else as it was', () => {
    const text = '401 unknown user "us/er" at http://host:80/path?q=1 (*+?^$)';
    assert.equal(clean(text), text);
    assert.equal(cleanerOf({ values: [] })(text), text);
  });
});
