import { tlsReason } from '../../shared';

const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there: check address and port, and whether the server runs',
  ENOTFOUND: 'the host name is not known: check the address and the name server',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer in time: check address and firewall',
  EHOSTUNREACH: 'there is no way to the host: check network and firewall',
  ENETUNREACH: 'there is no way to the network: check cable, modem and routes',
  ECONNRESET: 'the other side cut the connection',
  EPIPE: 'the other side cut the connection',
};

/** An error as people read it: what is wrong and what to check. It may hold what the other side has sent. */
export function reasonOf(error: unknown): string {
  const {
    message = '',
    code,
    errors,
  } = (error ?? {}) as {
    message?: string;
    code?: string | number;
    errors?: unknown[];
  };
  // One for each address of a host that has several.
  if (!message && errors?.length) return reasonOf(errors[0]);
  const words = tlsReason(code) ?? NETWORK[String(code)];
  const text = message || String(code ?? 'unknown error');
  return words && !text.includes(words) ? `${words} (${text})` : text;
}
