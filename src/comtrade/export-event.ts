import { check, FieldError, type PqEvent, parseRecord } from '../record';
import { EXPORT_FORMATS, type ExportFormat, toCff, type WrittenRecord, writeRecord } from './write';

export interface ExportRequest {
  event: PqEvent;
  format: ExportFormat;
  /** One file (.cff) instead of three. */
  single: boolean;
}

/** An exported event: in one file, or in three. */
export type Exported = { name: string; cff: Buffer } | ({ name: string } & WrittenRecord);

/**
 * What is to be exported: an event record, or `{event, format, single}` around one.
 * @throws FieldError that names the field; an event without a capture has nothing to export
 */
export function readExportRequest(given: unknown, at = 'payload'): ExportRequest {
  const outer = check.object(given, at);
  const bare = outer.kind === 'event';
  const field = bare ? at : `${at}.event`;
  const event = parseRecord(bare ? outer : check.object(outer.event, field), field);
  if (event.kind !== 'event') throw new FieldError(`${field}.kind`, 'event', event.kind);
  if (!event.capture) throw new FieldError(`${field}.capture`, 'the waveform of the event', event.capture);
  return {
    event,
    format: check.oneOf((!bare && outer.format) || 'FLOAT32', `${at}.format`, EXPORT_FORMATS),
    single: check.boolean(bare ? false : (outer.single ?? false), `${at}.single`),
  };
}

/**
 * The capture of an event as COMTRADE 2013, the event itself in the header part.
 * `name` is a file name without ending, made of meter, type and start.
 */
export function exportEvent({ event, format, single }: ExportRequest): Exported {
  const { capture, ...rest } = event;
  if (!capture) throw new FieldError('payload.capture', 'the waveform of the event', capture);
  const record = writeRecord(capture, {
    format,
    frequency: event.duration > 0 && event.cycles / event.duration > 55 ? 60 : 50,
    trigger: event.time,
    header: headerOf(rest),
  });
  const name = event.id.replace(/[^\w.-]+/g, '_');
  return single ? { name, cff: toCff(record, format) } : { name, ...record };
}

/** Lines for people, and the record itself for programs. */
function headerOf(event: Omit<PqEvent, 'capture'>): string {
  const { id, meter, type, time, duration, cycles, extreme, reference, phases, category, flags } = event;
  return [
    `Event ${id}`,
    `Meter: ${meter}`,
    `Type: ${type}`,
    `Start: ${new Date(time).toISOString()}`,
    `Duration: ${duration.toFixed(4)} s (${cycles.toFixed(1)} cycles)`,
    `Extreme: ${extreme.toFixed(4)} pu of ${reference} V`,
    `Phases: ${phases.join(' ')}`,
    ...Object.entries(category).map(([standard, name]) => `${standard}: ${name}`),
    ...(flags.length ? [`Flags: ${flags.join(', ')}`] : []),
    '',
    JSON.stringify(event, null, 1),
    '',
  ].join('\r\n');
}
