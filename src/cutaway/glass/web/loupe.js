// The loupe: real numbers around the cursor, as a table that can be read aloud, walked with the arrows, and edited.
import { colour, text, textOn } from "./colours.js";
import { arrow, h, refocus } from "./dom.js";
import { indexAt, placeOf } from "./layout.js";
import { fixed, num, unit } from "./numbers.js";
import { number } from "./talk.js";

/** @import { App } from "./app.js" */
/** @import { ArrayView } from "./array.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Layout, Place } from "./layout.js" */
/** @import { Lens } from "./overview.js" */
/** @import { ArrayMessage, Slot, What } from "./types.js" */

/**
 * The window of numbers around the cursor; it moves only when the cursor leaves its middle.
 * @param {Layout} layout
 * @param {Place} at
 * @param {{ rows: number, cols: number }} room
 * @returns {Lens}
 */
export function lensFor(layout, at, room) {
  const [rows, cols] = [Math.min(layout.rows, room.rows), Math.min(layout.cols, room.cols)];
  const start = (/** @type {number} */ k, /** @type {number} */ n, /** @type {number} */ all) => Math.max(0, Math.min(all - n, k - (n >> 1)));
  return { row: start(at.r, rows, layout.rows), col: start(at.c, cols, layout.cols), rows, cols };
}

/** @param {string} role */
export const editable = (role) => ["parameter", "memory", "knob", "input", "value"].includes(role);

/**
 * @param {App} app
 * @param {ArrayView} view
 * @param {Palette} p
 * @param {{ what: What, slot: Slot, layout: Layout, index: number[], lens: Lens, a: ArrayMessage | undefined, known: boolean, limit: number,
 *   ink: boolean, words: string, move: (to: number[]) => void }} c
 */
