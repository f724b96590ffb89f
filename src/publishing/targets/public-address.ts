import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { hostAndPort } from './address';

/** Addresses that do not leave a site or a machine (RFC 1918, 6598, 3927, 4193, 4291). */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
PRIVATE.addAddress('0.0.0.0', 'ipv4');
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addAddress('::', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/**
 * The addresses of a host that are on public networks; none where it is not known.
 * @param resolve finds the addresses of a name
 */
export async function publicAddresses(
  url: string,
  resolve: (host: string) => Promise<string[]> = async (host) =>
    (await lookup(host, { all: true })).map(({ address }) => address),
): Promise<string[]> {
  const { host } = hostAndPort(url, 0);
  const addresses = isIP(host) ? [host] : await resolve(host).catch(() => []);
  return addresses.filter((address) => !PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'));
}
