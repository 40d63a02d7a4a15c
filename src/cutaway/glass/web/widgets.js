// The few parts that several panels share.
import { h } from "./dom.js";
import { colour, paint, text, tint } from "./colours.js";
import { num, plus } from "./numbers.js";

/** @import { Palette } from "./colours.js" */
/** @import { Term } from "./types.js" */

/**
 * Radio buttons side by side: click, or the arrows when focused.
 * @param {string} label
 * @param {[string, string][]} options value and words
 * @param {string} value
 * @param {(value: any) => void} pick
 * @param {string} [extra] class
 */
export function seg(label, options, value, pick, extra = "") {
  const current = options.some((o) => o[0] === value) ? value : options[0]?.[0];
  return h(
    "div",
    {
      class: `seg ${extra}`,
      role: "radiogroup",
      "aria-label": label,
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        const d = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
        if (!d) return;
        e.preventDefault();
        e.stopPropagation();
        const k = (options.findIndex((o) => o[0] === current) + d + options.length) % options.length;
        pick(options[k][0]);
        /** @type {HTMLElement} */ (e.currentTarget).querySelectorAll("button")[k]?.focus();
      },
    },
    options.map(([v, words]) =>
      h("button", { key: v, type: "button", role: "radio", "aria-checked": v === value, tabindex: v === current ? 0 : -1, onclick: () => pick(v) }, words),
    ),
  );
}

/**
 * A bar from a zero line, for signed parts that are compared.
 * @param {Palette} p
 * @param {number} v
 * @param {number} limit
 * @param {string} [fill]
 */
export function bar(p, v, limit, fill) {
  const w = Number.isFinite(v) ? Math.min(50, (Math.abs(v) / (limit || 1)) * 50) : 50;
  const style = { [v < 0 ? "right" : "left"]: "50%", width: `${w}%`, background: fill ?? tint(p, v) };
  return h("span", { class: "bar0", "aria-hidden": "true" }, h("i", { style }));
}

/**
 * An account: parts with their bars, a rule line, and the sum under it.
 * @param {Palette} p
 * @param {{ key: string, name: any, figures?: string, value: number, rest?: boolean }[]} parts
 * @param {{ name: any, value: string, number?: number }} sum
 * @param {boolean} [figures] has a column of factors
 */
export function account(p, parts, sum, figures = false) {
  const limit = Math.max(1e-30, ...parts.map((t) => Math.abs(t.value)).filter(Number.isFinite));
  return h(
    "table",
    { class: "terms" },
    h("tbody", null, parts.map((t) =>
      h("tr", { key: t.key, class: t.rest ? "rest" : "" },
        h("th", { scope: "row" }, h("span", null, t.name)),
        figures && h("td", { class: "n" }, t.figures ?? ""),
        h("td", { class: "barcell" }, bar(p, t.value, limit)),
        h("td", { class: "n" }, plus(t.value, 3))))),
    h("tfoot", null, h("tr", null,
      h("th", { scope: "row", colspan: figures ? 3 : sum.number == null ? 2 : 1 }, h("span", null, sum.name)),
      sum.number == null || figures ? null : h("td", { class: "barcell" }, bar(p, sum.number, limit, "var(--ink)")),
      h("td", { class: "n" }, sum.value))),
  );
}

/**
 * A small picture out of numbers; words for who cannot see it, or none where it only decorates.
 * @param {Palette} p
 * @param {ArrayLike<number>} values
 * @param {number} rows
 * @param {number} cols
 * @param {{ size?: number, limit?: number, ink?: boolean, start?: number, alt?: string, class?: string }} [how]
 */
export function small(p, values, rows, cols, { size = 24, limit = 1, ink = true, start = 0, alt = "", class: name = "digit" } = {}) {
  const high = cols >= rows ? Math.round((size * rows) / cols) : size;
  const wide = cols >= rows ? size : Math.round((size * cols) / rows);
  return h("canvas", {
    class: name,
    width: cols,
    height: rows,
    style: { width: `${wide}px`, height: `${high}px` },
    role: alt ? "img" : null,
    "aria-label": alt || null,
    "aria-hidden": alt ? null : "true",
    use: (/** @type {HTMLCanvasElement} */ c) => {
      const g = c.getContext("2d");
      g?.drawImage(paint(p, values, rows, cols, limit, { ink, start }), 0, 0);
    },
  });
}

/**
 * The legend of a scale: a picture without a legend on its panel is never shown.
 * @param {number} limit
 * @param {boolean} [ink]
 */
export function legend(limit, ink = false) {
  if (ink) return [h("i", { class: "ramp ink", "aria-hidden": "true" }), h("span", { class: "n" }, "0"), "to", h("span", { class: "n" }, num(limit, 1))];
  return [h("span", { class: "n" }, `≤ −${num(limit, 1)}`), h("i", { class: "ramp", "aria-hidden": "true" }), h("span", { class: "n" }, `≥ ${num(limit, 1)}`)];
}

/**
 * A colour for text and fills.
 * @param {Palette} p
 * @param {number} v
 * @param {number} limit
 */
export const fill = (p, v, limit) => text(colour(p, v, limit));

/** The icons of the transport. */
export const ICONS = {
  play: "M5 3v14l12-7z",
  pause: "M4.5 3h4v14h-4zm7 0h4v14h-4z",
  back: "M5 4h2.4v12H5zM16 4v12l-8-6z",
  forth: "M12.6 4H15v12h-2.4zM4 4v12l8-6z",
};

/** @param {string} d */
export const icon = (d) => h("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, h("path", { d }));
