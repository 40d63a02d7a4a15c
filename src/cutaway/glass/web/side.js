// Branches, the knobs that can be turned, and conditions to stop at.
import { h } from "./dom.js";
import { num, place } from "./numbers.js";
import { number } from "./talk.js";

/** @import { App } from "./app.js" */
/** @import { Branch } from "./types.js" */

/** What is typed and not yet sent. */
export class Side {
  condition = "";
  /** @type {Map<any, string>} conditions that are switched off, kept to be switched on again */ off = new Map();
}

/**
 * @param {App} app
 * @param {Side} view
 */
export function side(app, view) {
  return h("div", { class: "side", key: "side" }, branches(app), knobs(app), stops(app, view));
}

/** @param {App} app */
function branches(app) {
  const { list, selected } = app.branches;
  const mark = (/** @type {number} */ k) => h("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }, h("path", { class: `fine ${k ? `d${((k - 1) % 3) + 1}` : ""}`, d: "M0 4h24" }));
  const last = (/** @type {Branch} */ b) => {
    const v = app.lossOf(b.id);
    return Number.isNaN(v) ? "" : `loss ${num(v, 3)}`;
  };
  const words = (/** @type {Branch} */ b) => {
    const e = b.edits[b.edits.length - 1];
    const name = e?.name.replace(/^optim\//, "");
    const what = e ? `: ${name}${place(e.index ?? [])} ${e.value == null ? "changed" : `→ ${num(number(e.value), 3)}`}` : "";
    return `${b.parent == null ? " as written" : ` from ${b.batch}`}${what}`;
  };
  return h("section", { key: "branches", "aria-labelledby": "ca-branches" },
    h("div", { class: "bar" }, h("h2", { id: "ca-branches" }, "Branches"),
      app.can("fork") ? h("button", { class: "small", type: "button", "data-do": "fork", onclick: () => app.move("fork") }, "Fork here") : null),
    h("ul", { class: "branches" }, list.map((b, k) =>
      h("li", { key: b.id }, mark(k),
        h("button", { type: "button", "aria-current": b.id === selected ? "true" : null, title: "Go to this branch", onclick: () => b.id !== selected && app.move("branch", { select: b.id }) },
          h(b.id === selected ? "strong" : "span", null, b.name), words(b)),
        h("small", { class: "n" }, last(b)),
        b.id !== selected && app.can("compare") ? h("button", { class: "x", type: "button", "data-do": "compare", "aria-label": `Compare ${b.name} with ${list.find((o) => o.id === selected)?.name ?? ""}`, title: "Lay them side by side", onclick: () => app.compareWith(b.id) }, "compare") : null,
        b.parent != null && app.can("drop") ? h("button", { class: "x", type: "button", "aria-label": `Drop branch ${b.name}`, onclick: () => app.move("drop", { branch: b.id }) }, "×") : null))));
}

/**
 * The optimizer's single numbers: pressed, one lies under the loupe, where it is changed.
 * @param {App} app
 */
function knobs(app) {
  const names = app.session?.knobs ?? [];
  if (app.ui.view !== "step" || !names.length) return null; // the loupe is not on the other views
  const here = app.looked();
  const knob = (/** @type {string} */ name) => {
    const on = Boolean(here && "name" in here && here.name === name);
    const word = name.replace(/^optim\//, "");
    return h("button", { key: name, class: "small", type: "button", "aria-pressed": on, title: `Look at ${word} and change it`, onclick: () => app.look(on ? null : { name }) }, word);
  };
  return h("section", { key: "knobs", "aria-labelledby": "ca-knobs" },
    h("div", { class: "bar" }, h("h2", { id: "ca-knobs" }, "Knobs"), h("span", { class: "knobs" }, names.map(knob))));
}

/**
 * @param {App} app
 * @param {Side} view
 */
function stops(app, view) {
  if (!app.can("watch")) return null;
  const add = (/** @type {Event} */ e) => {
    e.preventDefault();
    const text = view.condition.trim();
    if (!text) return;
    app.line.ask("watch", { expression: text }).then((m) => {
      if (m.kind === "watches") view.condition = "";
      app.redraw();
    });
  };
  return h("section", { key: "stops", "aria-labelledby": "ca-stops" },
    h("div", { class: "bar" }, h("h2", { id: "ca-stops" }, "Stop when"),
      h("form", { class: "stopform", onsubmit: add },
        h("input", { type: "text", "aria-label": "A condition to stop at", placeholder: "loss > 2", value: view.condition, spellcheck: "false", autocomplete: "off",
          "aria-invalid": app.watchError ? "true" : null, "aria-describedby": app.watchError ? "ca-stop-error" : null,
          oninput: (/** @type {any} */ e) => { view.condition = e.target.value; app.watchError = ""; app.redraw(); },
          onkeydown: (/** @type {KeyboardEvent} */ e) => e.stopPropagation() }),
        h("button", { class: "small", type: "submit" }, "Add"))),
    app.watchError ? h("p", { class: "error", id: "ca-stop-error", role: "alert" }, app.watchError) : null,
    h("ul", { class: "stops" },
      app.watches.map((w) => h("li", { key: w.id }, box(w.expression, true, () => { view.off.set(w.expression, w.expression); app.line.say("unwatch", { watch: w.id }); }))),
      [...view.off.values()].filter((t) => !app.watches.some((w) => w.expression === t)).map((t) =>
        h("li", { key: `off ${t}` }, box(t, false, () => { view.off.delete(t); app.line.say("watch", { expression: t }); }),
          h("button", { class: "x", type: "button", "aria-label": `Forget ${t}`, onclick: () => { view.off.delete(t); app.redraw(); } }, "×")))));
}

/**
 * @param {string} text
 * @param {boolean} on
 * @param {() => void} toggle
 */
const box = (text, on, toggle) => h("label", null, h("input", { type: "checkbox", checked: on, onchange: toggle }), h("code", null, text));
