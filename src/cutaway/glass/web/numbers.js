// Numbers as people write them: a real minus, powers of ten, one common factor for a whole table.

const SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {string} s */
const minus = (s) => s.replace("-", "−");

/**
 * A power of ten: power(-5) is "10⁻⁵".
 * @param {number} e
 */
export const power = (e) => `10${e < 0 ? "⁻" : ""}${[...String(Math.abs(e))].map((d) => SUPER[Number(d)]).join("")}`;

/**
 * Four figures, a real minus, powers of ten instead of e-notation; an exact zero is "0".
 * @param {number} v
 * @param {number} [figures]
 * @returns {string}
 */
export function num(v, figures = 4) {
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  if (v === 0) return "0";
  const e = Math.floor(Math.log10(Math.abs(v)));
  if (e >= -4 && e < 6) return minus(v.toFixed(Math.max(0, Math.min(9, figures - 1 - e))));
  return `${minus((v / 10 ** e).toFixed(Math.max(0, figures - 2)))}·${power(e)}`;
}

/**
 * A number with its sign, for parts that are added up.
 * @param {number} v
 * @param {number} [figures]
 */
export const plus = (v, figures) => (v > 0 ? "+" : "") + num(v, figures);

/**
 * A whole number with thin groups of three: 13,002.
 * @param {number} v
 */
export const count = (v) => String(Math.round(v)).replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * @typedef {{ factor: number, digits: number, power: string, words: string }} Unit
 */

/**
 * One factor for all numbers of a table, so that its columns align: a limit of 0.0002 gives ×10⁻³.
 * @param {number} limit the size of the largest
 * @param {boolean} [whole] the numbers are whole: no factor, no digits behind the point
 * @returns {Unit}
 */
export function unit(limit, whole = false) {
  if (whole || !(limit > 0) || !Number.isFinite(limit)) return { factor: 1, digits: whole ? 0 : 3, power: "", words: "" };
  const k = limit >= 0.5 && limit < 1e5 ? 0 : -3 * Math.floor(Math.log10(limit * 2) / 3);
  const top = limit * 10 ** k;
  return {
    factor: 10 ** k,
    digits: top >= 1000 ? 0 : top >= 100 ? 1 : top >= 10 ? 2 : 3,
    power: k ? `×${power(-k)}` : "",
    words: k ? `all numbers of this table are to be multiplied by ten to the power of ${-k}` : "",
  };
}

/**
 * A number in the unit of its table: "0" is exactly zero, "0.000" is small but not zero.
 * @param {number} v
 * @param {Unit} u
 */
export const fixed = (v, u) => (v === 0 ? "0" : Number.isFinite(v) ? minus((v * u.factor).toFixed(u.digits)) : num(v));

/**
 * A place in an array: "[3, 410]"; nothing for a single number.
 * @param {readonly number[]} index
 */
export const place = (index) => (index.length ? `[${index.join(", ")}]` : "");

/**
 * A shape: "16 × 784"; "one number" for a scalar.
 * @param {readonly number[] | null | undefined} shape
 */
export const size = (shape) => (shape == null ? "" : shape.length ? shape.join(" × ") : "one number");

/**
 * How many numbers an array of this shape holds.
 * @param {readonly number[]} shape
 */
export const product = (shape) => shape.reduce((a, b) => a * b, 1);

/**
 * A flat position as an index, row by row.
 * @param {number} flat
 * @param {readonly number[]} shape
 * @returns {number[]}
 */
export function unravel(flat, shape) {
  const out = new Array(shape.length).fill(0);
  for (let d = shape.length - 1; d >= 0; d--) {
    out[d] = flat % shape[d];
    flat = Math.floor(flat / shape[d]);
  }
  return out;
}
