import { splitCff } from './cff';
import { type Config, parseConfig } from './config';
import { type ByteSource, bytesSource, type DataRows, openData, type Progress } from './data';
import { decodeText } from './text';

/** A stretch of one sampling rate as the header has it; `rate` 0 where only the time stamps tell. */
export interface RateSection {
  rate: number;
  /** First sample, 0-based, and one past the last. */
  from: number;
  to: number;
}

/** A COMTRADE record looked through: its header, and its rows to be read. */
export interface ComtradeRecord {
  config: Config;
  /** Code page in which the header was read. */
  encoding: string;
  data: DataRows;
  /** Seconds from the first stamp to that of each sample, by the file's own counter, unwrapped; NaN where missing. */
  stamps: Float64Array;
  rates: RateSection[];
  /** Text of the header part, where the record has one. */
  header?: string;
  /** What was odd about the file and how it was taken. */
  warnings: string[];
}

export interface ComtradeParts {
  cfg: Uint8Array;
  dat: ByteSource;
  hdr?: Uint8Array;
}

export interface ReadOptions {
  /** Code page of the header; found out where absent. */
  encoding?: string;
  progress?: Progress;
}

/**
 * Looks through a record: IEEE C37.111-1991, -1999, -2013; ASCII, BINARY, BINARY32, FLOAT32.
 * @throws ComtradeError that says which line or byte
 */
export async function openComtrade(
  { cfg, dat, hdr }: ComtradeParts,
  { encoding: given, progress }: ReadOptions = {},
): Promise<ComtradeRecord> {
  const { text, encoding, isGuess } = decodeText(cfg, given);
  const config = parseConfig(text);
  const data = await openData(config, dat, progress);
  const warnings = [...config.warnings, ...data.warnings];
  if (isGuess) warnings.push(`the code page of the header is not certain: read as ${encoding}`);
  return {
    config,
    encoding,
    data,
    stamps: unwrapStamps(data.stamps, config, warnings),
    rates: rateSections(config, data.count),
    ...(hdr?.length ? { header: decodeText(hdr, given).text } : {}),
    warnings,
  };
}

/** The parts of a single-file record (.cff). @throws ComtradeError where one is missing */
export function partsOfCff(bytes: Uint8Array): ComtradeParts {
  const { cfg, dat, hdr } = splitCff(bytes);
  return { cfg, dat: bytesSource(dat), hdr };
}

function rateSections(config: Config, count: number): RateSection[] {
  const sections: RateSection[] = [];
  let from = 0;
  config.rates.forEach(({ rate, end }, i) => {
    // Samples beyond the header's count were taken at the last rate.
    const to = i === config.rates.length - 1 ? count : Math.min(end, count);
    if (to > from) sections.push({ rate, from, to });
    from = Math.max(from, to);
  });
  return sections;
}

/**
 * Raw counters into seconds from the first sample, in place. A counter of 32 bits runs over after 71 minutes of
 * microseconds, one of ten digits at 10^10: a step back by most of such a span is that, and is undone.
 */
function unwrapStamps(stamps: Float64Array, config: Config, warnings: string[]): Float64Array {
  const unit = config.stampUnit * config.timeMultiplier;
  let carried = 0;
  let previous = Number.NaN;
  let first = Number.NaN;
  let backwards = 0;
  for (let n = 0; n < stamps.length; n++) {
    const raw = stamps[n];
    if (Number.isNaN(raw)) continue;
    if (raw < previous) {
      const span = [2 ** 32, 1e10].find((s) => previous < s && previous - raw > s / 2);
      if (span) carried += span;
      else backwards++;
    }
    previous = raw;
    if (Number.isNaN(first)) first = raw;
    stamps[n] = (raw + carried - first) * unit;
  }
  if (backwards) warnings.push(`time stamps run backwards in ${backwards} places`);
  return stamps;
}
