import type { Channel } from './quantities';

/** Something about a file that its reader could not take for certain, and how it was taken. */
export interface Doubt {
  /** E.g. `GAP`, `STAMP_UNIT`, `NO_START_TIME`: see docs/nodes/pq-file.md. */
  code: string;
  text: string;
}

/** An analogue channel of a file as its header and its signal describe it. */
export interface ChannelFacts {
  /** Number in the file. */
  index: number;
  name: string;
  phase: string;
  unit: string;
  /** RMS without the mean, mean, in the unit of the file; over the stretches that were looked at. */
  rms: number;
  mean: number;
  /** Angle of the fundamental, degrees, against the first channel that is used; absent where there is none. */
  angle?: number;
  /** What it is taken for; absent where it is not used. */
  as?: Channel;
  /** Meter that it belongs to. */
  meter?: string;
}

/** Channels of a file that make one meter. */
export interface MeterFacts {
  meter: string;
  /** Number in the file of each channel. */
  channels: Partial<Record<Channel, number>>;
  /** RMS voltage that it begins with, V: mean of the channels that events are judged by. */
  level?: number;
  /** Declared voltage that goes with its records, V. */
  nominal?: number;
  /** Why these channels. */
  reason: string;
  /** 0 to 1. */
  confidence: number;
}

/** A stretch of one sampling rate without a gap. */
export interface SectionFacts {
  /** First sample, 0-based, and one past the last. */
  from: number;
  to: number;
  /** Time of the first sample, ms since 1970. */
  time: number;
  /** Hz; the mean where the rate drifts. */
  rate: number;
  /** Seconds without samples before it. */
  gap: number;
  samplesPerCycle: number;
  /** `waveform`: sent as such. `trend`: RMS values, sent as readings. `none`: neither. */
  kind: 'waveform' | 'trend' | 'none';
}

/** What a file of a recorder holds, and what became of it. */
export interface RecordSummary {
  kind: 'summary';
  /** First meter in the file. */
  meter: string;
  /** Time of the first sample, ms since 1970. */
  time: number;
  file: string;
  /** E.g. `COMTRADE 1999 BINARY`. */
  format: string;
  station: string;
  device: string;
  /** Code page of the header. */
  encoding: string;
  /** Times of the first sample and of the trigger, as they stand in the file. */
  start: string;
  trigger: string;
  /** From the first sample to the last, gaps included, s. */
  seconds: number;
  /** Samples of each channel. */
  samples: number;
  /** Measured fundamental, Hz. */
  frequency?: number;
  channels: ChannelFacts[];
  meters: MeterFacts[];
  sections: SectionFacts[];
  doubts: Doubt[];
  /** What was sent, once all of it was: records, and those that a reader refused, where that is known. */
  sent?: { waveforms: number; readings: number; refused?: number };
}
