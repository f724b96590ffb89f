// Asked for by what signs the certificates.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { TlsOptions } from '../../src/publishing';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

export interface Pair {
  cert: string;
  key: string;
}

/** A certificate authority of the test's own, and what it signs; nothing is written to disk. */
export async function authority(name = 'Test CA') {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  const pem = async (key: webcrypto.CryptoKey) => {
    const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
    const lines = bytes.toString('base64').replace(/.{64}/g, '$&\n');
    return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
  };
  const generate = async () =>
    (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const keys = await generate();
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 30 * DAY) };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys: keys as never,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  let number = 1;
  /** A certificate for a host (or a client), valid until `notAfter`. */
  const sign = async (host: string, notAfter = validity.notAfter): Promise<Pair> => {
    const own = await generate();
    const isAddress = /^[\d.]+$/.test(host);
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: String(10 + number++),
      subject: `CN=${host}`,
      issuer: ca.subject,
      publicKey: own.publicKey as never,
      signingKey: keys.privateKey as never,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Math.min(validity.notBefore.getTime(), notAfter.getTime() - DAY)),
      notAfter,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: isAddress ? 'ip' : 'dns', value: host }]),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      ],
    });
    return { cert: cert.toString('pem'), key: await pem(own.privateKey) };
  };
  return { ca: ca.toString('pem'), sign };
}

/** What Node-RED's tls-config gives for these settings. */
export function tlsConfig(ca: string, client?: Pair): TlsOptions {
  return { ca, rejectUnauthorized: true, ...client };
}
