// The network, at three depths. Values run left to right above, gradients come back below, under the same layers.
import { columnsOf, holds, latest } from "./columns.js";
import { painted } from "./colours.js";
import { h, patch } from "./dom.js";
import { flow, FlowView } from "./flow.js";
import { layoutOf, overviewNumbers } from "./layout.js";
import { num, size } from "./numbers.js";
import { seg } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Column } from "./columns.js" */

const THUMBS = "s:t";
const LEAST = 66; // a column is at least so wide

/** What the network's panel remembers between redraws. */
export class NetworkView {
  /** @type {Set<string>} */ open = new Set();
  /** @type {string} */ focus = "";
  /** @type {string} */ seen = "";
  flow = new FlowView();
}

/**
 * @param {App} app
 * @param {NetworkView} view
 * @param {Palette} p
 */
export function networkPanel(app, view, p) {
  const { depth } = app.ui;
  if (depth !== "matrices") app.keep(THUMBS, new Set());
  if (depth !== "neurons") app.keep("s:f", new Set());
  const body = (/** @type {HTMLElement} */ el) => patch(el, drawn(app, view, p, el));
  return h("section", { class: "panel network", key: "network", "aria-labelledby": "ca-net" },
    h("div", { class: "bar" }, h("h2", { id: "ca-net" }, "Network"),
      view.open.size && depth !== "neurons" ? h("button", { class: "small", type: "button", onclick: () => { view.open.clear(); app.redraw(); } }, "Fold all") : null,
      seg("Depth of the picture", [["boxes", "Boxes"], ["matrices", "Matrices"], ["neurons", "Neurons"]], depth, (d) => { app.ui.depth = d; app.redraw(); })),
    h("div", { class: `fill net ${depth === "neurons" ? "" : "across scroll"}`, own: true, use: body, key: depth }));
}

/**
 * @param {App} app
 * @param {NetworkView} view
 * @param {Palette} p
 * @param {HTMLElement} el
 */
function drawn(app, view, p, el) {
  const [W, H] = [el.clientWidth, el.clientHeight];
  if (!app.picture || !app.program || !app.frame || W < 50) return null;
  if (app.ui.depth === "neurons") return flow(app, view.flow, p, { width: W, height: H, program: app.program, what: (/** @type {number} */ slot) => ({ slot }), known: (/** @type {number} */ slot) => app.known(slot), row: app.ui.example, key: "s:f" });
  const { columns, edges } = columnsOf(app, app.picture, view.open, Math.floor(W / LEAST));
  const here = columns.findIndex((c) => holds(c, app.frame?.step ?? -1));
  const near = here >= 0 ? here : columns.findLastIndex((c) => c.stretches.some(([a]) => a <= (app.frame?.step ?? -1))); // a step that only lays out anew
  const wide = Math.max(W, columns.length * LEAST);
  const picture = app.ui.depth === "boxes" ? boxes : matrices;
  const show = () => {
    const moment = `${app.frame?.batch}.${app.frame?.op}.${app.ui.depth}`;
    if (moment === view.seen || wide <= W || near < 0) return;
    view.seen = moment;
    el.scrollLeft = ((near + 0.5) / columns.length) * wide - W / 2;
  };
  const onkeydown = (/** @type {KeyboardEvent} */ e) => {
    const nodes = Array.from(el.querySelectorAll("button"));
    const k = nodes.indexOf(/** @type {any} */ (document.activeElement));
    const d = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (k < 0 || !d) return;
    e.preventDefault();
    e.stopPropagation();
    const next = nodes[(k + d + nodes.length) % nodes.length];
    view.focus = next.dataset.id ?? "";
    next.focus();
    app.redraw();
  };
  return h("div", { class: "lane0", role: "group", "aria-label": `Network, drawn as ${app.ui.depth}`, style: { width: `${wide}px` }, onkeydown, use: show },
    picture({ app, view, p, W: wide, H, columns, edges, here }));
}

/**
 * @typedef {{ app: App, view: NetworkView, p: Palette, W: number, H: number, columns: Column[], edges: [number, number][], here: number }} Scene
 */

/**
 * @param {number} x1
 * @param {number} x2
 * @param {number} y
 * @param {boolean} on
 */
