import type { PqRecord } from '../record';

/** What a time-series database takes: named values of one moment, and what they belong to. */
export interface Point {
  name: string;
  tags: Record<string, string>;
  fields: Record<string, number | string | boolean>;
  /** ms since 1970. */
  time: number;
}

/**
 * The points of a record. Samples are left out: they belong in files or messages. Values in arrays (harmonics, values
 * of half cycles) become fields by order, or points in time.
 * @returns none for a waveform
 */
export function pointsOf(record: PqRecord): Point[] {
  const { meter = '', time } = record;
  const tags: Record<string, string> = meter ? { meter } : {};
  switch (record.kind) {
    case 'waveform':
      return [];
    case 'summary': {
      const { file, format, seconds, samples, doubts, sent } = record;
      const counts = { doubts: doubts.length, ...(sent && flat(sent)) };
      return [{ name: 'summary', tags, fields: { file, format, seconds, samples, ...counts }, time }];
    }
    case 'reading': {
      const { values, quality, summary } = record;
      const fields: Point['fields'] = { ...values, quality };
      for (const part of ['min', 'max', 'last'] as const) {
        for (const [name, value] of Object.entries(summary?.[part] ?? {})) fields[`${name}_${part}`] = value;
      }
      return [{ name: 'reading', tags, fields, time }];
    }
    case 'rms': {
      const { window, values, step = 0, flagged } = record;
      const lists = Object.entries(values).filter(([, value]) => Array.isArray(value)) as [
        string,
        number[],
      ][];
      const single = Object.entries(values).filter(([, value]) => typeof value === 'number') as [
        string,
        number,
      ][];
      const at = { ...tags, window };
      const points: Point[] = [];
      if (single.length > 0) {
        points.push({ name: 'rms', tags: at, fields: { ...Object.fromEntries(single), flagged }, time });
      }
      const longest = lists.reduce((most, [, list]) => Math.max(most, list.length), 0);
      for (let i = 0; i < longest; i++) {
        const there = lists.filter(([, list]) => i < list.length).map(([name, list]) => [name, list[i]]);
        points.push({
          name: 'rms',
          tags: at,
          fields: { ...Object.fromEntries(there), flagged },
          time: time + i * step * 1000,
        });
      }
      return points;
    }
    case 'event': {
      const { capture, perPhase, category, type, state, ...rest } = record;
      const fields = { ...flat(rest), ...flat(category, 'category_') };
      for (const [phase, { extreme, duration }] of Object.entries(perPhase)) {
        fields[`extreme_${phase}`] = extreme;
        fields[`duration_${phase}`] = duration;
      }
      return [{ name: 'event', tags: { ...tags, type, state }, fields, time }];
    }
    case 'power': {
      const { phases, total, sequence, harmonics, groups, interharmonics, energy, ...rest } = record;
      const points: Point[] = [
        {
          name: 'power',
          tags,
          fields: { ...flat(rest), ...flat(total), ...flat(sequence), ...flat(energy, 'energy_') },
          time,
        },
      ];
      for (const [phase, values] of Object.entries(phases)) {
        points.push({ name: 'power_phase', tags: { ...tags, phase }, fields: flat(values), time });
      }
      const spectra = { harmonics, groups, interharmonics };
      for (const [name, byChannel] of Object.entries(spectra)) {
        for (const [channel, list] of Object.entries(byChannel ?? {})) {
          const fields = Object.fromEntries(list.map((value, order) => [`h${order}`, value]));
          points.push({ name, tags: { ...tags, channel }, fields, time });
        }
      }
      return points.filter(({ fields }) => Object.keys(fields).length > 0);
    }
    case 'phase-map':
      return record.assignments.map(({ meter: of, transformer, ...rest }) => ({
        name: 'phase_assignment',
        tags: { meter: of, transformer },
        fields: flat(rest),
        time,
      }));
    case 'diagnostic': {
      const { code, severity, text, hint } = record;
      return [{ name: 'diagnostic', tags: { ...tags, code, severity }, fields: { text, hint }, time }];
    }
    case 'receipt': {
      const { id, target, state, attempts, error } = record;
      return [
        { name: 'receipt', tags: { ...tags, target, state }, fields: flat({ id, attempts, error }), time },
      ];
    }
  }
}

/** Heads of a record, which are no fields of its point. */
const HEADS = new Set(['kind', 'meter', 'time']);

/** Numbers, texts and truths of an object by name; lists of texts joined, objects by the path of their names. */
function flat(object: object | undefined, prefix = ''): Point['fields'] {
  const fields: Point['fields'] = {};
  for (const [name, value] of Object.entries(object ?? {})) {
    if (prefix === '' && HEADS.has(name)) continue;
    if (
      typeof value === 'number'
        ? Number.isFinite(value)
        : typeof value === 'string' || typeof value === 'boolean'
    ) {
      fields[prefix + name] = value as number | string | boolean;
    } else if (Array.isArray(value)) {
      if (value.every((one) => typeof one === 'string')) fields[prefix + name] = value.join(' ');
    } else if (value && typeof value === 'object') Object.assign(fields, flat(value, `${prefix}${name}_`));
  }
  return fields;
}
