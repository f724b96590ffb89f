import { magnitudeDuration, PRINT, waveformPlot } from '../plots';
import type { PqEvent } from '../record';
import type { Block, Document } from './document';
import type { ReporterSettings } from './settings';
import { plotWords, type Words, wordsOf } from './words';

/** The report of one event. */
export interface DisturbanceReport {
  document: Document;
  /** SVG by name: `voltages`, `currents`, `magnitude`. */
  figures: Record<string, string>;
}

/**
 * A disturbance: what it was, by all standards that have a name for it, and its waveform.
 * @param event that has ended; with its capture, where there is one
 * @param now ms, of issue
 */
export function disturbanceReport(
  event: PqEvent,
  { language, issuer, frequency: nominal }: ReporterSettings,
  now: number,
): DisturbanceReport {
  const words = wordsOf(language);
  const { capture, meter, type, time, perPhase } = event;
  const frequency = event.duration > 0 && event.cycles > 0 ? event.cycles / event.duration : nominal;
  const figures: Record<string, string> = {};
  if (capture) {
    const options = { ink: PRINT, frequency, zero: time, height: 260 };
    const axis = (unit: string) => ({ x: words.seconds, y: unit });
    const plots = {
      voltages: waveformPlot(capture, {
        ...options,
        quantity: 'v',
        title: words.waveform,
        words: axis('V'),
      }),
      currents: waveformPlot(capture, {
        ...options,
        quantity: 'i',
        title: words.currents,
        words: axis('A'),
      }),
    };
    for (const [name, svg] of Object.entries(plots)) if (svg) figures[name] = svg;
  }
  if (type !== 'rvc')
    figures.magnitude = magnitudeDuration([event], {
      ink: PRINT,
      width: 480,
      title: words.magnitudeDuration,
      words: plotWords(words),
    });
  const start = new Date(time).toISOString();
  const named: [string, string][] = [
    ['voltages', words.waveform],
    ['currents', words.currents],
    ['magnitude', words.magnitudeDuration],
  ];
  const blocks: Block[] = [
    { kind: 'facts', facts: factsOf(event, words) },
    { kind: 'heading', text: words.perPhase },
    {
      kind: 'table',
      head: [words.phase, words.extreme, words.begins, words.lasts],
      rows: Object.entries(perPhase).map(([phase, extent]) => [
        phase,
        extent.extreme.toFixed(3),
        ((extent.time - time) / 1000).toFixed(4),
        extent.duration.toFixed(4),
      ]),
    },
    ...(capture ? [] : [{ kind: 'paragraph' as const, text: words.noCapture }]),
    ...named
      .filter(([name]) => figures[name])
      .map(([name, caption]) => ({ kind: 'figure' as const, svg: figures[name], caption })),
  ];
  const document: Document = {
    title: `${words.disturbance}: ${words[type]}`,
    subtitle: `${meter}, ${start}`,
    footer: [`${words.issued} ${new Date(now).toISOString()}`, issuer && `${words.by} ${issuer}`]
      .filter(Boolean)
      .join(' '),
    language,
    blocks,
  };
  return { document, figures };
}

function factsOf(event: PqEvent, words: Words): [string, string][] {
  const { type, category, pointOnWave, phaseJump, direction, severity, sagEnergy, flags } = event;
  const degrees = (value?: number) => (value === undefined ? '–' : `${value.toFixed(1)}°`);
  const categories = [
    category.ieee1159 && `IEEE 1159: ${category.ieee1159}`,
    category.en50160 && `EN 50160: ${category.en50160}`,
    category.itic && `ITIC: ${category.itic}`,
    category.semiF47 && `SEMI F47: ${category.semiF47}`,
  ].filter(Boolean);
  const facts: [string, string | undefined][] = [
    [words.event, event.id],
    [words.meter, event.meter],
    [words.type, words[type]],
    [words.start, new Date(event.time).toISOString()],
    [words.duration, `${event.duration.toFixed(4)} s, ${event.cycles.toFixed(2)} ${words.cycles}`],
    [words.phases, event.phases.join(', ')],
    ...(type === 'rvc'
      ? ([
          [words.change, pu(event.deltaMax)],
          [words.steadyChange, pu(event.deltaSteady)],
        ] as [string, string | undefined][])
      : ([
          [
            type === 'swell' || type === 'overvoltage' ? words.highest : words.residualVoltage,
            pu(event.extreme),
          ],
          [words.depth, pu(event.depth)],
        ] as [string, string | undefined][])),
    [words.reference, `${Number(event.reference.toPrecision(5))} V`],
    [words.categories, categories.join('; ') || undefined],
    [words.severity, severity?.toFixed(3)],
    [words.sagEnergy, sagEnergy === undefined ? undefined : `${sagEnergy.toFixed(4)} s`],
    [words.bollen, category.bollen],
    [words.pointOnWave, pointOnWave && `${degrees(pointOnWave.start)} / ${degrees(pointOnWave.end)}`],
    [words.phaseJump, phaseJump === undefined ? undefined : degrees(phaseJump)],
    [words.direction, direction && words[direction.source]],
    [words.flags, flags.join(', ') || undefined],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function pu(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(4)} pu`;
}
