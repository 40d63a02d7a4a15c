// Every key, and the list of them. Single keys can be switched off.
import { UNITS } from "./app.js";
import { h, patch } from "./dom.js";

/** @import { App } from "./app.js" */
/** @import { UnitName } from "./types.js" */

/** @type {[string, string][]} */
const LIST = [
  ["Space", "play, pause"],
  ["← →", "back, step by the chosen unit"],
  ["1 2 3 4", "unit: op, layer, batch, epoch"],
  ["+ −", "faster, slower"],
  ["B M N", "network as boxes, matrices, neurons"],
  ["F", "follow the step again"],
  ["K", "fork here"],
  ["P A E W T", "go to program, array, explain, why, time"],
  ["Enter F2", "in the array: change the number"],
  ["Esc", "leave a field; close this"],
  ["D", "drawing board and back"],
  ["S", "sight and back"],
  ["L", "light or dark"],
  ["?", "this list"],
];

/**
 * @param {App} app
 * @param {HTMLElement} root
 * @param {{ view: (to: string) => void, toggleTheme: () => void }} act
 */
export function keys(app, root, act) {
  const go = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (root.querySelector(selector))?.focus();
  /** @type {Record<string, () => void>} */
  const map = {
    " ": () => app.play(),
    arrowright: () => app.step(1),
    arrowleft: () => app.step(-1),
    "+": () => app.setSpeed(app.ui.speed + 1),
    "=": () => app.setSpeed(app.ui.speed + 1),
    "-": () => app.setSpeed(app.ui.speed - 1),
    b: () => depth("boxes"),
    m: () => depth("matrices"),
    n: () => depth("neurons"),
    f: () => app.look(null),
    k: () => app.can("fork") && app.move("fork"),
    d: () => app.session?.board && act.view(app.ui.view === "board" ? "step" : "board"),
    s: () => app.session?.sight && app.can("sight") && act.view(app.ui.view === "sight" ? "step" : "sight"),
    l: act.toggleTheme,
    p: () => go('.tree [tabindex="0"]'),
    a: () => go('.grid td[tabindex="0"]'),
    e: () => go(".explain"),
    w: () => go(".why"),
    t: () => go('[data-slider="step"]'),
    "?": () => { app.ui.help = true; app.redraw(); },
  };
  UNITS.forEach((u, k) => (map[String(k + 1)] = () => app.setUnit(/** @type {UnitName} */ (u))));
  const depth = (/** @type {string} */ to) => { app.ui.depth = to; app.redraw(); };

  return (/** @type {KeyboardEvent} */ e) => {
    const target = /** @type {HTMLElement} */ (e.target);
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || app.ui.help) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable) return;
    const key = e.key.toLowerCase();
    if (!app.ui.shortcuts && key !== "?") return;
    if ((key === " " || key === "enter") && target.closest("button,[role=button],[role=radio],[role=tab]")) return;
    const f = map[key];
    if (!f) return;
    e.preventDefault();
    f();
  };
}

/**
 * The list of keys, as a dialog.
 * @param {App} app
 * @param {HTMLDialogElement} dialog
 */
export function helpDialog(app, dialog) {
  if (app.ui.help && !dialog.open) dialog.showModal();
  if (!app.ui.help && dialog.open) dialog.close();
  dialog.setAttribute("aria-labelledby", "ca-keys");
  dialog.onclose = () => { app.ui.help = false; };
  patch(dialog,
    h("h2", { id: "ca-keys" }, "Keys"),
    h("dl", null, LIST.flatMap(([k, words]) => [h("dt", { key: k }, k.split(" ").flatMap((x, i) => [i ? " " : "", h("kbd", { key: x }, x)])), h("dd", { key: words }, words)])),
    h("p", null, h("label", null, h("input", { type: "checkbox", checked: app.ui.shortcuts, onchange: (/** @type {any} */ e) => { app.ui.shortcuts = e.target.checked; app.redraw(); } }), " Single keys work (all but ?)")),
    h("button", { class: "small", type: "button", onclick: () => { app.ui.help = false; app.redraw(); } }, "Close"));
}
