// One example flowing through the network: neurons as circles, maps of channels as small pictures, and between them
// lines that stand for numbers: what each neuron hands on, times the weight it is given.
import { colour, painted, text } from "./colours.js";
import { h, refocus } from "./dom.js";
import { overviewNumbers } from "./layout.js";
import { num } from "./numbers.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Program, What } from "./types.js" */

const MOST = 16; // neurons of a column that are drawn; the rest is counted
const VIEWS = 60; // open at once; with the array beside them no more than the run keeps open

/** What a flow remembers between redraws. */
export class FlowView {
  /** @type {{ slot: number, unit: number } | null} */ picked = null;
  /** @type {Map<string, number[]>} which neurons of a wide column are drawn: the loudest */ shown = new Map();
}

/**
 * @typedef {object} Stage a column of the flow
 * @property {number} slot
 * @property {string} name
 * @property {number[]} shape
 * @property {"neurons" | "maps" | "picture"} kind
 * @property {number} count
 * @property {{ weight: number, inputs: number } | null} from the weights between this column and the one before, and the slot they read
 *
 * @typedef {object} How
 * @property {number} width
 * @property {number} height
 * @property {Program} program
 * @property {(slot: number) => What} what
 * @property {(slot: number) => boolean} known
 * @property {number} row
 * @property {string} key
 * @property {number} [upto] so many columns are drawn in full
 * @property {ArrayLike<number>} [shares]
 */

/**
 * The columns of a program: the example, then every layer that changes numbers, the last one being the answer.
 * @param {Program} program
 * @returns {Stage[]}
 */
export function stagesOf(program) {
  const made = (/** @type {number} */ slot) => program.slots[slot]?.made ?? -1;
  /** @type {Stage[]} */
  const out = [];
  const x = program.inputs.x;
  const picture = program.slots[x]?.shape;
  if (picture && /^(int|uint)/.test(program.slots[x].dtype ?? "") && picture.length < 4) return out; // words, which are no neurons
  if (picture) out.push({ slot: x, name: picture.length === 2 && !program.slots[x].tile ? "x" : "picture", shape: picture, kind: picture.length === 4 ? "maps" : picture.length === 2 ? "neurons" : "picture", count: picture[1] ?? 1, from: null });
  const layers = program.layers.filter((l) => program.slots[l.slot] && l.path).sort((a, b) => made(a.slot) - made(b.slot));
  const inner = layers.filter((l) => !layers.some((o) => o !== l && o.path.startsWith(l.path + ".")));
  for (const [k, l] of inner.entries()) {
    const shape = program.slots[l.slot].shape;
    const step = program.steps[made(l.slot)];
    if (!step || step.phase !== "forward" || step.op === "reshape") continue;
    if (shape.length !== 2 && shape.length !== 4) continue;
    const next = inner[k + 1];
    const after = next && program.steps[made(next.slot)];
    // a door behind a layer says more than the layer: what went in is one click away in the program
    if (after && after.inputs[0] === l.slot && DOORS.has(after.op)) continue;
    if (out.some((s) => s.slot === l.slot)) continue;
    out.push({ slot: l.slot, name: `${l.path} ${l.kind}`, shape, kind: shape.length === 2 ? "neurons" : "maps", count: shape[1], from: null });
  }
  for (const [k, s] of out.entries()) if (k && s.kind === "neurons" && out[k - 1].kind === "neurons") s.from = linear(program, s.slot, out[k - 1].slot);
  return out;
}

const DOORS = new Set(["relu", "tanh", "sigmoid", "gelu", "silu", "leaky_relu", "elu", "batch_norm", "max_pool2d", "pick", "batch_norm_train", "batch_norm_eval"]);

/**
 * The weights of the one weighted sum between two columns, if there is one.
 * @param {Program} program
 * @param {number} slot
 * @param {number} before
 */
function linear(program, slot, before) {
  let [at, found] = [slot, /** @type {{ weight: number, inputs: number } | null} */ (null)];
  for (let k = 0; k < 8 && at !== before; k++) {
    const step = program.steps[program.slots[at]?.made ?? -1];
    if (!step) return null;
    if (step.op === "matmul") {
      if (found || !step.attrs.flip_w) return null;
      found = { weight: step.inputs[1], inputs: step.inputs[0] };
    }
    at = step.inputs[0];
  }
  return at === before ? found : null;
}

