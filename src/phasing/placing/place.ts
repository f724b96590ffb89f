import { type Blocks, blockDots, blocksOf, drawn, fisher, sureOf } from '../group/blocks';
import { dot } from '../group/rows';
import type { CorrelatorSettings } from '../settings';
import type { StoreView } from '../store';
import type { Better, Placed, PlaceJob } from './jobs';
import { Rests } from './rests';

/** Quarter of a day, s: what is left of a voltage without that of its feeder has a shorter memory than a day. */
const STRETCH = 21_600;
/** Likeness to its own transformer, in parts of what is usual there, below which a meter is looked for elsewhere. */
const UNLIKE = 0.6;
/**
 * Likeness that it must have to another transformer, in parts of what is usual there: a customer with a drop of its own
 * is less like anybody. More where it has no neighbours at home that it could be unlike. And the least lead, Fisher's z.
 */
const LIKE = 0.25;
const LIKE_ALONE = 0.4;
const LEAST_LEAD = 0.05;
/** Likeness of the others at a transformer to each other from which one that is not like them does not belong there. */
const SOUND = 0.3;
/** Likeness to the others at home, in parts of what is usual there, of one that surely is not at home. */
const FOREIGN = 0.15;
/** Likelihood, over all transformers tried, of being wrong where a meter is said to be elsewhere. */
const ERROR = 0.01;
/** Meters at a transformer up to which its mean may be that of a single one. */
const FEW = 8;
/** Products that one job spends: half a minute. Beyond it the meters that are least like their own go first. */
const MAX_PRODUCTS = 20_000_000;
/** Transformers in one job: their means are in memory. */
const MAX_PLACES = 10_000;

/**
 * Meters that are at another transformer than the records have them. What is left of a meter's voltage when that of its
 * phase of the feeder is taken away is the drop over transformer and line, which meters of one transformer have in
 * common. So each is compared with the others at its own transformer and at each other one of the feeder: with what is
 * left of their voltages, and with what they draw, where that is known. Draws of quarters of days say how sure it is.
 */
export function placeMeters(settings: CorrelatorSettings, view: StoreView, job: PlaceJob): Placed {
  if (job.count > MAX_PLACES) return { better: [], notCompared: job.rows.length };
  return new Placing(settings, view, job).run();
}

/** A transformer: what its members have in common. */
interface Place {
  members: number[];
  /** Rests of their voltages added up, and what they do not draw, VA, where that is known of any. */
  sum: Float32Array;
  notDrawn: Float32Array | undefined;
  /** What a meter is compared with there, until a member comes or goes. */
  series?: Series[];
}

/** A series, and its product with itself. */
interface Series {
  x: Float32Array;
  square: number;
}

/** A meter that may be at another transformer. */
interface Candidate {
  member: number;
  best: number;
}

class Placing {
  private readonly rests: Rests;
  private readonly blocks: Blocks;
  private readonly places: Place[];
  /** Likeness of each meter to the others at its place, as the records have them, in Fisher's z; NaN without others. */
  private readonly home: Float64Array;

  constructor(
    settings: CorrelatorSettings,
    view: StoreView,
    private readonly job: PlaceJob,
  ) {
    this.rests = new Rests(settings, view, job);
    this.blocks = blocksOf(view.length, Math.max(1, Math.round(STRETCH / settings.interval)));
    this.places = Array.from({ length: job.count }, () => ({
      members: [],
      sum: new Float32Array(view.length),
      notDrawn: undefined,
    }));
    this.home = new Float64Array(job.rows.length).fill(Number.NaN);
    for (const k of this.rests.usable) if (!job.guests[k]) this.places[job.places[k]].members.push(k);
    // Place by place: the rests of large jobs are not kept.
    for (const { members } of this.places) {
      const rests = members.map((k) => this.rests.of(k));
      members.forEach((k, i) => void this.count(k, 1, rests[i]));
      members.forEach((k, i) => {
        this.home[k] = this.atHome(k, rests[i]);
      });
    }
  }

