// The array under the cursor: an overview that always fits, a loupe that always shows numbers, a histogram.
import { h } from "./dom.js";
import { histogram } from "./histogram.js";
import { indexAt, layoutOf, placeOf, wordsFor } from "./layout.js";
import { loupe, lensFor } from "./loupe.js";
import { num, size } from "./numbers.js";
import { drawOverview, PAGE } from "./overview.js";
import { number } from "./talk.js";
import { legend } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Layout, Place } from "./layout.js" */
/** @import { Drawn } from "./overview.js" */
/** @import { ArrayMessage, Look, What } from "./types.js" */

const KEY = "s:array";

/** What the array panel of one studio remembers between redraws. */
export class ArrayView {
  /** @type {Drawn | null} */ drawn = null;
  /** @type {{ w: number, h: number }} */ room = { w: 300, h: 220 };
  /** @type {{ rows: number, cols: number }} */ lens = { rows: 7, cols: 5 };
  /** @type {string | null} the cell being edited, as an index */ editing = null;
  caption = "";
}

/**
 * @param {App} app
 * @param {ArrayView} view
 * @param {Palette} p
 */
export function arrayPanel(app, view, p) {
  const what = app.looked();
  const slot = what && app.slotOf(what);
  if (!what || !slot || !slot.shape) return h("section", { class: "panel array", key: "array", "aria-label": "Array" }, h("h2", null, "Array"), h("p", { class: "notyet" }, "Nothing is open yet."));
  const layout = layoutOf(slot.shape, slot.tile);
  const index = app.cursor(what, slot.shape);
  const lens = lensFor(layout, placeOf(layout, slot.shape, index), view.lens);
  app.want(request(what, slot.shape, layout, index, lens, view));
  const found = app.arrays.get(KEY);
  const a = found && JSON.stringify(found.what) === JSON.stringify(what) ? found : undefined;
  const known = a ? a.known : "name" in what || ("slot" in what && app.known(what.slot));
  const limit = app.limits.get(a?.name || app.nameOf(what)) ?? a?.limit ?? 1;
  const ink = slot.role === "input" && layout.kind === "tiles" && number(a?.stats?.min ?? 0) >= 0;
  const move = (/** @type {number[]} */ to) => app.setCursor(what, to);

  return h("section", { class: "panel array", key: "array", "aria-labelledby": "ca-array" },
    h("div", { class: "arraybody" },
      h("div", { class: "overview" },
        h("div", { class: "bar" },
          h("h2", { id: "ca-array" }, app.nameOf(what)),
          h("span", { class: "meta" }, [size(slot.shape), a?.dtype ?? slot.dtype, slot.role].filter(Boolean).join(" · "))),
        picture(app, view, p, a, layout, { index, limit, ink, known, lens, what, move }),
        h("div", { class: "legend" },
          a && known && layout.kind !== "scalar" ? legend(limit, ink) : null,
          view.caption && a && known ? h("span", { class: "cap" }, view.caption) : null,
          a && known && limit > a.limit * 5 ? h("button", { class: "small", type: "button", title: "The scale is held while numbers change; this fits it to what is here now", onclick: () => { app.limits.set(a.name || app.nameOf(what), a.limit); app.redraw(); } }, "Fit scale") : null,
          app.ui.pinned ? h("button", { class: "small", type: "button", "data-do": "follow", onclick: () => app.look(null) }, "Follow the step") : null)),
      h("div", { class: "loupe", use: (/** @type {HTMLElement} */ el) => measure(el, view, app) },
        loupe(app, view, p, { what, slot, layout, index, lens, a, known, limit, ink, words: wordsFor(layout, slot.shape, slot.sides ?? [], index), move }),
        a && known && layout.kind !== "scalar" ? histogram(p, a, index.length ? value(a, layout, index) : NaN) : null)));
}

/**
 * What the panel asks the run for: an overview as large as the screen, a window as large as the loupe.
 * @param {What} what
 * @param {number[]} shape
 * @param {Layout} layout
 * @param {number[]} index
 * @param {import("./overview.js").Lens} lens
 * @param {ArrayView} view
 * @returns {Look}
 */
function request(what, shape, layout, index, lens, view) {
  const at = placeOf(layout, shape, index);
  const w = Math.max(40, Math.min(600, Math.round(view.room.w)));
  const tall = Math.max(40, Math.min(400, Math.round(view.room.h)));
  if (layout.kind === "tiles") {
    const count = Math.min(PAGE, layout.count);
    const from = Math.floor(at.t / count) * count;
    const per = Math.max(8, Math.ceil(Math.max(w, tall) / Math.ceil(Math.sqrt(count))));
    return { key: KEY, what, view: "tiles", lead: layout.of === "lead" ? index.slice(0, -2) : [], overview: { from, count, rows: Math.min(per, layout.rows), cols: Math.min(per, layout.cols) }, window: { ...lens, tile: at.t }, stats: true };
  }
  const overview = layout.kind === "map" ? { rows: tall, cols: w } : { rows: 1, cols: 1024 };
  return { key: KEY, what, overview, window: lens, stats: true };
}