/**
 * Ask for the numbers of a flow; they come as views of their own.
 * @param {App} app
 * @param {Stage[]} stages
 * @param {How} how
 */
function ask(app, stages, how) {
  const wanted = new Set();
  const want = (/** @type {any} */ look) => {
    if (wanted.size >= VIEWS) return;
    wanted.add(look.key);
    app.want(look);
  };
  for (const s of stages) {
    if (!how.known(s.slot)) continue;
    const key = `${how.key}${s.slot}`;
    if (s.kind === "neurons") want({ key, what: how.what(s.slot), window: { row: how.row, col: 0, rows: 1, cols: 64 } });
    else if (s.kind === "maps") {
      const count = Math.min(s.count, MOST);
      want({ key, what: how.what(s.slot), view: "tiles", overview: { from: how.row * s.count, count, rows: 28, cols: 28 } });
    } else want({ key, what: how.what(s.slot), lead: [how.row], overview: { rows: 28, cols: 28 } });
  }
  for (const s of stages.slice(1)) // the lines come last: where there are too many views, it is they that are missing
    if (s.from && how.known(s.slot)) want({ key: `${how.key}w${s.slot}`, what: how.what(s.from.weight), window: { row: 0, col: 0, rows: 64, cols: 64 } });
  app.keep(how.key, wanted);
}

/**
 * The values of a column of neurons for this example.
 * @param {App} app
 * @param {Stage} s
 * @param {How} how
 */
export function valuesOf(app, s, how) {
  const a = app.arrays.get(`${how.key}${s.slot}`);
  return a?.known && s.kind === "neurons" ? a.data.window : undefined;
}

/**
 * Draw the flow; `pick` is called with the neuron that is asked.
 * @param {App} app
 * @param {FlowView} view
 * @param {Palette} p
 * @param {How} how
 * @param {(stage: Stage, unit: number) => void} [pick]
 */
export function flow(app, view, p, how, pick) {
  const stages = stagesOf(how.program);
  if (stages.length < 2) return h("p", { class: "notyet" }, "This network has no columns of neurons to draw: its layers work on sequences or on whole arrays. Boxes and matrices show it.");
  ask(app, stages, how);
  const { width: W, height: H } = how;
  const last = stages.length - 1;
  const X = (/** @type {number} */ k) => columnX(stages, k, W);
  const upto = how.upto ?? stages.length;
  const shown = stages.map((s) => unitsOf(app, view, s, how));
  const Y = (/** @type {number} */ k, /** @type {number} */ j) => {
    const n = shown[k].length;
    return 26 + ((H - 44) / n) * (j + 0.5);
  };
  const radius = (/** @type {number} */ k) => Math.min(9, ((H - 44) / shown[k].length) * 0.38);
  const ready = (/** @type {number} */ k) => k < upto && how.known(stages[k].slot);
  const choose = (/** @type {Stage} */ s, /** @type {number} */ unit) => {
    view.picked = { slot: s.slot, unit };
    pick?.(s, unit);
    if (!pick) app.look(how.what(s.slot), s.kind === "neurons" ? [how.row, unit] : undefined);
    app.redraw();
  };
  const onkeydown = (/** @type {KeyboardEvent} */ e) => walk(e, app, stages, shown, view, choose);

  const lines = stages.flatMap((s, k) => (k && ready(k) && ready(k - 1) ? wires(app, view, p, how, stages, shown, k, X, Y, radius) : []));
  const columns = stages.map((s, k) => {
    const values = valuesOf(app, s, how);
    const a = app.arrays.get(`${how.key}${s.slot}`);
    const limit = a ? app.limits.get(a.name) ?? a.limit : 1;
    const more = s.count - shown[k].length;
    const head = k === 0 ? s.name : k === last ? `${s.count} votes` : s.name;
    return h("g", { key: s.slot },
      h("text", { x: X(k), y: 12, class: "name" }, head),
      s.kind === "neurons"
        ? shown[k].map((unit, j) => neuron({ app, view, p, s, k, unit, v: ready(k) ? values?.[unit] : undefined, x: X(k), y: Y(k, j), r: radius(k), limit, last: k === last, share: how.shares?.[unit], choose }))
        : maps(app, view, p, s, a, X(k), H, X(1) - X(0), limit, ready(k), choose),
      more > 0 ? h("text", { x: X(k), y: H - 4, class: "shape" }, `${shown[k].length} of ${s.count}`) : null);
  });
  return h("svg", { width: W, height: H, role: "group", "aria-label": "One example flowing through the network", onkeydown }, lines, columns);
}

