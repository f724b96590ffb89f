import { check, FieldError } from '../record';

export const PROTOCOLS = ['mqtt'] as const;

export interface EndpointSettings {
  protocol: (typeof PROTOCOLS)[number];
  url: string;
}

const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

/**
 * Settings of an endpoint.
 * @throws FieldError; the text never repeats a URL, which may hold a password
 */
export function readEndpointSettings(given: unknown, at = 'settings'): EndpointSettings {
  const g = check.object(given, at);
  const protocol = check.oneOf(g.protocol || 'mqtt', `${at}.protocol`, PROTOCOLS);
  const url = parseUrl(String(g.url ?? ''));
  if (!url || !SCHEMES.includes(url.protocol) || url.hostname === '') {
    throw new FieldError(
      `${at}.url`,
      'an address such as mqtt://127.0.0.1:1883 (mqtt, mqtts, ws, wss)',
      undefined,
    );
  }
  if (url.username || url.password) {
    throw new FieldError(
      `${at}.url`,
      'an address without user and password: they belong in the credentials',
      true,
    );
  }
  return { protocol, url: url.href };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