/**
 * @param {App} app
 * @param {ArrayView} view
 * @param {Palette} p
 * @param {ArrayMessage | undefined} a
 * @param {Layout} layout
 * @param {{ index: number[], limit: number, ink: boolean, known: boolean, lens: import("./overview.js").Lens, what: What, move: (to: number[]) => void }} how
 */
function picture(app, view, p, a, layout, how) {
  const slot = app.slotOf(how.what);
  if (!how.known) {
    const made = slot?.made ?? -1;
    const when = made >= 0 && app.program ? `It is step ${made + 1} of ${app.program.steps.length}.` : "It is not there between two batches.";
    return h("div", { class: "canvasbox", key: "none" }, h("p", { class: "notyet" }, `Not computed yet. ${when}`));
  }
  if (!a) return h("div", { class: "canvasbox", key: "wait" });
  if (layout.kind === "scalar") return h("div", { class: "canvasbox", key: "one" }, h("p", { class: "scalar n" }, num(value(a, layout, how.index), 5)));
  const point = (/** @type {PointerEvent} */ e) => {
    if (!(e.buttons & 1) || !view.drawn) return;
    const place = view.drawn.at(e.offsetX, e.offsetY);
    if (!place || !slot) return;
    how.move(indexAt(layout, slot.shape, place));
    if (place.block[0] * place.block[1] > 1 && e.type === "pointerdown") find(app, how.what, layout, place, slot.shape, how.move);
  };
  const page = (/** @type {WheelEvent} */ e) => {
    if (!slot || !e.deltaY) return;
    const at = placeOf(layout, slot.shape, how.index);
    const to = layout.kind === "tiles" && layout.count > PAGE ? { ...at, t: at.t + Math.sign(e.deltaY) * PAGE } : { ...at, r: at.r + Math.sign(e.deltaY) * Math.max(1, how.lens.rows - 1) };
    if (layout.kind !== "tiles" && layout.kind !== "map") return;
    if (to.t < 0 || to.t >= layout.count || to.r < 0 || to.r >= layout.rows) return;
    e.preventDefault();
    how.move(indexAt(layout, slot.shape, to));
  };
  const draw = (/** @type {HTMLElement} */ box) => {
    view.room = { w: box.clientWidth, h: box.clientHeight };
    const canvas = /** @type {HTMLCanvasElement} */ (box.firstElementChild);
    view.drawn = drawOverview(canvas, box.clientWidth, box.clientHeight, p, a, layout, how);
    if (view.drawn.caption !== view.caption) {
      view.caption = view.drawn.caption;
      app.redraw();
    }
  };
  return h("div", { class: "canvasbox", key: "picture", use: draw }, h("canvas", { "aria-hidden": "true", onpointerdown: point, onpointermove: point, onwheel: page }));
}

/**
 * A click in a mosaic lands on the largest number of the block.
 * @param {App} app
 * @param {What} what
 * @param {Layout} layout
 * @param {Place & { block: [number, number] }} at
 * @param {number[]} shape
 * @param {(to: number[]) => void} move
 */
async function find(app, what, layout, at, shape, move) {
  const rows = [at.r, Math.min(layout.rows, at.r + at.block[0])];
  const cols = [at.c, Math.min(layout.cols, at.c + at.block[1])];
  const lead = layout.of === "lead" ? indexAt(layout, shape, at).slice(0, -2) : [];
  const m = await app.line.ask("find", { what, lead, rows, cols, ...(layout.of === "row" ? { tile: at.t } : {}) });
  if (m.kind === "cell" && m.index.length === shape.length) move(m.index);
}

/**
 * The number at an index, out of the window; NaN-safe, undefined numbers are NaN.
 * @param {ArrayMessage} a
 * @param {Layout} layout
 * @param {number[]} index
 */
export function value(a, layout, index) {
  const w = a.window;
  const data = a.data.window;
  if (!w || !data) return NaN;
  const { r, c } = placeOf(layout, a.shape, index);
  const [i, j] = [r - w.row, c - w.col];
  return i >= 0 && j >= 0 && i < w.rows && j < w.cols ? data[i * w.cols + j] : NaN;
}

/**
 * How many rows and columns of numbers there is room for.
 * @param {HTMLElement} el
 * @param {ArrayView} view
 * @param {App} app
 */
function measure(el, view, app) {
  const rows = Math.max(3, Math.min(15, Math.floor((el.clientHeight - 142) / 22)));
  const cols = Math.max(3, Math.min(16, Math.floor((el.clientWidth - 44) / 52)));
  if (rows !== view.lens.rows || cols !== view.lens.cols) {
    view.lens = { rows, cols };
    app.redraw();
  }
}
