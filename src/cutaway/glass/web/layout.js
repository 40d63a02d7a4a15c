// How an array of any shape lies on the screen, and where in it a place on the screen is.
import { product, unravel } from "./numbers.js";

/** @import { ArrayMessage, Numbers, Overview } from "./types.js" */

/**
 * scalar: one number; bars: a short vector; line: a long vector, broken into rows; map: a matrix;
 * tiles: pictures side by side, which are the rows of a matrix ("row") or lie behind the sides before the last two ("lead").
 * @typedef {{ kind: "scalar" | "bars" | "line" | "map" | "tiles", count: number, rows: number, cols: number, of: "row" | "lead" | "" }} Layout
 * @typedef {{ t: number, r: number, c: number }} Place
 */

/**
 * @param {readonly number[]} shape
 * @param {readonly number[] | null | undefined} tile
 * @returns {Layout}
 */
export function layoutOf(shape, tile) {
  const n = shape.length;
  if (product(shape) <= 1 && n < 3) return { kind: "scalar", count: 1, rows: 1, cols: 1, of: "" };
  if (n === 1) return { kind: shape[0] <= 64 ? "bars" : "line", count: 1, rows: 1, cols: shape[0], of: "" };
  if (n === 2 && tile && tile[0] * tile[1] > 0) {
    const per = Math.round(shape[1] / (tile[0] * tile[1]));
    return { kind: "tiles", count: shape[0] * per, rows: tile[0], cols: tile[1], of: "row" };
  }
  if (n === 2) return { kind: "map", count: 1, rows: shape[0], cols: shape[1], of: "" };
  const lead = shape.slice(0, -2);
  return { kind: "tiles", count: product(lead), rows: shape[n - 2], cols: shape[n - 1], of: "lead" };
}

/**
 * Where an index lies: in which tile, row and column.
 * @param {Layout} layout
 * @param {readonly number[]} shape
 * @param {readonly number[]} index
 * @returns {Place}
 */
export function placeOf(layout, shape, index) {
  if (layout.kind === "scalar") return { t: 0, r: 0, c: 0 };
  if (shape.length === 1) return { t: 0, r: 0, c: index[0] ?? 0 };
  const [r, c] = [index[index.length - 2] ?? 0, index[index.length - 1] ?? 0];
  if (layout.of === "row") {
    const area = layout.rows * layout.cols;
    const flat = r * shape[1] + c;
    return { t: Math.floor(flat / area), r: Math.floor((flat % area) / layout.cols), c: flat % layout.cols };
  }
  let t = 0;
  for (let d = 0; d < shape.length - 2; d++) t = t * shape[d] + (index[d] ?? 0);
  return { t, r, c };
}

/**
 * The index at a place.
 * @param {Layout} layout
 * @param {readonly number[]} shape
 * @param {Place} place
 * @returns {number[]}
 */
export function indexAt(layout, shape, { t, r, c }) {
  if (layout.kind === "scalar") return shape.map(() => 0);
  if (shape.length === 1) return [c];
  if (layout.of === "row") {
    const flat = t * layout.rows * layout.cols + r * layout.cols + c;
    return [Math.floor(flat / shape[1]), flat % shape[1]];
  }
  return [...unravel(t, shape.slice(0, -2)), r, c];
}

/** @type {WeakMap<ArrayMessage, Float32Array>} */
const unpacked = new WeakMap();

/**
 * The numbers of an overview; bytes become numbers again.
 * @param {ArrayMessage} a
 * @returns {Float32Array | null}
 */
export function overviewNumbers(a) {
  const raw = a.data.overview;
  if (!raw || !a.overview) return null;
  if (raw instanceof Float32Array) return raw;
  const known = unpacked.get(a);
  if (known) return known;
  const scale = (a.overview.scale ?? 1) / 127;
  const out = new Float32Array(raw.length);
  for (let k = 0; k < raw.length; k++) out[k] = raw[k] === -128 ? NaN : raw[k] * scale;
  unpacked.set(a, out);
  return out;
}

/**
 * How many tiles lie side by side so that they are as large as possible.
 * @param {number} count
 * @param {number} rows
 * @param {number} cols
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 */
export function across(count, rows, cols, width, height, gap) {
  let best = { n: 1, zoom: 0 };
  for (let n = 1; n <= count; n++) {
    const down = Math.ceil(count / n);
    const zoom = Math.min((width - (n - 1) * gap) / (n * cols), (height - (down - 1) * gap) / (down * rows));
    if (zoom > best.zoom) best = { n, zoom };
  }
  return best;
}

/**
 * What the place of the cursor is called: "neuron 3, row 14, column 18".
 * @param {Layout} layout
 * @param {readonly number[]} shape
 * @param {readonly string[]} sides
 * @param {readonly number[]} index
 */
export function wordsFor(layout, shape, sides, index) {
  if (!index.length) return "";
  const name = (/** @type {number} */ d, /** @type {string} */ other) => sides[d] ?? other;
  if (layout.of === "row") {
    const p = placeOf(layout, shape, index);
    return `${name(0, "row")} ${index[0]}, row ${p.r}, column ${p.c}`;
  }
  const n = shape.length;
  const other = (/** @type {number} */ d) => (n === 1 ? "place" : d === n - 1 ? "column" : d === n - 2 ? "row" : `side ${d + 1}`);
  return index.map((k, d) => `${name(d, other(d))} ${k}`).join(", ");
}
