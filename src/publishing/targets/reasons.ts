/** Errors of TLS, in words that say what to do. */
const TLS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  CERT_NOT_YET_VALID: 'the certificate of the server is not valid yet: check the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the server signed its certificate itself: give that certificate as CA in the TLS settings',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate of the server is signed by a CA that is not known: give its certificate as CA in the TLS settings',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate of the server is signed by a CA that is not known: give its certificate as CA in the TLS settings',
  UNABLE_TO_GET_ISSUER_CERT:
    'the CA of the certificate of the server is not known: give its certificate as CA in the TLS settings',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the CA of the certificate of the server is not known: give its certificate as CA in the TLS settings',
  CERT_SIGNATURE_FAILURE: 'the certificate of the server was not signed by the CA of the TLS settings',
  CERT_REVOKED: 'the certificate of the server was revoked',
  INVALID_PURPOSE: 'the certificate of the server is not meant for a server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the server is for another host name',
  EPROTO: 'the other side does not speak TLS as we do: check address, port and scheme',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS: check port and scheme',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the server asks for a client certificate: give one in the TLS settings',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the server does not know the CA of our client certificate',
};

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
  const words = TLS[String(code)] ?? NETWORK[String(code)];
  const text = message || String(code ?? 'unknown error');
  return words && !text.includes(words) ? `${words} (${text})` : text;
}