  run(): Placed {
    const { job, home, places, rests } = this;
    const usual = places.map(({ members }) =>
      median(members.map((k) => home[k]).filter((z) => !Number.isNaN(z))),
    );
    const unlike = rests.usable
      .filter((k) => {
        const own = job.places[k];
        return job.guests[k] || places[own].members.length < 3 || home[k] < UNLIKE * usual[own];
      })
      .sort((a, b) => (home[a] || 0) - (home[b] || 0) || a - b);
    const most = Math.floor(MAX_PRODUCTS / job.count);
    const moving = unlike.slice(0, most).flatMap((member) => this.search(member));
    return { better: this.confirmed(moving), notCompared: Math.max(0, unlike.length - most) };
  }

  /** The place that a meter is most like, where it is surely more like it than its own. */
  private search(member: number): Candidate[] {
    const own = this.job.places[member];
    const rest = this.rests.of(member);
    const square = dot(rest, rest);
    const z = (there: readonly Series[]) => {
      let sum = 0;
      for (const { x, square: xx } of there)
        sum += fisher(dot(rest, x) / Math.sqrt(Math.max(1e-9, square * xx)));
      return sum;
    };
    let best = -1;
    let bestZ = LEAST_LEAD + z(this.othersOf(member));
    this.places.forEach((place, p) => {
      if (p === own || place.members.length === 0) return;
      const there = z(seriesOf(place));
      if (there > bestZ) [best, bestZ] = [p, there];
    });
    return best >= 0 && this.confidenceOf(member, best) >= 1 - ERROR ? [{ member, best }] : [];
  }

  /**
   * Those of the candidates that hold when none of them counts anywhere: else a meter would follow a neighbour that the
   * records have elsewhere. Those that do not hold count again at home, for those that look for a meter there.
   */
  private confirmed(moving: readonly Candidate[]): Better[] {
    const { places } = this;
    const residents = moving.filter(({ member }) => !this.job.guests[member]);
    for (const { member } of residents) this.remove(member);
    const isThere = ({ best }: Candidate) => places[best].members.length > 0;
    const [there, rest] = [moving.filter(isThere), moving.filter((one) => !isThere(one))];
    const found = there.flatMap((one) => this.confirm(one));
    const held = new Set(found.map(({ member }) => member));
    for (const { member, best } of residents) {
      if (places[best].members.length > 0 && !held.has(member)) this.add(member);
    }
    return [...found, ...rest.filter(isThere).flatMap((one) => this.confirm(one))];
  }

  /** Whether a candidate, that counts nowhere now, is surely more like another place than its own. */
  private confirm({ member, best }: Candidate): Better[] {
    const [own, place] = [this.places[this.job.places[member]], this.places[best]];
    const rest = this.rests.of(member);
    const isAlone = own.members.length === 0;
    const homeZ = isAlone ? 0 : likeness(rest, own.sum);
    const z = likeness(rest, place.sum);
    const least = Math.max(homeZ + LEAST_LEAD, (isAlone ? LIKE_ALONE : LIKE) * (this.usualOf(place) || 0));
    if (z < least) return [];
    if (place.members.length === 1) {
      // A single meter there: only where the one that may come to it surely has no place among the others at home.
      const others = this.usualOf(own);
      const isForeign = others >= SOUND && homeZ < FOREIGN * others;
      if (!isForeign || z < LIKE * others) return [];
    } else if (place.members.length <= FEW && this.withoutMostLike(rest, place) < least) return [];
    const confidence = this.confidenceOf(member, best);
    return confidence < 1 - ERROR ? [] : [{ member, place: best, lead: z - homeZ, confidence }];
  }

