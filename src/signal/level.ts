import { type Channel, isVoltage, type WaveformFrame } from '../record';
import { HalfCycleRms } from './half-cycle-rms';

/** Cycles at the start of a recording that are taken for undisturbed. */
const CYCLES = 5;

/**
 * The voltage with which a recording begins: mean Urms(1/2) of its first five cycles over the voltages
 * to neutral (or, where there are none, between lines). What to take for nominal when nobody says.
 * @returns V RMS; undefined for a frame without voltages or with less than a cycle
 */
export function startLevel(frame: WaveformFrame): number | undefined {
  const voltages = frame.names.filter((name) => isVoltage(name) && name !== 'vn');
  const toNeutral = voltages.filter((name) => name.length === 2);
  const levels = (toNeutral.length ? toNeutral : voltages).flatMap((name) => firstLevels(frame, name));
  return levels.length ? levels.reduce((a, b) => a + b) / levels.length : undefined;
}

function firstLevels(frame: WaveformFrame, name: Channel): number[] {
  const samples = frame.channel(name) as Float32Array;
  const peak = samples.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const levels: number[] = [];
  const options = { rate: frame.rate, frequency: 55, floor: 0.02 * peak };
  const rms = new HalfCycleRms(options, (_start, _end, value) => levels.push(value));
  rms.push(samples, 0, samples.length);
  rms.finish();
  return levels.slice(0, 2 * CYCLES);
}
