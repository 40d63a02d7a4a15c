// How often which size occurs, and the summary: computed where the array is, drawn here.
import { colour, text } from "./colours.js";
import { crisp, h } from "./dom.js";
import { count, num } from "./numbers.js";
import { number } from "./talk.js";

/** @import { Palette } from "./colours.js" */
/** @import { ArrayMessage, Stats } from "./types.js" */

const HIGH = 44;

/**
 * @param {Palette} p
 * @param {ArrayMessage} a
 * @param {number} value the cursor's, drawn as a stem
 */
export function histogram(p, a, value) {
  const s = a.stats;
  if (!s) return null;
  const share = s.size ? Math.round((s.zeros / s.size) * 100) : 0;
  const bad = s.nan + s.inf;
  /** @type {[string, string, boolean][]} */
  const facts = [
    ["min", num(s.min, 3), false],
    ["mean", num(s.mean, 3), false],
    ["max", num(s.max, 3), false],
    ["spread", num(s.std, 3), false],
    ["zeros", s.zeros && !share ? "< 1 %" : `${share} %`, false],
    bad ? ["NaN, ∞", count(bad), true] : ["NaN", "0", false],
  ];
  const bins = /** @type {Int32Array | undefined} */ (a.data.bins);
  return h("div", { class: "histo" },
    bins && s.size > 1
      ? h("div", { class: "hist", use: (/** @type {HTMLElement} */ el) => draw(el, p, bins, s, value) },
          h("canvas", { role: "img", "aria-label": `Histogram from ${num(number(s.min))} to ${num(number(s.max))}; the mean is ${num(number(s.mean))}.` }))
      : null,
    h("dl", { class: "stats" }, facts.map(([k, v, alarm]) => h("div", { class: alarm ? "bad" : "" }, h("dt", null, k), h("dd", { class: "n" }, v)))));
}

/**
 * @param {HTMLElement} el
 * @param {Palette} p
 * @param {Int32Array} bins
 * @param {Stats} s
 * @param {number} value
 */
function draw(el, p, bins, s, value) {
  const width = el.clientWidth;
  const g = crisp(/** @type {HTMLCanvasElement} */ (el.firstElementChild), width, HIGH);
  const n = bins.length;
  const [low, high] = [s.low, s.high];
  const top = Math.max(1, ...bins);
  const w = width / n;
  bins.forEach((k, b) => {
    if (!k) return;
    const middle = low + ((b + 0.5) / n) * (high - low);
    const tall = Math.max(1, (k / top) * (HIGH - 14));
    g.fillStyle = Math.abs(middle) < (high - low) / n / 2 ? p.css("--line2") : text(colour(p, Math.sign(middle) * Math.max(0.45, Math.abs(middle) / Math.max(Math.abs(low), Math.abs(high))), 1));
    g.fillRect(b * w, HIGH - 13 - tall, Math.max(1, w - 1), tall);
  });
  g.fillStyle = p.css("--line2");
  g.fillRect(0, HIGH - 13, width, 1);
  g.fillStyle = p.css("--ink3");
  g.font = `11px ${p.css("--mono")}`;
  g.fillText(num(low, 2), 0, HIGH - 1);
  g.textAlign = "right";
  g.fillText(num(high, 2), width, HIGH - 1);
  if (low < 0 && high > 0) {
    g.textAlign = "center";
    g.fillText("0", (-low / (high - low)) * width, HIGH - 1);
  }
  if (Number.isFinite(value)) {
    g.fillStyle = p.css("--ink");
    g.fillRect(Math.max(0, Math.min(width - 1.5, ((value - low) / (high - low)) * width)), 0, 1.5, HIGH - 13);
  }
}