/**
 * @param {Stage[]} stages
 * @param {number} k
 * @param {number} W
 */
function columnX(stages, k, W) {
  const [left, right] = [stages[0].kind === "neurons" ? 40 : 58, 84];
  return left + ((W - left - right) * k) / Math.max(1, stages.length - 1);
}

/**
 * The neurons of a column that are drawn: all, or the loudest of many.
 * @param {App} app
 * @param {FlowView} view
 * @param {Stage} s
 * @param {How} how
 */
function unitsOf(app, view, s, how) {
  if (s.count <= MOST || s.kind !== "neurons") return Array.from({ length: Math.min(s.count, MOST) }, (_, k) => k);
  const values = valuesOf(app, s, how);
  const key = `${how.key}${s.slot}`;
  if (!values) return view.shown.get(key) ?? Array.from({ length: MOST }, (_, k) => k);
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b).slice(0, MOST);
  const picked = view.picked?.slot === s.slot ? view.picked.unit : null;
  if (picked != null && !order.includes(picked)) order[MOST - 1] = picked;
  const out = order.sort((a, b) => a - b);
  view.shown.set(key, out);
  return out;
}

/**
 * @param {{ app: App, view: FlowView, p: Palette, s: Stage, k: number, unit: number, v: number | undefined, x: number, y: number, r: number,
 *   limit: number, last: boolean, share: number | undefined, choose: (s: Stage, unit: number) => void }} c
 */
function neuron({ app, view, p, s, k, unit, v, x, y, r, limit, last, share, choose }) {
  const me = view.picked?.slot === s.slot && view.picked.unit === unit;
  const first = !view.picked && last && unit === 0;
  const label = `${last ? `vote for ${app.className(unit)}` : `${s.name}, neuron ${unit}`}: ${v === undefined ? "not computed yet" : num(v, 3)}`;
  return h("g", { key: unit, class: `neuron ${me ? "me" : ""} ${v === undefined ? "unknown" : ""}`, role: "button", tabindex: me || first ? 0 : -1, "data-unit": `${s.slot}.${unit}`, "aria-label": label, onclick: () => choose(s, unit) },
    h("circle", { cx: x, cy: y, r, fill: v === undefined ? "none" : text(colour(p, v, limit)) }),
    last ? h("rect", { class: "hit", x: x - r, y: y - Math.max(r, 7), width: 2 * r + 60, height: 2 * Math.max(r, 7) }) : null,
    last ? h("text", { x: x + r + 8, y: y + 4, class: "classname" }, app.className(unit).length < 3 ? app.className(unit) : unit) : null,
    last && share != null && v !== undefined ? h("rect", { class: "prob", x: x + r + 22, y: y - 4, width: Math.max(0.5, share * 36), height: 8 }) : null,
    h("title", null, `${k ? "" : ""}${label}`));
}

/** @type {WeakMap<HTMLCanvasElement, string>} */
const addresses = new WeakMap();

/** @param {HTMLCanvasElement} picture */
function address(picture) {
  const found = addresses.get(picture) ?? picture.toDataURL();
  addresses.set(picture, found);
  return found;
}

/**
 * Channels as small pictures.
 * @param {App} app
 * @param {FlowView} view
 * @param {Palette} p
 * @param {Stage} s
 * @param {import("./types.js").ArrayMessage | undefined} a
 * @param {number} x
 * @param {number} H
 * @param {number} room from one column to the next
 * @param {number} limit
 * @param {boolean} ready
 * @param {(s: Stage, unit: number) => void} choose
 */
