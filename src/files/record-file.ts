import type { AnalogChannel, ComtradeRecord, Progress } from '../comtrade';
import type {
  Channel,
  MeterFacts,
  QuantityName,
  Reading,
  RecordSummary,
  Values,
  WaveformFrame,
} from '../record';
import type { FoundMeter } from './channels/finder';
import { unitOf } from './channels/names';
import { type Block, Deskewer } from './deskew';
import { withName } from './error';
import { FrameCutter } from './frames';
import type { OpenSource } from './source';
import type { Survey } from './survey';
import { timeAt } from './timeline';

/** Samples of slow values that make up one reading each. */
const MAX_READINGS = 1_000_000;

/** A file of a recorder, looked through and ready to be read. */
export class RecordFile {
  readonly summary: RecordSummary;

  constructor(
    private readonly source: OpenSource,
    private readonly record: ComtradeRecord,
    private readonly found: Survey,
    private readonly progress?: Progress,
  ) {
    this.summary = found.summary;
  }

  /**
   * Its records, in parts: waveforms with the file's own time, and readings of sections that hold RMS values. Meters
   * take turns; of each, records come in the order of time, and the last waveform is marked. What turns up on the way
   * (missing samples) is added to the summary.
   * @throws RecordError for data that cannot be understood, with the line or byte
   */
  async *records(): AsyncGenerator<WaveformFrame | Reading> {
    try {
      yield* this.read();
    } catch (error) {
      throw withName(this.summary.file, error);
    }
  }

  private async *read(): AsyncGenerator<WaveformFrame | Reading> {
    const { summary, found } = this;
    const places = found.places;
    const cutters = found.meters.map(({ channels }, i) => this.cutterOf(summary.meters[i], channels, places));
    const ready: (WaveformFrame | Reading)[] = [];
    const total = summary.samples;
    for (const [i, section] of found.sections.entries()) {
      const { kind, samplesPerCycle, rate } = found.facts[i];
      if (kind === 'none') continue;
      const timeOf = (sample: number) => summary.time + timeAt(section, sample) * 1000;
      if (kind === 'waveform') for (const cutter of cutters) cutter.begin({ rate, samplesPerCycle, timeOf });
      const take = (block: Block) => {
        for (const cutter of cutters) {
          cutter.take(block.values, block.count, block.first, (frame) => ready.push(frame));
        }
      };
      const deskewer = kind === 'waveform' ? this.deskewer(rate) : undefined;
      for await (const block of this.record.data.rows({
        analog: places,
        from: section.from,
        to: section.to,
      })) {
        if (kind === 'waveform') take(deskewer ? deskewer.push(block) : block);
        else this.readings(i, block.values, block.count, block.first, timeOf, ready);
        yield* ready.splice(0);
        this.progress?.((block.first + block.count) / total);
      }
      if (deskewer) take(deskewer.finish());
      if (kind === 'waveform') for (const cutter of cutters) cutter.end((frame) => ready.push(frame));
      yield* ready.splice(0);
    }
    for (const cutter of cutters) {
      const last = cutter.finish();
      if (last) yield last;
      this.note(cutter);
    }
  }

  /** Whether the data holds all that the header promises. */
  get isWhole(): boolean {
    const { rates } = this.record.config;
    return this.record.data.count >= rates[rates.length - 1].end;
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  /** What brings the channels to the same instants, where the header says that they were not taken together. */
  private deskewer(rate: number): Deskewer | undefined {
    const { config } = this.record;
    if (this.summary.doubts.every(({ code }) => code !== 'SKEW')) return undefined;
    return new Deskewer(
      this.found.places.map((place) => Math.max(0, config.analog[place].skew) * 1e-6 * rate),
    );
  }

  private cutterOf(
    { meter, nominal }: MeterFacts,
    channels: FoundMeter['channels'],
    places: readonly number[],
  ) {
    const own = Object.entries(channels).map(([name, place]) => ({
      name: name as Channel,
      place: places.indexOf(place),
      factor: factorOf(this.record.config.analog[place]),
    }));
    return new FrameCutter(meter, own, nominal);
  }

  private readings(
    section: number,
    values: readonly Float64Array[],
    count: number,
    first: number,
    timeOf: (sample: number) => number,
    out: (WaveformFrame | Reading)[],
  ): void {
    const { found, summary, record } = this;
    const { from } = found.sections[section];
    for (const [m, { channels }] of found.meters.entries()) {
      const scale = found.trends[section]?.[m];
      if (!scale) continue;
      const own = Object.entries(channels).map(([name, place]) => ({
        name: name as QuantityName,
        place: found.places.indexOf(place),
        factor: factorOf(record.config.analog[place]) * scale.factor,
      }));
      for (let k = 0; k < count && first + k - from < MAX_READINGS; k++) {
        const read: Values = {};
        for (const { name, place, factor } of own) {
          const value = values[place][k] * factor;
          if (Number.isFinite(value)) read[name] = value;
        }
        const time = timeOf(first + k);
        out.push({
          kind: 'reading',
          meter: summary.meters[m].meter,
          time,
          values: read,
          quality: 'uncertain',
        });
      }
    }
  }

  /** What was missing in the samples of a meter. */
  private note({ meter, bridged, holes }: FrameCutter): void {
    const { doubts } = this.summary;
    if (bridged.size) {
      const counts = [...bridged].map(([name, count]) => `${name} ${count}`).join(', ');
      doubts.push({
        code: 'MISSING_SAMPLES',
        text: `${meter}: missing samples bridged by a line: ${counts}`,
      });
    }
    if (holes) {
      doubts.push({
        code: 'MISSING_SAMPLES',
        text: `${meter}: ${holes} samples in holes that are left as gaps`,
      });
    }
  }
}

/** To V or A; 1 for a unit that is not known, which the summary says. */
export function factorOf({ unit }: AnalogChannel): number {
  return unitOf(unit)?.scale ?? 1;
}
