/** Host and port of an address; an IPv6 host without its brackets. */
export function hostAndPort(url: string, port: number): { host: string; port: number } {
  const { hostname, port: given } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: given ? Number(given) : port };
}