function maps(app, view, p, s, a, x, H, room, limit, ready, choose) {
  const n = Math.min(s.count, MOST);
  const across = n > 8 ? 2 : 1;
  const down = Math.ceil(n / across);
  const side = n === 1 ? Math.min(104, H - 60, room * 0.8) : Math.min(46, (H - 40) / down - 4, (room - 16) / across - 4);
  const values = ready && a?.known ? overviewNumbers(a) : null;
  const { rows = 1, cols = 1 } = a?.overview ?? {};
  const ink = s.name === "picture" && (a?.role === "input" || a == null || s.count === 1);
  return Array.from({ length: n }, (_, j) => {
    const left = x - (across * (side + 4) - 4) / 2 + (j % across) * (side + 4);
    const top = 26 + ((H - 44) - (down * (side + 4) - 4)) / 2 + Math.floor(j / across) * (side + 4);
    const me = view.picked?.slot === s.slot && view.picked.unit === j;
    const image = values ? address(painted(p, values, rows, cols, limit, { start: j * rows * cols, ink: Boolean(ink) })) : null;
    const label = n === 1 && s.name === "picture" ? "the picture" : `${s.name}, channel ${j}`;
    return h("g", { key: j, class: `neuron ${me ? "me" : ""}`, role: "button", tabindex: me ? 0 : -1, "data-unit": `${s.slot}.${j}`, "aria-label": label, onclick: () => choose(s, j) },
      image ? h("image", { x: left, y: top, width: side, height: side, href: image, class: "pix", preserveAspectRatio: "none" }) : null,
      h("rect", { class: `cell ${image ? "" : "hollow"}`, x: left, y: top, width: side, height: side, fill: "none" }),
      h("title", null, label));
  });
}

/**
 * The lines between two columns of neurons: each stands for value × weight; those too small to be seen are not drawn.
 * @param {App} app
 * @param {FlowView} view
 * @param {Palette} p
 * @param {How} how
 * @param {Stage[]} stages
 * @param {number[][]} shown
 * @param {number} k
 * @param {(k: number) => number} X
 * @param {(k: number, j: number) => number} Y
 * @param {(k: number) => number} radius
 */
function wires(app, view, p, how, stages, shown, k, X, Y, radius) {
  const [s, before] = [stages[k], stages[k - 1]];
  const w = app.arrays.get(`${how.key}w${s.slot}`);
  const values = valuesOf(app, before, how);
  if (!s.from || !w?.data.window || !w.window || !values) return [];
  const { cols } = w.window;
  const parts = [];
  let top = 1e-12;
  for (const [j, o] of shown[k].entries())
    for (const [i, u] of shown[k - 1].entries()) {
      if (u >= cols || o >= w.window.rows) continue;
      const v = values[u] * w.data.window[o * cols + u];
      top = Math.max(top, Math.abs(v));
      parts.push({ i, j, u, o, v });
    }
  const picked = view.picked;
  return parts
    .filter((q) => Math.abs(q.v) / top >= 0.04)
    .sort((a, b) => Math.abs(a.v) - Math.abs(b.v))
    .map((q) => {
      const share = Math.abs(q.v) / top;
      const mine = picked && ((picked.slot === s.slot && picked.unit === q.o) || (picked.slot === before.slot && picked.unit === q.u));
      return h("path", { key: `w${s.slot}.${q.o}.${q.u}`, d: `M${X(k - 1) + radius(k - 1)} ${Y(k - 1, q.i)}L${X(k) - radius(k)} ${Y(k, q.j)}`, stroke: text(colour(p, q.v, top * 1.3)), "stroke-width": 0.4 + share * 2.4, fill: "none", opacity: picked ? (mine ? 1 : 0.16) : 0.8 });
    });
}

/**
 * The arrows walk from neuron to neuron.
 * @param {KeyboardEvent} e
 * @param {App} app
 * @param {Stage[]} stages
 * @param {number[][]} shown
 * @param {FlowView} view
 * @param {(s: Stage, unit: number) => void} choose
 */
function walk(e, app, stages, shown, view, choose) {
  /** @type {Record<string, [number, number]>} */
  const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1], Enter: [0, 0], " ": [0, 0] };
  const d = moves[e.key];
  if (!d) return;
  e.preventDefault();
  e.stopPropagation();
  const from = view.picked ?? { slot: stages[stages.length - 1].slot, unit: 0 };
  const k = Math.max(0, stages.findIndex((s) => s.slot === from.slot));
  const to = Math.max(0, Math.min(stages.length - 1, k + d[0]));
  const j = Math.max(0, shown[k].indexOf(from.unit));
  const n = shown[to].length;
  const unit = shown[to][to === k ? (j + d[1] + n) % n : Math.min(n - 1, j)];
  choose(stages[to], unit);
  const svg = /** @type {SVGElement} */ (e.currentTarget);
  refocus(svg, `[data-unit="${stages[to].slot}.${unit}"]`);
}
