import { type PqEvent, type Reading, WaveformFrame } from '../../src/record';

/** 0 to `count` - 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** The `n`-th reading of a meter; no two are alike. */
export function reading(n: number, meter = 'm1'): Reading {
  return {
    kind: 'reading',
    meter,
    time: 1.7e12 + n,
    values: { va: 230 + (n % 100) / 10, f: 50 },
    quality: 'good',
  };
}

/** A waveform of one or more channels of the same samples. */
export function frame(length: number, meter = 'm1', names = ['va']): WaveformFrame {
  const samples = Array.from({ length }, (_, n) => Math.fround(325 * Math.sin(n / 10)));
  return WaveformFrame.from({
    kind: 'waveform',
    meter,
    time: 1.7e12,
    rate: 10_000,
    channels: Object.fromEntries(names.map((name) => [name, samples])),
  });
}

/** A sag that has ended, with a capture. */
export function sag(n: number, meter = 'm1', samples = 100): PqEvent {
  const time = 1.7e12 + 1000 * n;
  return {
    kind: 'event',
    meter,
    time,
    id: `${meter}-sag-${new Date(time).toISOString()}`,
    type: 'sag',
    state: 'end',
    phases: ['a'],
    duration: 0.1,
    cycles: 5,
    reference: 230,
    extreme: 0.41,
    depth: 0.59,
    perPhase: { a: { extreme: 0.41, time, duration: 0.1 } },
    category: { ieee1159: 'instantaneous sag' },
    flags: [],
    ...(samples > 0 && { capture: frame(samples, meter) }),
  };
}

/** Names that a meter may have, and that mean something to some broker or break its rules. */
export const HOSTILE_NAMES = [
  'a\u0000b',
  '\r\nid:evil\n\n\u0000',
  'x'.repeat(256),
  'é'.repeat(256),
  '\ud800',
  '𝔘𝔫',
  ' ',
  '#',
  '+/$SYS/#',
  '{meter}',
  '__proto__',
  '"\\',
  'a,b=c d',
];
