// The columns of the network's picture: the parts of the forward pass, folded until they fit, and what stands in each.

/** @import { App } from "./app.js" */
/** @import { Picture, PictureNode } from "./types.js" */

/** Operations that only lay the same numbers out anew: their columns would repeat the picture before them. */
const VIEWS = new Set(["reshape", "permute", "cast"]);

/**
 * @typedef {object} Column
 * @property {PictureNode} node
 * @property {string} name
 * @property {boolean} folded it holds more, and unfolds
 * @property {number[]} value slots above, the latest first: the weights, or the values that flow
 * @property {number[][]} beside slim slots beside it: biases and their like
 * @property {number[]} slope slots below, the latest first: gradients and what the optimizer makes of them
 * @property {number[][]} besideSlope
 * @property {[number, number][]} stretches of steps that belong to it, there, back and in the update
 */

/**
 * @param {App} app
 * @param {Picture} picture
 * @param {Set<string>} open nodes unfolded by hand
 * @param {number} room so many columns fit
 * @returns {{ columns: Column[], edges: [number, number][] }}
 */
export function columnsOf(app, picture, open, room) {
  /** @type {Map<string | null, PictureNode[]>} */
  const children = new Map();
  const byId = new Map(picture.nodes.map((n) => [n.id, n]));
  for (const n of picture.nodes) children.set(n.parent, [...(children.get(n.parent) ?? []), n]);
  const inner = (/** @type {PictureNode} */ n) => children.get(n.id) ?? [];
  const phase = (/** @type {string} */ name) => picture.nodes.filter((n) => n.kind === "phase" && n.phase === name);

  let list = phase("forward").flatMap(inner);
  const lone = list.every((n) => n.kind === "step");
  for (let again = true; again; ) {
    again = false;
    for (const [k, n] of list.entries()) {
      const parts = inner(n);
      const grows = n.kind === "group" && list.length + parts.length - 1 <= room;
      if (parts.length && (open.has(n.id) || grows)) {
        list = [...list.slice(0, k), ...parts, ...list.slice(k + 1)];
        again = true;
        break;
      }
    }
  }
  const shown = (/** @type {PictureNode} */ n) => n.name !== "y" && app.program?.slots[n.output]?.role !== "counter";
  const inputs = picture.nodes.filter((n) => n.kind === "input" && shown(n));
  const moved = (/** @type {PictureNode} */ n) => n.ops.length > 0 && n.ops.every((op) => VIEWS.has(op));
  const nodes = [...inputs, ...(lone ? list : list.filter((n) => !moved(n))), ...phase("loss")];

  /** @type {Map<string, number>} */
  const column = new Map();
  nodes.forEach((n, k) => column.set(n.id, k));
  /** @type {Map<string, string>} values that only passed through a left-out column come from before it */
  const passed = new Map();
  for (const e of picture.edges) {
    const to = byId.get(e.to);
    if (to?.kind === "step" && to.phase === "forward" && VIEWS.has(to.ops[0])) passed.set(e.to, e.from);
  }
  /** @type {(id: string) => number | undefined} */
  const climb = (id) => {
    for (let n = byId.get(id); n; n = n.parent ? byId.get(n.parent) : undefined) if (column.has(n.id)) return column.get(n.id);
    const before = passed.get(id);
    return before ? climb(before) : undefined;
  };
  const back = mirrored(picture, climb);
  const columns = nodes.map((n, k) => columnOf(app, n, inner(n).length > 0 && n.kind !== "layer" && n.kind !== "phase", back.get(k) ?? []));
  const pairs = new Set();
  for (const e of picture.edges) {
    const [a, b] = [climb(e.from), climb(e.to)];
    if (a != null && b != null && a < b) pairs.add(`${a},${b}`);
  }
  return { columns, edges: [...pairs].map((t) => /** @type {[number, number]} */ (t.split(",").map(Number))) };
}

/**
 * The backward and update steps of every column.
 * @param {Picture} picture
 * @param {(id: string) => number | undefined} climb
 * @returns {Map<number, PictureNode[]>}
 */
function mirrored(picture, climb) {
  /** @type {Map<number, PictureNode[]>} */
  const out = new Map();
  for (const n of picture.nodes) {
    if (n.kind !== "step" || !n.mirror) continue;
    const k = climb(n.mirror);
    if (k != null) out.set(k, [...(out.get(k) ?? []), n]);
  }
  return out;
}

/**
 * @param {App} app
 * @param {PictureNode} n
 * @param {boolean} folded
 * @param {PictureNode[]} back
 * @returns {Column}
 */
function columnOf(app, n, folded, back) {
  const program = app.program;
  const shapeOf = (/** @type {number | undefined} */ slot) => (slot == null ? [] : program?.slots[slot]?.shape ?? []);
  const count = (/** @type {string} */ w) => shapeOf(program?.state[w]).reduce((a, b) => a * b, 1);
  const trained = n.weights.filter((w) => w in (program?.gradients ?? {})).sort((a, b) => count(b) - count(a));
  const matrix = !folded && n.kind !== "phase" && trained.length && shapeOf(program?.state[trained[0]]).length > 1 ? trained : [];
  const defined = (/** @type {(number | undefined)[]} */ list) => /** @type {number[]} */ (list.filter((s) => s != null));
  const above = (/** @type {string} */ w) => defined([program?.carry[w], program?.state[w]]);
  const below = (/** @type {string} */ w) => defined([...memories(app, w), program?.gradients[w]]);
  const slopes = back.filter((b) => b.phase === "backward").map((b) => b.output).filter((s) => !isWeightGradient(app, s)).reverse();
  return {
    node: n,
    name: n.kind === "phase" ? "loss" : n.kind === "input" ? n.name : label(n),
    folded,
    value: matrix.length ? above(matrix[0]) : n.kind === "phase" ? defined([program?.results.loss]) : [n.output],
    beside: matrix.slice(1, 3).map(above),
    slope: matrix.length ? below(matrix[0]) : slopes,
    besideSlope: matrix.slice(1, 3).map(below),
    stretches: [n.steps, ...back.map((b) => b.steps)],
  };
}

/** @param {PictureNode} n */
function label(n) {
  const times = n.times > 1 ? ` ×${n.times}` : "";
  const last = n.path.split(".").pop() ?? "";
  return `${last && last.length <= 3 ? last + " " : ""}${n.name || n.ops[0] || n.path}${times}`;
}

/**
 * The optimizer's new memories of a weight: what it made of the gradient.
 * @param {App} app
 * @param {string} weight
 */
function memories(app, weight) {
  return Object.entries(app.program?.carry ?? {})
    .filter(([name]) => name.startsWith("optim/") && name.endsWith(`/${weight}`))
    .map(([, slot]) => slot)
    .slice(0, 1);
}

/**
 * @param {App} app
 * @param {number} slot
 */
const isWeightGradient = (app, slot) => Object.values(app.program?.gradients ?? {}).includes(slot);

/**
 * The newest slot of a row that is there already; its oldest where none is.
 * @param {App} app
 * @param {number[]} slots
 */
export function latest(app, slots) {
  const known = slots.filter((s) => app.known(s));
  known.sort((a, b) => (app.program?.slots[b]?.made ?? -1) - (app.program?.slots[a]?.made ?? -1));
  return { slot: known[0] ?? slots[slots.length - 1], known: known.length > 0 };
}

/**
 * @param {Column} c
 * @param {number} step
 */
export const holds = (c, step) => c.stretches.some(([a, b]) => step >= a && step < b);
