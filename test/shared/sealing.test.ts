import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyOf, seal, unseal } from '../../src/shared';
import { cleanUpAfterEach } from '../clean-up';

const cleanUp = cleanUpAfterEach();

describe('sealing', () => {
  it('opens test case 16 of the GCM specification (McGrew, Viega), AES-256 with context', () => {
    const hex = (text: string) => Buffer.from(text, 'hex');
    const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
    const sealed = Buffer.concat([
      hex('cafebabefacedbaddecaf888'),
      hex('76fc6ece0f4e1768cddf8853bb2d551b'),
      hex(
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
      ),
    ]);
    const plain = unseal(sealed, key, hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'));
    assert.equal(
      plain?.toString('hex'),
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
  });

  it('opens what it sealed, and nothing that was changed, cut, or is of another key or context', async () => {
    const key = randomBytes(32);
    const plain = Buffer.from('residual voltage 0.41 pu');
    const sealed = seal(plain, key, Buffer.from('7'));
    assert.deepEqual(unseal(sealed, key, Buffer.from('7')), plain);
    assert.equal(unseal(sealed, key, Buffer.from('8')), undefined);
    assert.equal(unseal(sealed, randomBytes(32), Buffer.from('7')), undefined);
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i] ^= 1;
      assert.equal(unseal(changed, key, Buffer.from('7')), undefined);
      assert.equal(unseal(sealed.subarray(0, i), key, Buffer.from('7')), undefined);
    }
  });

  it('makes the same key of the same secret in a folder, another one elsewhere', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-key-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const key = await keyOf('secret', join(folder, 'a'));
    assert.equal(key.length, 32);
    assert.deepEqual(await keyOf('secret', join(folder, 'a')), key);
    assert.notDeepEqual(await keyOf('other', join(folder, 'a')), key);
    assert.notDeepEqual(await keyOf('secret', join(folder, 'b')), key);
  });

  it('makes the same key of a secret while its salt is there, and never another salt where it cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pq-sealing-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const key = await keyOf('storage key', folder);
    assert.deepEqual(await keyOf('storage key', folder), key);
    // What a loss of power may leave of one that was never used.
    writeFileSync(join(folder, 'salt'), '');
    const next = await keyOf('storage key', folder);
    assert.notDeepEqual(next, key);
    writeFileSync(join(folder, 'salt'), 'cut');
    await assert.rejects(keyOf('storage key', folder), /salt has 3 bytes instead of 16/);
    rmSync(join(folder, 'salt'));
    mkdirSync(join(folder, 'salt'));
    await assert.rejects(keyOf('storage key', folder), /EISDIR/);
  });
});
