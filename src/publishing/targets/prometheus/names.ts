import type { Point } from '../../points';

/** The name of a metric (Prometheus data model): letters, digits, underscores. */
export function metricName({ name }: Point, field: string): string {
  return `pq_${name}_${field}`.replace(/[^a-zA-Z0-9_]/g, '_');
}

/** Fields that a time series can hold, as numbers. */
export function* numbersOf(point: Point): Generator<[name: string, value: number]> {
  for (const [field, value] of Object.entries(point.fields)) {
    if (typeof value === 'number') yield [metricName(point, field), value];
    else if (typeof value === 'boolean') yield [metricName(point, field), value ? 1 : 0];
  }
}
