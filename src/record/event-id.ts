/**
 * The id of an event, made of what it is: the same input gives the same id, however often it is read.
 * @param time of the start, ms since 1970
 */
export function eventId(meter: string, type: string, time: number): string {
  return `${meter}:${type}:${new Date(time).toISOString()}`;
}
