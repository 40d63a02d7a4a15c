// The drawing board: draw, watch it flow, ask any neuron what it voted and why.
import { h, patch } from "./dom.js";
import { shorter, termsTable, threePictures } from "./explain.js";
import { flow, FlowView, stagesOf, valuesOf } from "./flow.js";
import { num, plus } from "./numbers.js";
import { Ink, INK, pad } from "./pad.js";
import { number } from "./talk.js";
import { account, small } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { Stage } from "./flow.js" */
/** @import { Explained, Program } from "./types.js" */

const KEY = "b:";
const PACE = 260; // ms from column to column

/** What the drawing board of one studio holds. */
export class Board {
  ink = new Ink();
  flow = new FlowView();
  /** @type {any} the network's answer to the drawing */ predicted = null;
  /** @type {{ rows: number[], answers: any[], pictures: Float32Array, shape: number[] } | null} */ samples = null;
  /** @type {number | null} */ taken = null;
  upto = 99;
  /** @type {any} */ timer = 0;
  /** @type {{ sum: Explained, after: Explained | null, value: number } | null} */ told = null;
  asked = "";
  sent = "";
  asking = false;
}

/**
 * @param {App} app
 * @param {Board} board
 * @param {Palette} p
 */
export function boardView(app, board, p) {
  begin(app, board);
  return h("div", { class: "work board", key: "board", role: "tabpanel", "aria-label": "Drawing board" }, drawPanel(app, board, p), flowPanel(app, board, p), votePanel(app, board, p));
}

/**
 * The first pictures, and the first answer; a new answer where the run has moved on.
 * @param {App} app
 * @param {Board} board
 */
function begin(app, board) {
  if (!board.asking && !board.samples && !app.lost && app.can("examples")) {
    board.asking = true;
    const n = app.session?.run.examples ?? 0;
    const rows = Array.from({ length: Math.min(60, n) }, (_, k) => Math.floor((k * n) / Math.min(60, n)));
    app.line.ask("examples", { rows, from: "validation" }).then((m) => (m.kind === "examples" ? m : app.line.ask("examples", { rows }))).then((m) => {
      if (m.lost) board.asking = false; // ask again when the run answers
      if (m.kind !== "examples" || !m.data.pictures) return;
      board.samples = oneOfEach(m);
      if (board.ink.empty && board.samples.rows.length) take(app, board, Math.min(3, board.samples.rows.length - 1));
      app.redraw();
    });
  }
  const moment = app.moment();
  if (board.predicted && !app.frame?.playing && board.sent && board.sent !== moment) send(app, board, false);
}

/**
 * Two pictures of every class at most, in the order of the classes.
 * @param {any} m
 */
function oneOfEach(m) {
  const area = m.data.pictures.length / m.rows.length;
  const order = m.rows.map((/** @type {number} */ _, /** @type {number} */ k) => k);
  /** @type {number[]} */
  const kept = [];
  for (const round of [0, 1]) {
    const classes = [...new Set(m.answers)].sort((a, b) => Number(a) - Number(b));
    for (const c of classes) {
      const found = order.filter((/** @type {number} */ k) => m.answers[k] === c)[round];
      if (found != null && kept.length < 12) kept.push(found);
    }
  }
  const pictures = new Float32Array(kept.length * area);
  kept.forEach((k, i) => pictures.set(m.data.pictures.subarray(k * area, (k + 1) * area), i * area));
  return { rows: kept.map((k) => m.rows[k]), answers: kept.map((k) => m.answers[k]), pictures, shape: m.shape };
}

/**
 * @param {App} app
 * @param {Board} board
 * @param {number} k
 */
function take(app, board, k) {
  const s = board.samples;
  if (!s) return;
  const [rows, cols] = (app.session?.board?.shape ?? s.shape.slice(-2));
  const area = rows * cols;
  const px = s.pictures.subarray(k * area, (k + 1) * area);
  board.ink.clear();
  board.ink.take(px, rows, cols, Math.max(1e-6, ...px));
  board.taken = k;
  send(app, board, true);
}

/**
 * Send the drawing through the network as it is now.
 * @param {App} app
 * @param {Board} board
 * @param {boolean} anew let it flow from the beginning
 */
