import { fillGaps, shareOf, smooth, toZScores } from '../clean';
import { shift } from '../group/clock';
import { dot } from '../group/rows';
import type { CorrelatorSettings } from '../settings';
import { readPower, readRow, type StoreView } from '../store';
import type { PlaceJob } from './jobs';

/** Part of the intervals in which the power of a meter must be known. */
const LEAST_OF_POWER = 0.5;
/** Bytes of series that are kept; those of more meters are read again. */
const MAX_KEPT = 64e6;

/** What is left of the voltages of a job's meters when that of their phase is taken away: the drops of their own. */
export class Rests {
  /** Meters that can be compared. */
  readonly usable: number[] = [];
  /** Those of them that are no guests. */
  private residents = 0;
  private readonly phaseSum: Float32Array;
  private readonly phaseSquare: number;
  private readonly kept: (Float32Array | undefined)[] | undefined;

  constructor(
    private readonly settings: CorrelatorSettings,
    private readonly view: StoreView,
    private readonly job: PlaceJob,
  ) {
    const { rows } = job;
    const { length } = view;
    const exact = new Float64Array(length);
    const row = new Float32Array(length);
    for (let k = 0; k < rows.length; k++) {
      if (!this.read(k, row)) continue;
      this.usable.push(k);
      if (job.guests[k]) continue;
      this.residents++;
      for (let i = 0; i < length; i++) exact[i] += row[i];
    }
    this.phaseSum = Float32Array.from(exact);
    this.phaseSquare = dot(this.phaseSum, this.phaseSum);
    this.kept = rows.length * length * 4 <= MAX_KEPT ? new Array(rows.length) : undefined;
  }

  /** Of a usable meter, against the mean of all others on its phase; z-scores, all 0 where nothing is left. */
  of(k: number): Float32Array {
    const before = this.kept?.[k];
    if (before) return before;
    const row = new Float32Array(this.view.length);
    this.read(k, row);
    const { phaseSum, phaseSquare } = this;
    const take = this.job.guests[k] ? 0 : 1;
    if (this.residents > take) {
      const own = take * dot(row, row);
      const product = dot(row, phaseSum);
      const others = phaseSquare - 2 * take * product + own;
      const part = others > 0 ? (product - own) / others : 0;
      for (let i = 0; i < row.length; i++) row[i] -= part * (phaseSum[i] - take * row[i]);
    }
    if (!toZScores(row, 1e-3)) row.fill(0);
    if (this.kept) this.kept[k] = row;
    return row;
  }

  /** What a meter does not draw, VA against its mean: as its drop, it rises when the load falls. */
  notDrawn(k: number): Float32Array | undefined {
    const power = readPower(this.view, this.job.power[k]);
    if (!power || shareOf(power) < LEAST_OF_POWER) return undefined;
    let sum = 0;
    let known = 0;
    for (const x of power) {
      if (Number.isNaN(x)) continue;
      sum += x;
      known++;
    }
    for (let i = 0; i < power.length; i++) power[i] = Number.isNaN(power[i]) ? 0 : sum / known - power[i];
    if (this.job.lags[k]) shift(power, this.job.lags[k]);
    return power;
  }

  /** The series of a meter as z-scores; false where it cannot be compared. */
  private read(k: number, into: Float32Array): boolean {
    const { job, settings, view } = this;
    readRow(view, job.rows[k], into);
    if (!fillGaps(into, settings.maxGap).ok && settings.gaps !== 'mask') return false;
    if (settings.lowPass > 1) smooth(into, settings.lowPass);
    if (!toZScores(into)) return false;
    if (job.lags[k]) shift(into, job.lags[k]);
    return true;
  }
}
