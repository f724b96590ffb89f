/** Colours of a plot. */
export interface Ink {
  text: string;
  /** Lines of the grid and of the frame. */
  grid: string;
  frame: string;
  /** Ground of labels that lie over lines. */
  ground: string;
  /** Phases by name (`a b c n`, lines `ab bc ca`). */
  phases: Record<string, string>;
  /** Kinds of event. */
  events: Record<string, string>;
  accent: string;
  /** Beyond a limit. */
  bad: string;
  good: string;
}

/** Okabe and Ito's colours (2008), which can be told apart with any colour vision, dark enough for white paper. */
const PHASES = {
  a: '#d55e00',
  b: '#b58900',
  c: '#0072b2',
  n: '#777777',
  ab: '#d55e00',
  bc: '#b58900',
  ca: '#0072b2',
};
const EVENTS = {
  sag: '#0072b2',
  swell: '#d55e00',
  interruption: '#7b3294',
  rvc: '#009e73',
  undervoltage: '#56b4e9',
  overvoltage: '#e69f00',
};

/** For white paper. */
export const PRINT: Ink = {
  text: '#333333',
  grid: '#e2e2e2',
  frame: '#999999',
  ground: '#ffffff',
  phases: PHASES,
  events: EVENTS,
  accent: '#0072b2',
  bad: '#c0392b',
  good: '#009e73',
};

/** For a page whose colours are not known: text in its own, the rest readable on light and dark ground. */
export const SCREEN: Ink = {
  ...PRINT,
  text: 'currentColor',
  grid: 'rgba(128,128,128,0.25)',
  frame: 'rgba(128,128,128,0.7)',
  ground: 'none',
  phases: {
    ...PHASES,
    a: '#e8743b',
    b: '#c99a12',
    c: '#2f8fd0',
    ab: '#e8743b',
    bc: '#c99a12',
    ca: '#2f8fd0',
  },
  events: { ...EVENTS, sag: '#2f8fd0', swell: '#e8743b', interruption: '#a86cc4' },
  accent: '#2f8fd0',
  bad: '#e0564a',
};

/** Colour of a channel such as `va` or `ibc`. */
export function inkOf({ phases }: Ink, channel: string): string {
  return phases[channel.slice(1)] ?? phases.n;
}