async function send(app, board, anew) {
  board.sent = app.moment();
  const m = await app.line.ask("predict", { buffers: [{ name: "drawing", dtype: "uint8", shape: [INK, INK] }] }, [board.ink.px]);
  if (m.kind !== "predicted") return;
  for (const key of [...app.views.keys()]) if (key.startsWith(KEY)) app.unlook(key);
  board.predicted = m;
  const stages = stagesOf(m.program);
  const kept = board.flow.picked;
  if (!kept || !stages.some((s) => s.slot === kept.slot)) board.flow.picked = { slot: stages[stages.length - 1]?.slot, unit: m.answer };
  if (anew) run(app, board, stages.length);
  askNeuron(app, board);
  app.redraw();
}

/**
 * Let it flow, column by column; at once for those who want no motion.
 * @param {App} app
 * @param {Board} board
 * @param {number} n
 */
function run(app, board, n) {
  clearInterval(board.timer);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    board.upto = n;
    return;
  }
  board.upto = 1;
  board.timer = setInterval(() => {
    board.upto += 1;
    if (board.upto >= n) clearInterval(board.timer);
    app.redraw();
  }, PACE);
}

/**
 * @param {App} app
 * @param {Board} board
 * @param {Palette} p
 */
function drawPanel(app, board, p) {
  const s = board.samples;
  const [rows, cols] = app.session?.board?.shape ?? [28, 28];
  const clear = () => {
    board.ink.clear();
    board.taken = null;
    board.predicted = null;
    board.told = null;
    app.redraw();
  };
  return h("section", { class: "panel draw", "aria-labelledby": "ca-draw" },
    h("div", { class: "bar" }, h("h2", { id: "ca-draw" }, "Draw"), h("button", { class: "small", type: "button", "data-do": "clear", onclick: clear }, "Clear")),
    pad(p, board.ink, {
      begin: () => { if (board.taken != null) board.ink.clear(); board.taken = null; },
      drawn: () => send(app, board, true),
      redraw: () => app.redraw(),
    }),
    s?.rows.length ? h("h3", null, "or take one of these") : null,
    s ? h("div", { class: "samples" }, s.rows.map((row, k) =>
      h("button", { key: row, type: "button", "aria-pressed": board.taken === k, "aria-label": `an example of ${app.className(s.answers[k])}`, onclick: () => take(app, board, k) },
        small(p, s.pictures, rows, cols, { size: 40, limit: 1, start: k * rows * cols })))) : null);
}

/**
 * @param {App} app
 * @param {Board} board
 * @param {Palette} p
 */
function flowPanel(app, board, p) {
  const m = board.predicted;
  const stages = m ? stagesOf(m.program) : [];
  const now = Math.min(board.upto, stages.length);
  const draw = (/** @type {HTMLElement} */ el) => patch(el, m && el.clientWidth > 80
    ? flow(app, board.flow, p, { width: el.clientWidth, height: el.clientHeight, program: m.program, what: (slot) => ({ board: slot }), known: () => true, row: 0, key: KEY, upto: now, shares: m.shares ?? undefined },
      () => askNeuron(app, board))
    : h("p", { class: "notyet" }, "Draw, and the picture flows through the network from left to right."));
  return h("section", { class: "panel flow", "aria-labelledby": "ca-flow" },
    h("div", { class: "bar" }, h("h2", { id: "ca-flow" }, "Watch it flow"),
      stages.length ? h("label", { class: "how" }, h("span", null, now >= stages.length ? "to the votes" : `to ${stages[now - 1]?.name ?? ""}`),
        h("input", { type: "range", min: 1, max: stages.length, step: 1, value: String(now), "aria-label": "How far it has come", "aria-valuetext": stages[now - 1]?.name, oninput: (/** @type {any} */ e) => { clearInterval(board.timer); board.upto = Number(e.target.value); app.redraw(); } })) : null),
    h("div", { class: "fill", own: true, use: draw }));
}

/**
 * The step whose sum a neuron is: behind its door and its bias.
 * @param {Program} program
 * @param {number} slot
 */
