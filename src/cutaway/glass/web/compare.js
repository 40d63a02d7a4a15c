// Two branches side by side: their losses, and where their weights differ, the farthest apart first.
import { h } from "./dom.js";
import { num, place } from "./numbers.js";
import { number } from "./talk.js";
import { bar } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */

const MOST = 12;

/**
 * @param {App} app
 * @param {Palette} p
 */
export function compareCard(app, p) {
  const c = app.compared;
  const name = (/** @type {any} */ id) => app.branches.list.find((b) => b.id === id)?.name ?? "";
  /** @type {any[]} */
  const rows = (c?.differences ?? []).map((/** @type {any} */ d) => ({ ...d, far: number(d.relative ?? d.root_mean_square), most: number(d.largest) }));
  const top = Math.max(1e-30, ...rows.map((d) => d.far).filter(Number.isFinite));
  const look = (/** @type {typeof rows[number]} */ d) => app.look({ name: d.name }, d.index);
  return h("section", { class: "panel card why compare", key: "why", tabindex: 0, "data-go": "why", "aria-labelledby": "ca-compare" },
    h("div", { class: "bar" },
      h("h2", { id: "ca-compare" }, c ? `${name(c.a)} beside ${name(c.b)}` : "Branches side by side"),
      c?.from ? h("span", { class: "meta" }, `apart since batch ${c.from.batch}`) : null,
      h("button", { class: "small", type: "button", onclick: () => app.compareWith(null) }, "Close")),
    c && h("table", { class: "terms" },
      h("tbody", null, [c.a, c.b].map((id) => h("tr", { key: `b${id}` }, h("th", { scope: "row" }, `Loss of ${name(id)}`), h("td", { class: "n" }, `batch ${app.stands(id)}`), h("td", { class: "n" }, num(app.lossOf(id), 4)))))),
    c && h("h3", null, rows.length ? "How far apart the weights are " : "All weights are the same.", rows.length ? h("small", null, "beside their size; and the number that differs most") : null),
    rows.length ? h("table", { class: "terms" },
      h("tbody", null, rows.slice(0, MOST).map((d) =>
        h("tr", { key: d.name },
          h("th", { scope: "row" }, h("button", { type: "button", title: "Look at it", onclick: () => look(d) }, d.name)),
          h("td", { class: "barcell" }, bar(p, d.far, top, "var(--ink)")),
          h("td", { class: "n" }, d.relative == null ? num(d.far, 3) : `${num(d.far * 100, 3)} %`),
          h("td", { class: "n" }, `${d.most > 0 ? "+" : ""}${num(d.most, 3)} at ${place(d.index)}`))))) : null,
    rows.length > MOST ? h("p", { class: "lab" }, `${rows.length - MOST} more`) : null);
}
