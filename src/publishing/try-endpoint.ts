import { randomBytes } from 'node:crypto';
import type { EndpointSettings } from './endpoint';
import { type Credentials, openTarget, type TlsOptions } from './targets';

/** What a trial of an endpoint found. */
export interface EndpointTrial {
  ok: boolean;
  /** `connected`: the line stands; `accepted`: and records would be taken; `listening`: Prometheus may fetch. */
  found: 'connected' | 'accepted' | 'listening' | 'failed';
  values: { ms: number };
  /** Holds no secret. */
  reason?: string;
}

/**
 * Tries an endpoint: connects, asks whether records would be taken where that can be asked, and closes. Nothing is
 * delivered, and a connection of the same name stays as it is: of MQTT and Sparkplug another client id is used, and
 * no birth and no will.
 * @param timeout ms
 */
export async function tryEndpoint(
  settings: EndpointSettings,
  credentials: Credentials,
  tls: TlsOptions,
  timeout = 10_000,
): Promise<EndpointTrial> {
  const began = performance.now();
  const values = () => ({ ms: Math.round(performance.now() - began) });
  let told: (reason: string | undefined) => void = () => {};
  const settled = new Promise<string | undefined>((resolve) => {
    told = resolve;
  });
  const late = setTimeout(() => told(`no answer within ${timeout / 1000} s`), timeout);
  const target = openTarget(harmless(settings), credentials, tls, {
    state: (state) => {
      if (state === 'connected') told(undefined);
    },
    failed: (reason) => told(reason),
  });
  try {
    if (target.probe) {
      const outcome = await Promise.race([
        target.probe(),
        settled.then((error) => ({ state: 'retry', error })),
      ]);
      if (outcome.state === 'delivered') return { ok: true, found: 'accepted', values: values() };
      const { error } = outcome as { error?: string };
      return { ok: false, found: 'failed', values: values(), reason: error };
    }
    const reason = await settled;
    if (reason !== undefined) return { ok: false, found: 'failed', values: values(), reason };
    const isPage = settings.protocol === 'prometheus';
    return { ok: true, found: isPage ? 'listening' : 'connected', values: values() };
  } catch (error) {
    return { ok: false, found: 'failed', values: values(), reason: (error as Error).message };
  } finally {
    clearTimeout(late);
    await target.close();
  }
}

/** Settings of a connection that nobody else notices. */
function harmless(settings: EndpointSettings): EndpointSettings {
  const { protocol } = settings;
  if (protocol !== 'mqtt' && protocol !== 'sparkplug') return settings;
  const clientId = `pq-test-${randomBytes(4).toString('hex')}`;
  return { ...settings, protocol: 'mqtt', clientId, statusTopic: '' };
}