function chain(program, slot) {
  const steps = [];
  const shape = program.slots[slot]?.shape.join();
  for (let at = slot, k = 0; k < 6; k++) {
    const made = program.slots[at]?.made ?? -1;
    const step = program.steps[made];
    if (!step) break;
    steps.push({ step, made });
    if (/matmul|conv/.test(step.op) || program.slots[step.inputs[0]]?.shape.join() !== shape) break;
    at = step.inputs[0];
  }
  return steps;
}

/**
 * Ask the chosen neuron what it added up.
 * @param {App} app
 * @param {Board} board
 */
async function askNeuron(app, board) {
  const m = board.predicted;
  const picked = board.flow.picked;
  const stage = m && picked ? stagesOf(m.program).find((s) => s.slot === picked.slot) : null;
  if (!stage || !picked || stage.name === "picture") {
    board.told = null;
    return app.redraw();
  }
  const word = `${picked.slot}.${picked.unit}.${board.sent}.${Math.random()}`;
  board.asked = word;
  let at = [0, picked.unit];
  if (stage.kind === "maps") {
    const found = await app.line.ask("find", { what: { board: picked.slot }, lead: [0, picked.unit], rows: [0, stage.shape[2]], cols: [0, stage.shape[3]] });
    if (found.kind !== "cell") return;
    at = found.index;
  }
  const steps = chain(m.program, picked.slot);
  const sum = steps[steps.length - 1];
  const told = await app.line.ask("explain", { step: sum.made, at, board: true });
  const out = sum.step.output === picked.slot ? told : await app.line.ask("explain", { step: steps[0].made, at, board: true });
  const before = steps.length > 1 ? steps[steps.length - 2] : null;
  const after = before && before.step.op === "add" ? await app.line.ask("explain", { step: before.made, at, board: true }) : null;
  if (word !== board.asked) return;
  board.told = told.kind === "explained" ? { sum: told, after: after?.kind === "explained" ? after : null, value: number(out.value) } : null;
  app.redraw();
}

/**
 * @param {App} app
 * @param {Board} board
 * @param {Palette} p
 */
function votePanel(app, board, p) {
  const m = board.predicted;
  const picked = board.flow.picked;
  const stages = m ? stagesOf(m.program) : [];
  const k = stages.findIndex((s) => s.slot === picked?.slot);
  const stage = stages[k];
  const panel = (/** @type {any[]} */ ...inner) => h("section", { class: "panel vote card", tabindex: 0, "data-go": "explain", "aria-labelledby": "ca-vote" }, inner);
  if (!m) return panel(h("h2", { id: "ca-vote" }, "Its answer"), h("p", { class: "analogy" }, "What the network says to your drawing stands here, and why every one of its neurons voted as it did."));
  const votes = k === stages.length - 1;
  return panel(verdict(app, m),
    h("div", { class: "bar" },
      h("h2", { id: "ca-vote" }, !stage ? "A neuron" : stage.name === "picture" ? "The picture" : votes ? `The vote for ${app.className(picked?.unit ?? 0)}` : `${stage.name}, ${stage.kind === "maps" ? "channel" : "neuron"} ${picked?.unit}`),
      board.told ? h("span", { class: "meta" }, votes ? num(board.told.value, 3) : board.told.value > 0 ? `awake, ${num(board.told.value, 3)}` : `silent, ${num(board.told.value, 3)}`) : null),
    stage?.name === "picture" ? h("p", { class: "analogy" }, m.digit ? "This is what the network gets: your drawing, cut out, made as large as the digits it learnt from, and centred." : "This is what the network gets of your drawing.") : null,
    board.told ? added(app, board, p, board.told, stage) : null,
    stage && board.told && stages[k + 1]?.from ? handsOn(app, board, stages, k) : null);
}

/**
 * @param {App} app
 * @param {any} m
 */
