// The overview of an array: it always fits. The picture of a matrix is the matrix, a pixel or more for every number.
import { colour, paint, painted, text } from "./colours.js";
import { crisp } from "./dom.js";
import { across, overviewNumbers, placeOf } from "./layout.js";

/** @import { Palette } from "./colours.js" */
/** @import { Layout, Place } from "./layout.js" */
/** @import { ArrayMessage } from "./types.js" */

const GAP = 5;
const CELL = 24; // the largest side of a cell of a map
export const PAGE = 64; // so many tiles at a time

/**
 * Where the overview drew what, for the mouse.
 * @typedef {{ at: (x: number, y: number) => (Place & { block: [number, number] }) | null, caption: string }} Drawn
 * @typedef {{ row: number, col: number, rows: number, cols: number }} Lens
 */

/**
 * Draw it.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {Palette} p
 * @param {ArrayMessage} a
 * @param {Layout} layout
 * @param {{ index: number[], limit: number, ink: boolean, lens: Lens | null }} how
 * @returns {Drawn}
 */
export function drawOverview(canvas, width, height, p, a, layout, how) {
  const g = crisp(canvas, width, height);
  const values = overviewNumbers(a);
  if (!values || !a.overview) return { at: () => null, caption: "" };
  const cursor = placeOf(layout, a.shape, how.index);
  const ring = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => {
    g.lineWidth = 3.5;
    g.strokeStyle = p.css("--paper");
    g.strokeRect(x, y, w, h);
    g.lineWidth = 1.5;
    g.strokeStyle = p.css("--ink");
    g.strokeRect(x, y, w, h);
  };
  if (layout.kind === "bars") return bars(g, width, height, p, values, how.limit, cursor, ring);
  const [br, bc] = a.overview.block;
  let { rows, cols } = a.overview;
  const from = a.overview.from ?? 0;
  const count = layout.kind === "tiles" ? a.overview.count ?? 1 : 1;
  if (layout.kind === "line") {
    const n = values.length;
    cols = Math.min(n, Math.max(1, Math.ceil(Math.sqrt((n * width) / height))));
    rows = Math.ceil(n / cols);
  }
  const gap = count > 1 ? GAP : 0;
  const fit = across(count, rows, cols, width, height, gap);
  const zx = layout.kind === "tiles" ? fit.zoom : Math.min(width / cols, CELL);
  const zy = layout.kind === "tiles" ? fit.zoom : Math.min(height / rows, CELL);
  const corner = (/** @type {number} */ k) => [(k % fit.n) * (cols * zx + gap), Math.floor(k / fit.n) * (rows * zy + gap)];
  for (let k = 0; k < count; k++) {
    const [x, y] = corner(k);
    const start = k * rows * cols;
    g.drawImage(layout.kind === "line" ? lined() : painted(p, values, rows, cols, how.limit, { ink: how.ink, start }), x, y, cols * zx, rows * zy);
  }
  if (layout.kind === "line" && rows * cols > values.length) {
    const over = rows * cols - values.length;
    g.clearRect((cols - over) * zx, (rows - 1) * zy, over * zx, zy);
  }
  if (count === 1 && Math.min(zx, zy) > 6) {
    g.fillStyle = p.css("--paper");
    for (let k = 1; k < cols; k++) g.fillRect(k * zx - 0.5, 0, 1, rows * zy);
    for (let k = 1; k < rows; k++) g.fillRect(0, k * zy - 0.5, cols * zx, 1);
  }
  mark();
  const caption = br * bc > 1 ? `1 pixel: ${br}×${bc} numbers` : "";
  return { at, caption: layout.kind === "tiles" && layout.count > count ? `${from} to ${from + count - 1} of ${layout.count}${caption ? " · " + caption : ""}` : caption };

  /** A long vector in rows; the last one is filled up. */
  function lined() {
    const part = new Float32Array(rows * cols);
    part.set(/** @type {Float32Array} */ (values));
    return paint(p, part, rows, cols, how.limit, { ink: how.ink });
  }

  function mark() {
    const k = cursor.t - from;
    if (k < 0 || k >= count) return;
    const [x, y] = corner(k);
    let [r, c] = [cursor.r / br, cursor.c / bc];
    if (layout.kind === "line") [r, c] = [Math.floor(Math.floor(cursor.c / bc) / cols), Math.floor(cursor.c / bc) % cols];
    else if (how.lens) {
      const l = how.lens;
      ring(x + (l.col / bc) * zx, y + (l.row / br) * zy, (Math.min(l.cols, layout.cols - l.col) / bc) * zx, (Math.min(l.rows, layout.rows - l.row) / br) * zy);
    }
    const [mx, my] = [x + Math.floor(c) * zx + zx / 2, y + Math.floor(r) * zy + zy / 2];
    g.fillStyle = p.css("--ink");
    g.strokeStyle = p.css("--paper");
    g.lineWidth = 1;
    g.fillRect(mx - 2, my - 2, 4, 4);
    g.strokeRect(mx - 2, my - 2, 4, 4);
  }

  /** @param {number} x @param {number} y @returns {(Place & { block: [number, number] }) | null} */
  function at(x, y) {
    const clamp = (/** @type {number} */ v, /** @type {number} */ n) => Math.max(0, Math.min(n - 1, v));
    const down = clamp(Math.floor(y / (rows * zy + gap)), Math.ceil(count / fit.n));
    const k = clamp(down * fit.n + clamp(Math.floor(x / (cols * zx + gap)), fit.n), count);
    const [cx, cy] = corner(k);
    const [r, c] = [clamp(Math.floor((y - cy) / zy), rows), clamp(Math.floor((x - cx) / zx), cols)];
    if (layout.kind === "line") return { t: 0, r: 0, c: clamp((r * cols + c) * bc, layout.cols), block: [1, bc] };
    return { t: from + k, r: clamp(r * br, layout.rows), c: clamp(c * bc, layout.cols), block: [br, bc] };
  }
}

/**
 * A short vector: bars from a zero line.
 * @param {CanvasRenderingContext2D} g
 * @param {number} width
 * @param {number} height
 * @param {Palette} p
 * @param {Float32Array} values
 * @param {number} limit
 * @param {Place} cursor
 * @param {(x: number, y: number, w: number, h: number) => void} ring
 * @returns {Drawn}
 */
function bars(g, width, height, p, values, limit, cursor, ring) {
  const n = values.length;
  const high = Math.min(22, height / n);
  const left = high > 9 ? 26 : 0;
  const middle = left + (width - left) / 2;
  values.forEach((v, k) => {
    const w = Number.isFinite(v) ? (Math.min(1, Math.abs(v) / limit) * (width - left)) / 2 : (width - left) / 2;
    g.fillStyle = Number.isFinite(v) ? text(colour(p, Math.sign(v) * 0.62, 1)) : p.css("--alarm");
    g.fillRect(v < 0 ? middle - w : middle, k * high + 1, w, Math.max(1, high - 2));
    if (left) {
      g.fillStyle = p.css("--ink3");
      g.font = `${Math.min(11, high - 1)}px ${p.css("--mono")}`;
      g.fillText(String(k), 2, k * high + high / 2 + 4);
    }
  });
  g.fillStyle = p.css("--line2");
  g.fillRect(middle, 0, 1, n * high);
  ring(1, cursor.c * high + 0.5, width - 2, Math.max(2, high - 1));
  return { caption: "", at: (_, y) => ({ t: 0, r: 0, c: Math.max(0, Math.min(n - 1, Math.floor(y / high))), block: [1, 1] }) };
}
