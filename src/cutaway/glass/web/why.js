// Why: a small account that adds up. What moved this weight: by rule, by example, by path.
import { h } from "./dom.js";
import { num, place, plus } from "./numbers.js";
import { number } from "./talk.js";
import { account, small } from "./widgets.js";
import { tint } from "./colours.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { WhyMessage } from "./types.js" */

const picked = new WeakMap();

/**
 * @param {App} app
 * @param {Palette} p
 */
export function whyCard(app, p) {
  const y = app.why;
  const card = (/** @type {any[]} */ ...inner) => h("section", { class: "panel card why", key: "why", tabindex: 0, "data-go": "why", "aria-labelledby": "ca-why" }, inner);
  if (!app.can("why")) return null;
  if (!y) return card(h("h2", { id: "ca-why" }, "Why did it move?"), h("p", { class: "analogy" }, app.frame && app.frame.batch < 1 ? "No weight has moved yet. After the first batch, its change is taken apart here." : "Look at a weight or a step of its layer, and its last change is taken apart here."));
  const [before, after] = [number(y.before), number(y.after)];
  return card(
    h("div", { class: "bar" }, h("h2", { id: "ca-why" }, `Why did ${y.name}${place(y.index)} move?`), h("span", { class: "meta" }, `batch ${y.batch}`)),
    h("h3", null, "By rule"),
    account(p,
      y.rule.map(([words, part], k) => ({ key: `r${k}`, name: words, value: number(part) })),
      { name: h("span", { class: "n" }, `${num(before, 4)} → ${num(after, 4)}`), value: plus(number(y.change), 3), number: number(y.change) }),
    byExample(app, p, y));
}

/**
 * @param {App} app
 * @param {Palette} p
 * @param {WhyMessage} y
 */
function byExample(app, p, y) {
  if (!y.examples?.length) return null;
  const parts = y.examples.map((e, k) => ({ ...e, k, part: number(e.part) }));
  const top = Math.max(1e-30, ...parts.map((e) => Math.abs(e.part)));
  const down = parts.filter((e) => e.part < 0).slice(0, 4);
  const up = parts.filter((e) => e.part > 0).slice(0, 4);
  const chosen = parts.find((e) => e.row === picked.get(y)) ?? parts[0];
  const shape = y.buffers?.find((b) => b.name === "pictures")?.shape;
  const [h0, w0] = shape ? shape.slice(-2) : [0, 0];
  const pictures = y.data.pictures;
  const limit = pictures ? Math.max(1e-9, ...Array.from(pictures.subarray(0, h0 * w0 * Math.min(3, parts.length)))) : 1;
  const tile = (/** @type {typeof parts[number]} */ e) =>
    h("button", { key: e.row, type: "button", class: "tile", "aria-pressed": e === chosen, "aria-label": `example ${e.row}${e.answer != null ? `, answer ${e.answer}` : ""}, pushed ${plus(e.part, 2)}`, onclick: () => { picked.set(y, e.row); app.redraw(); } },
      pictures && w0 ? small(p, pictures, h0, w0, { size: 30, limit, start: e.k * h0 * w0, class: "" }) : h("span", { class: "nopic", "aria-hidden": "true" }, e.row),
      h("i", { style: { width: `${Math.max(6, (Math.abs(e.part) / top) * 100)}%`, background: tint(p, e.part) } }));
  const column = (/** @type {typeof parts} */ list, /** @type {string} */ words) =>
    h("div", null, h("span", { class: "lab" }, words), h("div", { class: "tiles" }, list.length ? list.map(tile) : h("small", null, "none")));
  const others = y.others?.count ? `${y.others.count} others: ${plus(number(y.others.part), 2)}` : "";
  return [
    h("h3", null, "The gradient’s part, by example ", h("small", null, others)),
    h("div", { class: "pushes" }, column(down, "↓ down"), column(up, "↑ up")),
    chosen?.path?.length
      ? [h("h3", null, "By path ", h("small", null, `example ${chosen.row}`)),
        h("p", { class: "path" }, chosen.path.flatMap(([word, v], k) => [k ? "×" : null, h("span", { key: word }, num(number(v), 3), h("small", null, word))]), "=", h("span", { class: "n" }, plus(chosen.part, 3), h("small", null, "push")))]
      : h("p", { class: "lab" }, `Example ${chosen.row}${chosen.answer != null ? ` (${chosen.answer})` : ""} pushed it by ${plus(chosen.part, 3)}.`),
  ];
}