const arrow = (x1, x2, y, on) =>
  Math.abs(x2 - x1) < 6 ? null : h("path", { class: `arrow ${on ? "on" : ""}`, d: `M${x1} ${y}H${x2}M${x2 + (x1 < x2 ? -4 : 4)} ${y - 3}L${x2} ${y}l${x1 < x2 ? -4 : 4} 3` });

/**
 * Brackets for values that jump over columns.
 * @param {[number, number][]} edges
 * @param {(k: number) => number} middle
 * @param {number} y
 */
const jumps = (edges, middle, y) =>
  edges.filter(([a, b]) => b > a + 1).map(([a, b]) => h("path", { key: `j${a}.${b}`, class: "arrow", d: `M${middle(a)} ${y + 9}v-5q0 -4 4 -4H${middle(b) - 4}q4 0 4 4v5m-3 -4l3 4l3 -4` }));

/**
 * The layers as boxes; the line in each says how much of its part of this training step is done.
 * @param {Scene} s
 */
function boxes({ app, view, W, H, columns, edges, here }) {
  const n = columns.length;
  const gap = Math.min(22, (W / n) * 0.2);
  const w = (W - 8 - gap * (n - 1)) / n;
  const tall = Math.max(44, Math.min(92, H - 66));
  const y = (H - tall) / 2 + 2;
  const x = (/** @type {number} */ k) => 4 + k * (w + gap);
  const phase = app.step0()?.phase;
  const at = app.frame?.step ?? -2;
  const direct = new Set(edges.filter(([a, b]) => b === a + 1).map(([a]) => a));
  return [
    h("svg", { key: "lines", width: W, height: H, "aria-hidden": "true" },
      jumps(edges, (k) => x(k) + w / 2, y - 12),
      columns.slice(1).map((_, k) => h("g", { key: k }, direct.has(k) ? arrow(x(k) + w + 3, x(k + 1) - 3, y + tall / 2 - 8, phase === "forward" || phase === "loss") : null, k && direct.has(k) ? arrow(x(k + 1) - 3, x(k) + w + 3, y + tall / 2 + 8, phase === "backward") : null)),
      h("text", { x: 4, y: y + tall + 20, class: "note" }, "the line in each box: how much of its part of this training step is done")),
    columns.map((c, k) => {
      const total = c.stretches.reduce((a, [f, t]) => a + t - f, 0);
      const done = c.stretches.reduce((a, [f, t]) => a + Math.max(0, Math.min(t, at + 1) - f), 0);
      const share = c.node.kind === "input" ? (app.frame?.op ? 1 : 0) : done / Math.max(1, total);
      return h("button", nodeProps(app, view, c, "box", k === here, c.node.output, { left: `${x(k)}px`, top: `${y}px`, width: `${w}px`, height: `${tall}px`, "--done": `${share * 100}%` }, `${c.folded ? "▸ " : ""}${c.name} ${(c.node.shape ?? []).slice(1).join("×") || "1"}${c.folded ? ", folded" : ""}`, k),
        h("b", null, (c.folded ? "▸ " : "") + c.name), " ", h("small", null, (c.node.shape ?? []).slice(1).join("×") || "1"), h("i", { "aria-hidden": "true" }));
    }),
  ];
}

/**
 * @param {App} app
 * @param {NetworkView} view
 * @param {Column} c
 * @param {string} kind
 * @param {boolean} here
 * @param {number} slot
 * @param {Record<string, string>} style
 * @param {string} label
 * @param {number} order
 */
function nodeProps(app, view, c, kind, here, slot, style, label, order) {
  const what = app.looked();
  const on = what && "slot" in what ? what.slot === slot : what && "name" in what ? app.program?.state[what.name] === slot : false;
  const id = `${kind}${order}`;
  const first = view.focus ? view.focus === id : order === 0;
  return {
    key: id,
    type: "button",
    "data-id": id,
    class: `${kind} ${here ? "here" : ""} ${on ? "on" : ""}`,
    style,
    tabindex: first ? 0 : -1,
    "aria-label": `${label}${here ? ", current step" : ""}`,
    onclick: () => {
      view.focus = id;
      if (c.folded) {
        view.open.add(c.node.id);
        app.redraw();
      } else if (app.known(slot)) app.look(app.program?.slots[slot]?.role === "parameter" ? { name: app.program.slots[slot].name } : { slot });
    },
  };
}

