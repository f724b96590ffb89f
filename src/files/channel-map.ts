import { type Channel, FieldError, isChannel } from '../record';

/** Which analogue channel of a file (number or name) is which channel of ours. */
export type ChannelMap = Partial<Record<Channel, string>>;

/**
 * A channel map from text such as `va=1, vb=Ub, ia=4`; empty text gives none.
 * @throws FieldError for anything else
 */
export function readChannelMap(text: string, at = 'settings.channels'): ChannelMap | undefined {
  const map: ChannelMap = {};
  for (const part of text.split(/[,;]/)) {
    if (part.trim() === '') continue;
    const [name, wanted, ...more] = part.split('=').map((side) => side.trim());
    if (!isChannel(name) || !wanted || more.length) {
      throw new FieldError(at, 'pairs such as va=1, vb=2', part.trim());
    }
    map[name] = wanted;
  }
  return Object.keys(map).length ? map : undefined;
}

/** The map as text, in the order of the file. */
export function channelMapText(channels: Partial<Record<Channel, number>>): string {
  return Object.entries(channels)
    .sort(([, a], [, b]) => (a as number) - (b as number))
    .map(([name, index]) => `${name}=${index}`)
    .join(', ');
}