  /** Likelihood that a meter is more like a place than its own, over all places that were tried (C. E. Bonferroni). */
  private confidenceOf(member: number, place: number): number {
    const { blocks, job } = this;
    const of = (a: Float32Array, b: Float32Array) => {
      const into = new Float64Array(blocks.bounds.length - 1);
      blockDots(a, b, blocks, into);
      return into;
    };
    const rest = this.rests.of(member);
    const rr = of(rest, rest);
    const lead = new Float64Array(blocks.draws.length);
    const count = (series: readonly Series[], sign: 1 | -1) => {
      for (const { x } of series) {
        const [rx, xx] = [of(rest, x), of(x, x)];
        blocks.draws.forEach((times, d) => {
          const square = Math.max(1e-9, drawn(times, rr) * drawn(times, xx));
          lead[d] += sign * fisher(drawn(times, rx) / Math.sqrt(square));
        });
      }
    };
    count(seriesOf(this.places[place]), 1);
    count(this.othersOf(member), -1);
    return 1 - (1 - sureOf(lead, blocks)) * (job.count - 1);
  }

  /** What a meter is compared with at its own place: the others there. */
  private othersOf(member: number): Series[] {
    const place = this.places[this.job.places[member]];
    if (!place.members.includes(member)) return place.members.length ? seriesOf(place) : [];
    if (place.members.length < 2) return [];
    const without = (of: Float32Array, own: Float32Array | undefined) => {
      const x = of.slice();
      if (own) addTo(x, own, -1);
      return x;
    };
    const { sum, notDrawn } = place;
    return seriesOf({
      sum: without(sum, this.rests.of(member)),
      notDrawn: notDrawn && without(notDrawn, this.rests.notDrawn(member)),
    });
  }

  /** Likeness to a small place without the meter there that is most like, in Fisher's z. */
  private withoutMostLike(rest: Float32Array, { members, sum }: Place): number {
    let [most, mostR] = [sum, Number.NEGATIVE_INFINITY];
    for (const k of members) {
      const other = this.rests.of(k);
      const r = dot(rest, other);
      if (r > mostR) [most, mostR] = [other, r];
    }
    return likeness(
      rest,
      sum.map((x, i) => x - most[i]),
    );
  }

  /** Likeness of a meter to the others of its place, in Fisher's z; NaN where there are none. */
  private atHome(k: number, rest = this.rests.of(k)): number {
    const place = this.places[this.job.places[k]];
    if (place.members.length < 2) return Number.NaN;
    const own = dot(rest, rest);
    const product = dot(rest, place.sum);
    const others = seriesOf(place)[0].square - 2 * product + own;
    return fisher((product - own) / Math.sqrt(Math.max(1e-9, own * others)));
  }

  /** Likeness of the meters of a place to each other; NaN where there are none. */
  private usualOf({ members }: Place): number {
    return members.length < 2 ? Number.NaN : median(members.slice(0, 2 * FEW).map((k) => this.atHome(k)));
  }

  private add(k: number): void {
    this.places[this.job.places[k]].members.push(k);
    this.count(k, 1);
  }

  private remove(k: number): void {
    const place = this.places[this.job.places[k]];
    place.members = place.members.filter((other) => other !== k);
    this.count(k, -1);
  }

  private count(k: number, sign: 1 | -1, rest = this.rests.of(k)): void {
    const place = this.places[this.job.places[k]];
    place.series = undefined;
    addTo(place.sum, rest, sign);
    const power = this.rests.notDrawn(k);
    if (!power) return;
    place.notDrawn ??= new Float32Array(power.length);
    addTo(place.notDrawn, power, sign);
  }
}

function seriesOf(place: Pick<Place, 'sum' | 'notDrawn' | 'series'>): Series[] {
  if (!place.series) {
    place.series = [{ x: place.sum, square: dot(place.sum, place.sum) }];
    const { notDrawn } = place;
    const square = notDrawn ? dot(notDrawn, notDrawn) : 0;
    // Below 1 VA there is nothing in it.
    if (notDrawn && square > 1) place.series.push({ x: notDrawn, square });
  }
  return place.series;
}

function addTo(sum: Float32Array, of: Float32Array, sign: 1 | -1): void {
  for (let i = 0; i < sum.length; i++) sum[i] += sign * of[i];
}

function likeness(a: Float32Array, b: Float32Array): number {
  return fisher(dot(a, b) / Math.sqrt(Math.max(1e-9, dot(a, a) * dot(b, b))));
}

function median(values: number[]): number {
  if (values.length === 0) return Number.NaN;
  return values.sort((a, b) => a - b)[values.length >> 1];
}
