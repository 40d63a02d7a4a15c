// Explain: the sentence, the formula, and the same formula with this moment's numbers in it.
import { h } from "./dom.js";
import { num, place } from "./numbers.js";
import { number } from "./talk.js";
import { account, small } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Explained, Term } from "./types.js" */

/**
 * @param {App} app
 * @param {Palette} p
 */
export function explainCard(app, p) {
  const e = app.explained;
  const what = app.looked();
  const slot = what && app.slotOf(what);
  const step = e && app.program?.steps[e.step];
  const asked = slot && slot.made >= 0 ? slot.made : app.frame?.step ?? -1;
  if (!e || !step || app.frame?.playing || (asked !== e.step && asked >= 0)) {
    const now = asked >= 0 ? app.program?.steps[asked] : undefined;
    return h("section", { class: "panel card explain", key: "explain", tabindex: 0, "data-go": "explain", "aria-labelledby": "ca-explain" },
      h("div", { class: "bar" }, h("h2", { id: "ca-explain" }, now?.title ?? "Explanation"), now && h("span", { class: "meta" }, `${now.phase} · ${now.layer}`)),
      h("p", { class: "analogy" }, app.frame?.playing ? "Pause to read how this number came about." : now ? "" : "A batch is a handful of examples. Step on, and every operation explains itself here."));
  }
  return h("section", { class: "panel card explain", key: "explain", tabindex: 0, "data-go": "explain", "aria-labelledby": "ca-explain" },
    h("div", { class: "bar" }, h("h2", { id: "ca-explain" }, step.title || e.op), h("span", { class: "meta" }, [step.phase, step.layer].filter(Boolean).join(" · "))),
    h("p", { class: "formula" }, e.story.formula),
    h("p", { class: "analogy" }, e.story.analogy),
    asked < 0 ? null : h("div", { class: e.moment === app.moment() ? "" : "old" }, numbers(app, p, e)), // old ones are on their way out
    inside(app, e, step.opens),
    e.story.parts?.length ? [h("h3", null, "What the letters mean"), h("dl", { class: "parts" }, e.story.parts.flatMap(([name, meaning]) => [h("dt", { key: `t${name}` }, name), h("dd", { key: `d${name}` }, meaning)]))] : null,
    e.story.use ? h("p", { class: "analogy" }, e.story.use) : null);
}

/**
 * @param {App} app
 * @param {Palette} p
 * @param {Explained} e
 */
function numbers(app, p, e) {
  const head = h("h3", null, "Now, in numbers");
  if (e.terms?.parts.length) {
    const name = `${app.program?.slots[app.program.steps[e.step].output]?.name ?? "y"}${place(e.at)}`;
    const words = e.terms.parts[0].factors.map((f) => f[0].replace(/\[.*/, "")).join(" × ");
    return [h("h3", null, "Now, in numbers ", e.terms.parts[0].factors.length > 1 ? h("small", null, words) : null), termsTable(p, shorter(app, e), `= ${name}`)];
  }
  return e.numbers?.length ? [head, h("p", { class: "plug n" }, e.numbers.join("\n"))] : null;
}

/**
 * The step in the smaller ones that it is made of, when it is opened.
 * @param {App} app
 * @param {Explained} e
 * @param {boolean} opens
 */
function inside(app, e, opens) {
  if (!opens || app.model.get("host") === "recording") return null;
  const open = app.ui.opened === e.step;
  const turn = () => {
    app.ui.opened = open ? null : e.step;
    app.ask();
    app.redraw();
  };
  return [
    h("p", { class: "lab" }, h("button", { class: "small", type: "button", "data-do": "open", "aria-expanded": open, onclick: turn }, open ? "Close this step" : "Open this step")),
    open && e.inside?.length
      ? h("ol", { class: "inside", "aria-label": "The smaller steps it is made of" },
        e.inside.map((/** @type {{ title: string, numbers: string[] }} */ one, /** @type {number} */ k) => h("li", { key: k }, h("code", null, one.title), h("p", { class: "plug n" }, one.numbers.join("\n")))))
      : null,
  ];
}

/**
 * The terms under shorter names: of the index of their first factor only what differs from term to term ("example 9").
 * @param {App} app
 * @param {Explained} e
 * @param {import("./types.js").Program | null} [program]
 */
export function shorter(app, e, program = app.program) {
  const terms = /** @type {NonNullable<Explained["terms"]>} */ (e.terms);
  const index = terms.parts.map((t) => /^(\w+)\[([\d, ]+)\]/.exec(t.factors[0]?.[0] ?? t.name)?.[2].split(", ").map(Number));
  const first = index[0];
  if (!first || index.some((i) => i?.length !== first.length)) return terms;
  const differ = first.map((_, d) => d).filter((d) => index.some((i) => i?.[d] !== first[d]));
  const sides = program?.slots[program.steps[e.step]?.inputs[0]]?.sides ?? [];
  if (differ.length !== 1 || !sides[differ[0]]) return terms;
  return { ...terms, parts: terms.parts.map((t, k) => ({ ...t, name: `${sides[differ[0]]} ${index[k]?.[differ[0]]}` })) };
}

/**
 * The terms of a sum, largest first, what is left in one row, and the sum.
 * @param {Palette} p
 * @param {NonNullable<Explained["terms"]>} terms
 * @param {string} name
 * @param {number} [most]
 */
export function termsTable(p, terms, name, most = 6) {
  const shown = terms.parts.slice(0, most);
  const rest = terms.parts.slice(most).reduce((a, t) => a + number(t.value), number(terms.more?.value ?? 0));
  const left = terms.parts.length - shown.length + (terms.more?.count ?? 0);
  const words = (/** @type {Term} */ t) => t.factors?.map((f) => num(number(f[1]), 3)).join(" × ") ?? "";
  return account(p,
    [
      ...shown.map((t, k) => ({ key: `t${k}`, name: t.name, figures: t.factors?.length > 1 ? words(t) : "", value: number(t.value) })),
      ...(left > 0 ? [{ key: "rest", name: `${left} more`, value: rest, rest: true }] : []),
    ],
    { name, value: num(number(terms.total), 4) },
    true);
}

/**
 * What it sees × its weights = what counts, as three pictures.
 * @param {Palette} p
 * @param {Explained} e
 */
export function threePictures(p, e) {
  const { inputs, weights, products } = e.data ?? {};
  if (!e.pictures || !inputs || !weights || !products) return null;
  const [rows, cols] = e.pictures.shape;
  const most = (/** @type {ArrayLike<number>} */ a) => Array.from(a).reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1e-9);
  const ink = Array.from(inputs).every((v) => v >= 0);
  const one = (/** @type {ArrayLike<number>} */ a, /** @type {string} */ words, inkToo = false) =>
    h("figure", null, small(p, a, rows, cols, { size: 92, limit: most(a), ink: inkToo, alt: words }), h("figcaption", null, words));
  if (Math.min(rows, cols) < 3) return null;
  return h("div", { class: "three" }, one(inputs, "what it sees", ink), h("span", { "aria-hidden": "true" }, "×"), one(weights, "its weights"), h("span", { "aria-hidden": "true" }, "="), one(products, "what counts"));
}
