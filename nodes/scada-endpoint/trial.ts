import type { Credentials, EndpointSettings } from '../../src/publishing';
import { FieldError } from '../../src/record';

/** An endpoint as it is deployed. */
export interface Deployed {
  config: object;
  credentials: Credentials;
}

/** What the editor has in place of a password that is stored: it never gets the password itself. */
const STORED = '__PWRD__';
const NAMES = ['username', 'password', 'token'] as const;
/** What decides who hears the credentials, and over which line. */
const WHERE = ['protocol', 'url', 'tls', 'mode', 'influxVersion'] as const;

/**
 * Credentials to try an endpoint with: those that were typed, and in place of what the editor does not know those that
 * are stored with this endpoint, which go nowhere but to where it sends now.
 * @param typed by name; what is missing is meant to be empty
 * @throws FieldError where stored ones are needed for another address
 */
export function credentialsFor(
  { url }: EndpointSettings,
  settings: unknown,
  typed: unknown,
  deployed: Deployed | undefined,
): Credentials {
  const given = (typed ?? {}) as Record<string, unknown>;
  const known: Credentials = {};
  for (const name of NAMES) {
    const value = given[name];
    if (typeof value === 'string' && value !== '' && value !== STORED) known[name] = value;
    if (value !== STORED) continue;
    if (!deployed || !isSame(settings, deployed.config)) {
      throw new FieldError(
        `credentials.${name}`,
        `the ${name} typed again: a stored one goes only where it is deployed to, and ${new URL(url).host} with these settings is not that`,
        undefined,
      );
    }
    known[name] = deployed.credentials[name];
  }
  return known;
}

function isSame(settings: unknown, config: object): boolean {
  const [one, other] = [settings, config] as Record<string, unknown>[];
  return WHERE.every((name) => String(one?.[name] ?? '') === String(other[name] ?? ''));
}
