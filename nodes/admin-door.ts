import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';

export interface Door {
  method: 'get' | 'post';
  path: string;
  /** Who may do this: a scope of Node-RED's users. */
  permission: string;
}

/**
 * Opens an endpoint of the admin API. It is for pages of this editor alone: Node-RED lets every page of the world ask
 * (CORS), and without adminAuth it asks nobody who he is. Bodies are JSON, which a form on a foreign page cannot send.
 */
export function openDoor(
  RED: NodeAPI,
  { method, path, permission }: Door,
  handle: (req: Request, res: Response) => void,
): void {
  RED.httpAdmin[method](path, RED.auth.needsPermission(permission), (req, res) => {
    const stranger = foreignPage(req);
    if (stranger) res.status(403).json({ error: stranger });
    else if (method === 'post' && !req.is('application/json')) res.status(415).json({ error: 'JSON only' });
    else handle(req, res);
  });
}

/** Why a request does not come from a page of this editor; undefined where it does, or from no page at all. */
function foreignPage(req: Request): string | undefined {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) {
    return site === 'same-origin' || site === 'none'
      ? undefined
      : `asked by a page of another site (${site})`;
  }
  const origin = req.get('origin');
  if (origin === undefined) return undefined;
  const hosts = [req.get('host'), req.get('x-forwarded-host')];
  const host = /^https?:\/\/(.+)$/.exec(origin)?.[1];
  return host !== undefined && hosts.includes(host)
    ? undefined
    : `asked by a page of ${origin}; a proxy must pass the host on (Host or X-Forwarded-Host)`;
}