export function loupe(app, view, p, c) {
  const { layout, lens, slot, a } = c;
  const at = placeOf(layout, slot.shape, c.index);
  const w = a?.window;
  const sameTile = w && (layout.kind !== "tiles" || w.tile == null || w.tile === at.t);
  const here = (/** @type {number} */ r, /** @type {number} */ col) => {
    if (!c.known || !w || !sameTile || !a?.data.window) return undefined;
    const [i, j] = [r - w.row, col - w.col];
    return i >= 0 && j >= 0 && i < w.rows && j < w.cols ? a.data.window[i * w.cols + j] : undefined;
  };
  const whole = /int|bool/.test(slot.dtype ?? "");
  const u = unit(c.limit, whole);
  const now = here(at.r, at.c);
  const can = c.known && app.can("edit") && editable(slot.role);
  const where = JSON.stringify(c.index);
  const open = () => {
    if (!can) return;
    view.editing = where;
    app.cursors.set(app.wordOf(c.what), c.index); // it was pointed at: no answer that comes later moves the cursor
    app.redraw();
  };
  const done = (/** @type {string | null} */ typed) => {
    if (view.editing == null) return;
    view.editing = null;
    const v = typed == null ? NaN : Number(typed.trim().replace("−", "-").replace(",", "."));
    if (typed != null && typed.trim() !== "" && Number.isFinite(v)) app.edit(c.what, c.index, v);
    else if (typed != null && /^(nan|-?inf(inity)?)$/i.test(typed.trim())) app.edit(c.what, c.index, /nan/i.test(typed) ? NaN : /-/.test(typed) ? -Infinity : Infinity);
    else if (typed != null) app.notice = `"${typed}" is not a number. Type one like 0.25 or -3e-4.`;
    app.redraw();
  };
  const cell = (/** @type {number} */ r, /** @type {number} */ col) => {
    const index = indexAt(layout, slot.shape, { t: at.t, r, c: col });
    const on = r === at.r && col === at.c;
    const v = here(r, col);
    const tone = v !== undefined && !c.ink && !whole ? colour(p, v, c.limit) : null;
    const edited = app.edited.has(`${app.frame?.branch}|${app.nameOf(c.what)}|${index.join()}`);
    const field = on && view.editing === where;
    return h("td",
      {
        key: `${r}.${col}`,
        role: "gridcell",
        class: `cell ${edited ? "edited" : ""}`,
        tabindex: on ? 0 : -1,
        "aria-selected": on,
        style: tone && !field ? { background: text(tone), color: textOn(tone) } : {},
        onclick: () => (on ? open() : (view.editing = null, c.move(index))),
      },
      field ? editor(now ?? 0, done) : v === undefined ? "·" : fixed(number(v), u));
  };
  const rows = Array.from({ length: lens.rows }, (_, k) => lens.row + k);
  const cols = Array.from({ length: lens.cols }, (_, k) => lens.col + k);
  const onkeydown = (/** @type {KeyboardEvent} */ e) => {
    if (e.target instanceof HTMLInputElement) return;
    const d = arrow(e.key) ?? { PageUp: [-lens.rows, 0], PageDown: [lens.rows, 0], Home: [0, -1e9], End: [0, 1e9] }[e.key];
    if (e.key === "Enter" || e.key === "F2") {
      e.preventDefault();
      return open();
    }
    if (!d) return;
    e.preventDefault();
    e.stopPropagation();
    const clamp = (/** @type {number} */ v, /** @type {number} */ n) => Math.max(0, Math.min(n - 1, v));
    const [r, col] = [at.r + d[0], at.c + d[1]];
    const t = layout.kind === "tiles" && (r < 0 || r >= layout.rows) && Math.abs(d[0]) === 1 ? clamp(at.t + Math.sign(d[0]), layout.count) : at.t;
    const to = t !== at.t ? { t, r: d[0] > 0 ? 0 : layout.rows - 1, c: at.c } : { t, r: clamp(r, layout.rows), c: clamp(col, layout.cols) };
    c.move(indexAt(layout, slot.shape, to));
    refocus(/** @type {HTMLElement} */ (e.currentTarget), 'td[tabindex="0"]', 2);
  };
  return [
    h("div", { class: "loupehead", id: "ca-loupe" },
      h("span", null, c.words || "its number"),
      h("b", { class: "n" }, now === undefined ? "–" : num(number(now), 5)),
      can ? h("button", { class: "small", type: "button", "data-do": "edit", title: "Change this number (Enter)", onclick: open }, "Edit") : null),
    h("table", { class: "grid", role: "grid", "aria-labelledby": "ca-array ca-loupe", onkeydown },
      h("thead", null, h("tr", null,
        h("td", { title: u.words || null }, u.power),
        cols.map((k) => h("th", { key: `c${k}`, scope: "col", class: k === at.c ? "here" : "" }, layout.cols > 1 ? k : "value")))),
      h("tbody", null, rows.map((r) =>
        h("tr", { key: `r${r}` }, h("th", { scope: "row", class: r === at.r ? "here" : "" }, layout.rows > 1 ? r : ""), cols.map((k) => cell(r, k)))))),
  ];
}

/**
 * The field in a cell.
 * @param {number} v
 * @param {(typed: string | null) => void} done
 */
function editor(v, done) {
  return h("input", {
    type: "text",
    inputmode: "decimal",
    "aria-label": "New value",
    use: (/** @type {HTMLInputElement} */ f) => {
      if (f.dataset.open) return;
      f.dataset.open = "1";
      f.value = num(v, 6).replace("−", "-").replace(/·10.*/, "") === num(v, 6).replace("−", "-") ? num(v, 6).replace("−", "-") : String(v);
      f.focus();
      f.select();
    },
    onkeydown: (/** @type {KeyboardEvent} */ e) => {
      e.stopPropagation();
      if (e.key !== "Enter" && e.key !== "Escape") return;
      const field = /** @type {HTMLInputElement} */ (e.target);
      const table = field.closest("table"); // the field goes, and the focus with it: it comes back to the cell
      done(e.key === "Enter" ? field.value : null);
      if (table) refocus(table, 'td[tabindex="0"]', 2);
    },
    onblur: () => done(null),
  });
}
