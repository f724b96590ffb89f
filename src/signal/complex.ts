/** A complex number; of phasors: RMS value and angle. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** @param angle rad */
export const polar = (mag: number, angle: number): Complex => ({
  re: mag * Math.cos(angle),
  im: mag * Math.sin(angle),
});
export const add = (...terms: Complex[]): Complex => ({
  re: terms.reduce((sum, { re }) => sum + re, 0),
  im: terms.reduce((sum, { im }) => sum + im, 0),
});
export const scale = ({ re, im }: Complex, factor: number): Complex => ({ re: factor * re, im: factor * im });
export const subtract = (a: Complex, b: Complex): Complex => ({ re: a.re - b.re, im: a.im - b.im });
export const multiply = (a: Complex, b: Complex): Complex => ({
  re: a.re * b.re - a.im * b.im,
  im: a.re * b.im + a.im * b.re,
});
export const conjugate = ({ re, im }: Complex): Complex => ({ re, im: -im });
export const divide = (a: Complex, b: Complex): Complex =>
  scale(multiply(a, conjugate(b)), 1 / (b.re * b.re + b.im * b.im));
export const magnitude = ({ re, im }: Complex): number => Math.hypot(re, im);
/** Rad, -pi to pi. */
export const argument = ({ re, im }: Complex): number => Math.atan2(im, re);
/** The same angle between -180 and 180 degrees. */
export const wrapDegrees = (angle: number): number => angle - 360 * Math.round(angle / 360);
/**
 * Degrees, -180 to 180.
 * @param origin angle counted as 0, rad
 */
export const degreesFrom = (origin: number, value: Complex): number =>
  wrapDegrees(((argument(value) - origin) * 180) / Math.PI);