/**
 * The layers as the numbers they are made of.
 * @param {Scene} s
 */
function matrices({ app, view, p, W, H, columns, edges, here }) {
  const skip = edges.some(([a, b]) => b > a + 1);
  const top = skip ? 34 : 23;
  const T = Math.max(24, Math.min(84, (H - top - 29) / 2, (W / columns.length) * 0.72));
  const gapY = Math.min(30, H - top - 2 * T - 4);
  const low = top + T + gapY;
  const step = app.frame?.step ?? -2;
  const phase = app.step0()?.phase;
  const box = columns.map((c) => {
    const shape = app.program?.slots[c.value[0]]?.shape ?? [];
    const tiled = layoutOf(shape, app.program?.slots[c.value[0]]?.tile).kind === "tiles";
    const [r, k] = [shape[shape.length - 2] ?? 1, shape[shape.length - 1] ?? 1];
    if (c.node.kind === "phase") return { w: Math.max(T * 0.8, 46), h: Math.min(T, 40) };
    if (tiled || shape.length < 2) return { w: shape.length < 2 ? T * 0.5 : T, h: T };
    return { w: T * Math.max(0.36, Math.min(1, k / r)), h: T * Math.max(0.5, Math.min(1, r / k)) };
  });
  const slim = (/** @type {Column} */ c) => c.beside.length * 8;
  const total = columns.reduce((a, c, k) => a + box[k].w + slim(c), 0);
  const gap = columns.length > 1 ? (W - 8 - total) / (columns.length - 1) : 0;
  /** @type {number[]} */
  const x = [];
  columns.reduce((a, c, k) => ((x[k] = a), a + box[k].w + slim(c) + gap), 4);
  const middle = (/** @type {number} */ k) => x[k] + box[k].w / 2;
  const direct = new Set(edges.filter(([a, b]) => b === a + 1).map(([a]) => a));
  /** @type {Set<string>} */
  const wanted = new Set();
  let order = 0;
  const budget = 22;

  const node = (/** @type {Column} */ c, /** @type {number[]} */ slots, /** @type {number} */ left, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ hh, /** @type {boolean} */ mine) => {
    if (!slots.length) return null;
    const { slot, known } = latest(app, slots);
    const info = app.program?.slots[slot];
    const is = mine && slots.some((s) => app.program?.slots[s]?.made === step && step >= 0);
    const style = { left: `${left}px`, top: `${y}px`, width: `${w}px`, height: `${hh}px` };
    const props = nodeProps(app, view, c, "node", is, slot, style, `${info?.name ?? ""}, ${size(info?.shape)}${known ? "" : ", not computed yet"}`, order++);
    if (!known) return h("button", { ...props, class: `${props.class} hollow` });
    if (info && info.shape.length === 0) {
      if (slot !== app.program?.results.loss) wanted.add(`${THUMBS}${slot}`);
      const number = num(scalar(app, slot), 3);
      return h("button", { ...props, class: `${props.class} value`, "aria-label": `${number}: ${props["aria-label"]}` }, number);
    }
    const key = `${THUMBS}${slot}`;
    if (wanted.size < budget) wanted.add(key);
    if (wanted.has(key)) wantThumb(app, key, slot);
    return h("button", { ...props, use: (/** @type {HTMLElement} */ el) => drawThumb(app, p, el, key, slot) }, h("canvas", { "aria-hidden": "true" }));
  };
  const nodes = columns.flatMap((c, k) => {
    const up = top + (T - box[k].h) / 2;
    const down = low + (T - box[k].h) / 2;
    const mine = holds(c, step);
    return [
      node(c, c.value, x[k], up, box[k].w, box[k].h, mine),
      ...c.beside.map((b, j) => node(c, b, x[k] + box[k].w + 4 + j * 8, up, 5, box[k].h, mine)),
      node(c, c.slope, x[k], down, box[k].w, box[k].h, mine),
      ...c.besideSlope.map((b, j) => node(c, b, x[k] + box[k].w + 4 + j * 8, down, 5, box[k].h, mine)),
    ];
  });
  app.keep(THUMBS, wanted);
  const fit = (/** @type {string} */ text, /** @type {number} */ k, /** @type {number} */ per) => {
    const room = Math.floor((gap + box[k].w + slim(columns[k])) / per);
    return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
  };
  const first = columns[0]?.node.kind === "input";
  return [
    h("svg", { key: "lines", width: W, height: H, "aria-hidden": "true" },
      jumps(edges, middle, top - 13),
      columns.map((c, k) => {
        const shape = app.program?.slots[c.value[c.value.length - 1]]?.shape ?? [];
        const right = x[k] + box[k].w + slim(c) + 6;
        const next = (x[k + 1] ?? 0) - 6;
        return h("g", { key: c.node.id },
          h("text", { x: k ? middle(k) : x[k], y: 12, class: `name ${k ? "" : "start"}` }, fit((c.folded ? "▸ " : "") + c.name, k, 7)),
          h("text", { x: k ? middle(k) : x[k], y: low - gapY / 2 + 4, class: `shape ${k ? "" : "start"}` }, shape.length ? fit(shape.join("×"), k, 6.8) : ""),
          k < columns.length - 1 && direct.has(k) ? [arrow(right, next, top + T / 2, phase === "forward" || phase === "loss"), k || !first ? arrow(next, right, low + T / 2, phase === "backward") : null] : null);
      }),
      first && columns[0].slope.length === 0 ? [h("text", { x: 4, y: low + T / 2 - 4, class: "lane" }, "gradients"), h("text", { x: 4, y: low + T / 2 + 11, class: "lane" }, "come back")] : null),
    nodes,
  ];
}