function verdict(app, m) {
  const name = app.className(m.answer);
  const shares = Array.from(m.shares ?? [], number);
  const order = shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
  const percent = (/** @type {number} */ v) => `${(v * 100).toFixed(v > 0.995 || v < 0.1 ? 1 : 0)} %`;
  return h("p", { class: "verdict" }, h("b", { "aria-hidden": "true" }, name.length < 3 ? name : m.answer),
    h("span", null, "It says ", h("strong", null, name), shares.length ? `, with ${percent(shares[m.answer])} of the vote.` : ".",
      order.length > 1 ? h("small", null, `Second: ${app.className(order[1])}, ${percent(shares[order[1]])}`) : null));
}

/**
 * What a neuron added up: its largest terms, the rest, its bias, and the sum.
 * @param {App} app
 * @param {Board} board
 * @param {Palette} p
 * @param {NonNullable<Board["told"]>} told
 * @param {Stage | undefined} stage
 */
function added(app, board, p, told, stage) {
  const { sum, after } = told;
  const where = stage?.kind === "maps" ? h("p", { class: "lab" }, `Where it is loudest: row ${sum.at[2]}, column ${sum.at[3]}`) : null;
  if (!sum.terms) return [where, h("h3", null, "How its number came about"), h("p", { class: "plug n" }, sum.numbers.join("\n"))];
  const step = board.predicted.program.steps[sum.step];
  const laidOut = step && (/conv/.test(step.op) || board.predicted.program.slots[step.inputs[0]]?.tile);
  const three = laidOut ? threePictures(p, sum) : null; // a row of neurons is no picture
  const terms = shorter(app, sum, board.predicted.program);
  const total = number(sum.terms.total);
  const whole = after ? number(/** @type {any} */ (after).value) : total;
  const head = h("h3", null, "What it added up");
  if (!three) return [where, head, termsTable(p, after ? withBias(terms, whole - total, whole) : terms, "sum", 7)];
  const products = Array.from(sum.data.products ?? []);
  const [good, bad] = [1, -1].map((s) => products.reduce((a, v) => (v * s > 0 ? a + v : a), 0));
  return [where, three, head, account(p,
    [{ key: "for", name: "for", value: good }, { key: "against", name: "against", value: bad }, ...(after ? [{ key: "bias", name: "bias", value: whole - total }] : [])],
    { name: "sum", value: plus(after ? whole : good + bad, 3), number: after ? whole : good + bad })];
}

/**
 * @param {NonNullable<Explained["terms"]>} terms
 * @param {number} bias
 * @param {number} total
 * @returns {NonNullable<Explained["terms"]>}
 */
function withBias(terms, bias, total) {
  const part = { name: "bias", example: null, factors: [], value: bias };
  const kept = terms.parts.slice(0, 6);
  const rest = terms.parts.slice(6).reduce((a, t) => a + number(t.value), number(terms.more?.value ?? 0));
  return { parts: [...kept, part], more: { count: terms.parts.length - kept.length + (terms.more?.count ?? 0), value: rest }, total };
}

/**
 * What it says to the next column: value × weight, the three largest.
 * @param {App} app
 * @param {Board} board
 * @param {Stage[]} stages
 * @param {number} k
 */
function handsOn(app, board, stages, k) {
  const [s, next] = [stages[k], stages[k + 1]];
  const values = valuesOf(app, s, { key: KEY, row: 0, width: 0, height: 0, program: board.predicted.program, what: (slot) => ({ board: slot }), known: () => true });
  const w = app.arrays.get(`${KEY}w${next.slot}`);
  const unit = board.flow.picked?.unit ?? 0;
  if (!values || !w?.data.window || !w.window || unit >= w.window.cols) return null;
  const { cols, rows } = w.window;
  const parts = Array.from({ length: rows }, (_, o) => ({ o, v: values[unit] * /** @type {any} */ (w.data.window)[o * cols + unit] })).sort((a, b) => Math.abs(b.v) - Math.abs(a.v)).slice(0, 3);
  const last = k + 1 === stages.length - 1;
  return [
    h("h3", null, "What it says to the next column"),
    values[unit] === 0 ? h("p", { class: "analogy" }, "Nothing: its sum is below zero, so the door stays shut.")
      : h("p", { class: "path" }, parts.map(({ o, v }) => h("span", { key: o, class: "n" }, plus(v, 2), h("small", null, last ? `vote for ${app.className(o)}` : `neuron ${o}`)))),
  ];
}
