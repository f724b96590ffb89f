const REASONS: Record<string, string> = {
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

/** What an error of TLS means, in words that say what to do; undefined for another error. @param code of the error */
export function tlsReason(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}