/**
 * A single number of the picture: the loss comes with every frame.
 * @param {App} app
 * @param {number} slot
 */
function scalar(app, slot) {
  if (slot === app.program?.results.loss) return Number(app.frame?.loss ?? NaN);
  const key = `${THUMBS}${slot}`;
  app.want({ key, what: { slot }, window: { row: 0, col: 0, rows: 1, cols: 1 } });
  return app.arrays.get(key)?.data.window?.[0] ?? NaN;
}

/**
 * @param {App} app
 * @param {string} key
 * @param {number} slot
 */
function wantThumb(app, key, slot) {
  const info = app.program?.slots[slot];
  if (!info) return;
  const layout = layoutOf(info.shape, info.tile);
  if (layout.kind === "tiles") app.want({ key, what: { slot }, view: "tiles", overview: { from: 0, count: Math.min(16, layout.count), rows: Math.min(28, layout.rows), cols: Math.min(28, layout.cols) } });
  else app.want({ key, what: { slot }, overview: { rows: 48, cols: 48 } });
}

/** @type {WeakMap<HTMLCanvasElement, { values: Float32Array, limit: number, p: Palette }>} what each shows already */
const drawnThumbs = new WeakMap();

/**
 * @param {App} app
 * @param {Palette} p
 * @param {HTMLElement} el
 * @param {string} key
 * @param {number} slot
 */
function drawThumb(app, p, el, key, slot) {
  const a = app.arrays.get(key);
  const canvas = /** @type {HTMLCanvasElement | null} */ (el.querySelector("canvas"));
  const values = a?.known ? overviewNumbers(a) : null;
  if (!a || !a.overview || !values || !canvas) return;
  const info = app.program?.slots[slot];
  const limit = app.limits.get(a.name) ?? a.limit;
  const is = drawnThumbs.get(canvas);
  if (is && is.values === values && is.limit === limit && is.p === p) return;
  drawnThumbs.set(canvas, { values, limit, p });
  const { rows, cols, count = 1 } = a.overview;
  const ink = info?.role === "input" && count > 1;
  if (info?.shape.length === 1) return fillCanvas(canvas, painted(p, values, cols, 1, limit));
  if (count <= 1) return fillCanvas(canvas, painted(p, values, rows, cols, limit, { ink }));
  const n = Math.ceil(Math.sqrt(count));
  const gap = rows > 8 ? 3 : 1;
  canvas.width = n * (cols + gap) - gap;
  canvas.height = n * (rows + gap) - gap;
  const g = canvas.getContext("2d");
  for (let t = 0; t < count; t++) g?.drawImage(painted(p, values, rows, cols, limit, { ink, start: t * rows * cols }), (t % n) * (cols + gap), Math.floor(t / n) * (rows + gap));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} from
 */
function fillCanvas(canvas, from) {
  [canvas.width, canvas.height] = [from.width, from.height];
  canvas.getContext("2d")?.drawImage(from, 0, 0);
}
