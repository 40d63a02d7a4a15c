// One scale for all signed numbers: blue below zero, paper at zero, orange above; violet is no number at all.
// The colours live in the style sheet; they are read from the element the studio is drawn in.

/** @typedef {[number, number, number]} Rgb */
/** @typedef {{ signed: Rgb[], ink: Rgb[], alarm: Rgb, css: (name: string) => string, known: boolean }} Palette known: has the style sheet been there? */

/**
 * @param {string} hex "#0a4480"
 * @returns {Rgb}
 */
const rgb = (hex) => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];

/**
 * @param {Rgb[]} stops
 * @param {number} n
 * @returns {Rgb[]}
 */
function ramp(stops, n) {
  return Array.from({ length: n }, (_, i) => {
    const t = (i / (n - 1)) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(t));
    const mix = stops[k].map((a, c) => Math.round(a + (stops[k + 1][c] - a) * (t - k)));
    return /** @type {Rgb} */ (mix);
  });
}

/**
 * Read the scales from the style sheet; to be called again when the theme changes, and until it is there.
 * @param {Element} el
 * @returns {Palette}
 */
export function palette(el) {
  const style = getComputedStyle(el);
  const css = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "#888888";
  const stops = (/** @type {string[]} */ names) => names.map((n) => rgb(css(n)));
  const arms = ["--neg4", "--neg3", "--neg2", "--neg1", "--zero", "--pos1", "--pos2", "--pos3", "--pos4"];
  const known = style.getPropertyValue("--zero").trim() !== "";
  return { signed: ramp(stops(arms), 511), ink: ramp(stops(["--zero", "--picture"]), 256), alarm: rgb(css("--alarm")), css, known };
}

/**
 * The colour of a signed number on a scale that ends at ± limit.
 * @param {Palette} p
 * @param {number} v
 * @param {number} limit
 * @returns {Rgb}
 */
export function colour(p, v, limit) {
  if (!Number.isFinite(v)) return p.alarm;
  return p.signed[Math.round(255 + 255 * Math.max(-1, Math.min(1, v / (limit || 1))))];
}

/**
 * The colour of a bar that stands for a signed part.
 * @param {Palette} p
 * @param {number} v
 */
export const tint = (p, v) => (v === 0 ? p.css("--line2") : text(colour(p, Math.sign(v) * 0.62, 1)));

/** @param {Rgb} c */
export const text = (c) => `rgb(${c.join(" ")})`;

/**
 * Black or white, whichever reads better on a colour (always at least 4.5 : 1).
 * @param {Rgb} c
 */
export function textOn(c) {
  const [r, g, b] = c.map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/** @param {Rgb} c */
const pack = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;

/** @type {WeakMap<Rgb[], Uint32Array>} */
const scales = new WeakMap();

/** @param {Rgb[]} scale */
function packedScale(scale) {
  const packed = scales.get(scale) ?? Uint32Array.from(scale, pack);
  scales.set(scale, packed);
  return packed;
}

/** @type {WeakMap<object, Map<string, HTMLCanvasElement>>} */
const pictures = new WeakMap();

/**
 * The same for numbers that never change, as those of a message: painted once, however often the page is drawn.
 * @param {Palette} p
 * @param {ArrayLike<number> & object} values
 * @param {number} rows
 * @param {number} cols
 * @param {number} limit
 * @param {{ ink?: boolean, start?: number }} [how]
 */
export function painted(p, values, rows, cols, limit, how = {}) {
  const known = pictures.get(values) ?? new Map();
  pictures.set(values, known);
  const key = [pack(p.signed[0]), rows, cols, limit, how.ink, how.start].join();
  const found = known.get(key) ?? paint(p, values, rows, cols, limit, how);
  known.set(key, found);
  return found;
}

/**
 * Paint rows × cols numbers, one pixel each, onto a canvas of its own.
 * @param {Palette} p
 * @param {ArrayLike<number>} values
 * @param {number} rows
 * @param {number} cols
 * @param {number} limit the end of the scale
 * @param {{ ink?: boolean, start?: number }} [how] ink: a grey picture, 0 is paper and limit is ink
 * @returns {HTMLCanvasElement}
 */
export function paint(p, values, rows, cols, limit, { ink = false, start = 0 } = {}) {
  const c = document.createElement("canvas");
  c.width = Math.max(1, cols);
  c.height = Math.max(1, rows);
  const g = /** @type {CanvasRenderingContext2D} */ (c.getContext("2d"));
  const image = g.createImageData(c.width, c.height);
  const px = new Uint32Array(image.data.buffer);
  const packed = packedScale(ink ? p.ink : p.signed);
  const alarm = pack(p.alarm);
  const zero = ink ? 0 : 255;
  const step = 255 / (limit || 1);
  for (let i = 0, n = rows * cols; i < n; i++) {
    const v = values[start + i];
    const k = Math.round(zero + v * step);
    px[i] = Number.isFinite(v) ? packed[k < 0 ? 0 : k >= packed.length ? packed.length - 1 : k] : alarm;
  }
  g.putImageData(image, 0, 0);
  return c;
}
