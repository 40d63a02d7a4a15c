// Time at two scales: the whole run (the loss curve with its branches), and under a lens the inside of one batch.
import { h, patch } from "./dom.js";
import { count, num } from "./numbers.js";

/** @import { App } from "./app.js" */
/** @import { Step } from "./types.js" */

const PAD = 44;
const RIGHT = 10;

/** @param {App} app */
export function timeline(app) {
  return h("div", { class: "time", key: "time", role: "group", "aria-label": "Where in time", own: true, use: (/** @type {HTMLElement} */ el) => patch(el, drawn(app, el)) });
}

/**
 * @param {App} app
 * @param {HTMLElement} el
 */
function drawn(app, el) {
  const { frame, program } = app;
  const [W, H] = [el.clientWidth, el.clientHeight];
  if (!frame || !program || W < 80) return null;
  const [y0, y1, ry, rh] = [8, H - 64, H - 33, 13];
  const own = app.curves.get(frame.branch)?.points ?? [];
  const per = app.session?.run.batches_per_epoch ?? 0;
  const longest = Math.max(frame.batch, ...[...app.curves.values()].map((c) => c.points.length), 1);
  const last = Math.max(longest, Math.min(per || 20, 50));
  const X = (/** @type {number} */ b) => PAD + (b / last) * (W - PAD - RIGHT);
  const top = scaleEnd([...app.curves.values()].map((c) => c.points));
  const Y = (/** @type {number} */ v) => (Number.isFinite(v) ? y1 - (Math.max(0, Math.min(top, v)) / top) * (y1 - y0) : y0);
  const steps = program.steps;
  const ruler = stepRuler(steps, frame.step, W, ry, rh);
  const mx = X(frame.batch);
  const marks = [0, top / 2, top];
  const goRun = (/** @type {number} */ x) => app.goBatch(Math.max(0, Math.min(longest, Math.round(((x - PAD) / (W - PAD - RIGHT)) * last))));
  const loss = own[frame.batch - 1]?.[0] ?? frame.loss;
  const branch = app.branches.list.find((b) => b.id === frame.branch);

  return [
    h("svg", { width: W, height: H, "aria-hidden": "true" },
      h("text", { x: 0, y: (y0 + y1) / 2, class: "tick mid", transform: `rotate(-90 8 ${(y0 + y1) / 2})` }, "loss"),
      marks.map((v) => h("g", { key: `m${v}` }, h("path", { class: "gridline", d: `M${PAD} ${Y(v)}H${W - RIGHT}` }), h("text", { x: PAD - 7, y: Y(v) + 4, class: "tick end" }, num(v, 2).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")))),
      epochs(per, last, X, y0, y1),
      curves(app, X, Y, W),
      branch?.edits.map((e, k) => h("path", { key: `e${k}`, class: "edit", d: `M${X(e.batch)} ${y1 + 2}l4 7h-8z` })),
      h("path", { class: "wedge", d: `M${mx - 2} ${y1}L${PAD} ${ry - 4}H${W - RIGHT}L${mx + 2} ${y1}z` }),
      h("path", { class: "marker", d: `M${mx} ${y0 - 4}V${y1}` }),
      Number.isFinite(loss) ? h("circle", { class: "handle", cx: mx, cy: Y(loss), r: 4.5 }) : null,
      h("text", { x: Math.max(PAD + 50, Math.min(W - 58, mx)), y: y1 + 19, class: "nowname" }, frame.op ? `inside batch ${count(frame.batch)}` : `before batch ${count(frame.batch)}`),
      ruler.drawn),
    slider("run", "Batch", { min: 0, max: longest, now: frame.batch, text: `batch ${frame.batch} of ${longest}, loss ${num(Number(frame.loss ?? NaN), 3)}` },
      { left: PAD, right: RIGHT, top: 0, height: y1 + 6 }, goRun, false,
      (d, big) => app.goBatch(d === Infinity ? longest : d === -Infinity ? 0 : frame.batch + d * (big ? per || 10 : 1))),
    slider("step", "Step inside the batch", { min: 0, max: steps.length, now: frame.step + 1, text: wordsOf(steps, frame.step) },
      { left: PAD, right: RIGHT, top: ry - 6, height: rh + 24 }, (x) => { const k = ruler.at(x); if (k !== app.frame?.step) app.goStep(k); }, true,
      (d, big) => app.goStep(d === Infinity ? steps.length - 1 : d === -Infinity ? -1 : frame.step + d * (big ? 10 : 1))),
  ];
}

/**
 * @param {Step[]} steps
 * @param {number} at
 */
const wordsOf = (steps, at) => (at < 0 ? "before the first step" : `step ${at + 1} of ${steps.length}, ${steps[at]?.phase}, ${steps[at]?.layer}, ${steps[at]?.title}`);

/**
 * The end of the axis: above nearly all losses, a lone spike may leave it.
 * @param {number[][][]} curves
 */
function scaleEnd(curves) {
  const all = curves.flatMap((points) => points.map((q) => q[0])).filter(Number.isFinite).sort((a, b) => a - b);
  const top = all.length ? all[Math.floor((all.length - 1) * 0.995)] * 1.02 : 1;
  const e = 10 ** Math.floor(Math.log10(top > 0 ? top : 1));
  return ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((m) => m * e >= top) ?? 10) * e;
}

/**
 * @param {number} per
 * @param {number} last
 * @param {(b: number) => number} X
 * @param {number} y0
 * @param {number} y1
 */
function epochs(per, last, X, y0, y1) {
  if (!per) return null;
  const n = Math.floor(last / per);
  const every = Math.max(1, Math.ceil(64 / Math.max(1, X(per) - X(0))));
  return Array.from({ length: n }, (_, k) => k + 1)
    .filter((k) => k % every === 0)
    .map((k) => h("g", { key: `ep${k}` }, h("path", { class: "epoch", d: `M${X(k * per)} ${y0}V${y1}` }), h("text", { x: X(k * per) - 5, y: y0 + 7, class: "tick end" }, `epoch ${k}`)));
}

/**
 * The curves: raw thin and smoothed thick; what lies ahead of where the run stands is grey; branches differ by their line.
 * @param {App} app
 * @param {(b: number) => number} X
 * @param {(v: number) => number} Y
 * @param {number} width
 */
function curves(app, X, Y, width) {
  const out = [];
  const list = app.branches.list.length ? app.branches.list : [{ id: app.frame?.branch, name: "", parent: null, batch: 0 }];
  for (const [k, b] of list.entries()) {
    const points = app.curves.get(b.id)?.points;
    if (!points?.length) continue;
    const from = b.parent == null ? 0 : b.batch;
    const own = points.map((q) => q[0]);
    const calm = smooth(own, from);
    const here = Math.min(app.stands(b.id), own.length);
    const dash = k ? `d${((k - 1) % 3) + 1}` : "";
    out.push(h("path", { key: `r${b.id}`, class: "raw", d: line(own, from, own.length, X, Y, width) }));
    out.push(h("path", { key: `f${b.id}`, class: `fine ${dash}`, d: line(calm, from, Math.max(from, here), X, Y, width) }));
    if (here < own.length) out.push(h("path", { key: `a${b.id}`, class: `fine ahead ${dash}`, d: line(calm, Math.max(from, here - 1), own.length, X, Y, width) }));
    const end = own.length - 1;
    if (list.length > 1) out.push(h("text", { key: `n${b.id}`, x: X(end) + 6, y: Y(calm[end]) + 4, class: "curvename" }, b.name));
  }
  return out;
}

/**
 * The mean of as many neighbours before as after, so that the calm curve runs through the middle of the raw one and not behind it.
 * @param {number[]} a
 * @param {number} first a branch begins there, and looks at nothing before
 */
function smooth(a, first) {
  const sums = new Float64Array(a.length + 1);
  const counts = new Float64Array(a.length + 1);
  a.forEach((v, k) => {
    const sound = Number.isFinite(v);
    sums[k + 1] = sums[k] + (sound ? v : 0);
    counts[k + 1] = counts[k] + (sound ? 1 : 0);
  });
  const most = Math.max(2, Math.min(30, Math.round(a.length / 40)));
  return a.map((_, k) => {
    const reach = Math.max(0, Math.min(most, k - first, a.length - 1 - k));
    return (sums[k + reach + 1] - sums[k - reach]) / (counts[k + reach + 1] - counts[k - reach]);
  });
}

/**
 * A path through the points; of many points in one pixel the lowest and the highest are drawn.
 * @param {number[]} a
 * @param {number} from
 * @param {number} to
 * @param {(b: number) => number} X
 * @param {(v: number) => number} Y
 * @param {number} width
 */
function line(a, from, to, X, Y, width) {
  const block = Math.max(1, Math.floor((to - from) / width));
  let d = "";
  for (let k = from; k < to; k += block) {
    let [low, high] = [Infinity, -Infinity];
    for (let j = k; j < Math.min(to, k + block); j++) if (Number.isFinite(a[j])) [low, high] = [Math.min(low, a[j]), Math.max(high, a[j])];
    if (low > high) continue;
    const x = X(k + 1).toFixed(1);
    d += `${d ? "L" : "M"}${x} ${Y(low).toFixed(1)}`;
    if (high > low) d += `L${x} ${Y(high).toFixed(1)}`;
  }
  return d;
}

/**
 * The steps of one batch as small squares, phase by phase; too many for squares become bars.
 * @param {Step[]} steps
 * @param {number} at
 * @param {number} W
 * @param {number} y
 * @param {number} high
 */
function stepRuler(steps, at, W, y, high) {
  /** @type {{ name: string, first: number, last: number }[]} */
  const phases = [];
  steps.forEach((s, k) => {
    const end = phases[phases.length - 1];
    if (end?.name === s.phase) end.last = k;
    else phases.push({ name: s.phase, first: k, last: k });
  });
  const gap = 8;
  const w = (W - PAD - RIGHT - gap * (phases.length - 1)) / Math.max(1, steps.length);
  const of = (/** @type {number} */ k) => phases.findIndex((q) => k <= q.last);
  const sx = (/** @type {number} */ k) => PAD + k * w + gap * Math.max(0, of(k));
  const drawn = [];
  for (const [n, q] of phases.entries()) {
    const here = at >= q.first && at <= q.last;
    if (w >= 5) {
      for (let k = q.first; k <= q.last; k++) {
        const now = k === at;
        drawn.push(h("rect", { key: `s${k}`, class: `op ${now ? "here" : k < at ? "past" : ""}`, x: sx(k) + 0.5, y: now ? y - 3 : y, width: Math.max(1, w - 1.5), height: now ? high + 6 : high }));
      }
    } else {
      const [x, wide] = [sx(q.first), (q.last - q.first + 1) * w];
      const done = Math.max(0, Math.min(wide, (at - q.first + 1) * w));
      drawn.push(h("rect", { key: `b${n}`, class: "op", x, y, width: wide, height: high }), h("rect", { key: `d${n}`, class: "op past", x, y, width: done, height: high }));
      if (here) drawn.push(h("rect", { key: "now", class: "op here", x: sx(at) - 1, y: y - 3, width: Math.max(4, w), height: high + 6 }));
    }
    drawn.push(h("text", { key: `t${n}`, x: sx(q.first), y: y + high + 17, class: `tick ${here ? "on" : ""}` }, (q.last - q.first + 1) * w > q.name.length * 6.5 ? q.name : ""));
  }
  const find = (/** @type {number} */ x) => {
    let k = -1;
    while (k + 1 < steps.length && sx(k + 1) <= x) k++;
    return k;
  };
  return { drawn, at: find };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {{ min: number, max: number, now: number, text: string }} v
 * @param {{ left: number, right: number, top: number, height: number }} box
 * @param {(x: number) => void} go
 * @param {boolean} scrub go along while dragging; otherwise on letting go
 * @param {(d: number, big: boolean) => void} key
 */
function slider(id, label, v, box, go, scrub, key) {
  const x = (/** @type {PointerEvent} */ e) => e.clientX - /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (e.currentTarget).parentElement).getBoundingClientRect().left;
  return h("div", {
    key: id,
    role: "slider",
    tabindex: 0,
    "data-slider": id,
    "aria-label": label,
    "aria-valuemin": v.min,
    "aria-valuemax": v.max,
    "aria-valuenow": v.now,
    "aria-valuetext": v.text,
    style: { left: `${box.left}px`, right: `${box.right}px`, top: `${box.top}px`, height: `${box.height}px` },
    onpointerdown: (/** @type {PointerEvent} */ e) => {
      /** @type {HTMLElement} */ (e.currentTarget).setPointerCapture(e.pointerId);
      if (scrub) go(x(e));
    },
    onpointermove: (/** @type {PointerEvent} */ e) => scrub && e.buttons & 1 && go(x(e)),
    onpointerup: (/** @type {PointerEvent} */ e) => !scrub && go(x(e)),
    onkeydown: (/** @type {KeyboardEvent} */ e) => {
      /** @type {Record<string, [number, boolean]>} */
      const moves = { ArrowRight: [1, false], ArrowUp: [1, false], ArrowLeft: [-1, false], ArrowDown: [-1, false], PageUp: [1, true], PageDown: [-1, true], Home: [-Infinity, false], End: [Infinity, false] };
      const d = moves[e.key];
      if (!d) return;
      e.preventDefault();
      e.stopPropagation();
      key(...d);
    },
  });
}
