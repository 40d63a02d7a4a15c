// The program: phase > layer > step, one tree, one mark. Three hundred steps are as easy to walk as thirty.
import { h, refocus } from "./dom.js";

/** @import { App } from "./app.js" */
/** @import { Step } from "./types.js" */

/** @type {Record<string, [string, string]>} */
export const PHASES = { forward: ["Forward", "→"], loss: ["Loss", "●"], backward: ["Backward", "←"], update: ["Update", "↻"] };

/**
 * @typedef {{ key: string, level: number, text: string, glyph?: string, first: number, last: number, here: boolean, open: boolean, size: number, parent: string }} Row
 */

/** What is folded, opened and focused in the tree of one studio. */
export class Tree {
  /** @type {Map<string, boolean>} rows that were opened or shut by hand */ hand = new Map();
  /** @type {string} */ focus = "";
  /** @type {string} */ seen = "";
}

/**
 * The rows that are visible.
 * @param {Step[]} steps
 * @param {number} at
 * @param {Tree} tree
 * @param {Map<string, string>} [kinds] what the layers are: "Linear" at "1"
 * @returns {Row[]}
 */
export function rows(steps, at, tree, kinds = new Map()) {
  /** @type {Row[]} */
  const out = [];
  for (const phase of stretches(steps, 0, steps.length, (s) => s.phase)) {
    const here = at >= phase.first && at <= phase.last;
    const [words, glyph] = PHASES[phase.name] ?? [phase.name, ""];
    const key = `p${phase.first}`;
    const open = tree.hand.get(key) ?? true;
    out.push({ key, level: 1, text: words, glyph, first: phase.first, last: phase.last, here, open, size: 0, parent: "" });
    if (!open) continue;
    for (const layer of stretches(steps, phase.first, phase.last + 1, (s) => s.layer)) {
      const inside = at >= layer.first && at <= layer.last;
      const own = `l${layer.first}`;
      const opened = tree.hand.get(own) ?? inside;
      const kind = kinds.get(layer.name);
      const text = (kind ? `${brief(layer.name)} ${kind}` : layer.name) || (phase.name === "loss" ? "loss" : phase.name === "update" ? "all weights" : "the network");
      out.push({ key: own, level: 2, text, first: layer.first, last: layer.last, here: inside, open: opened, size: layer.last - layer.first + 1, parent: key });
      if (!opened) continue;
      for (let k = layer.first; k <= layer.last; k++) {
        out.push({ key: `s${k}`, level: 3, text: steps[k].title || steps[k].op, first: k, last: k, here: k === at, open: false, size: 1, parent: own });
      }
    }
  }
  return out;
}

/**
 * A long path by its last parts: "block.self_attn.out_proj" is "…out_proj".
 * @param {string} path
 */
const brief = (path) => (path.length > 14 && path.includes(".") ? `…${path.slice(path.lastIndexOf(".") + 1)}` : path);

/**
 * @param {Step[]} steps
 * @param {number} from
 * @param {number} to
 * @param {(s: Step) => string} of
 */
function stretches(steps, from, to, of) {
  /** @type {{ name: string, first: number, last: number }[]} */
  const out = [];
  for (let k = from; k < to; k++) {
    const name = of(steps[k]);
    const last = out[out.length - 1];
    if (last && last.name === name) last.last = k;
    else out.push({ name, first: k, last: k });
  }
  return out;
}

/**
 * @param {App} app
 * @param {Tree} tree
 */
export function programPanel(app, tree) {
  const { program, frame } = app;
  const at = frame?.step ?? -2;
  const list = program ? rows(program.steps, at, tree, app.kinds()) : [];
  const current = list.find((r) => r.level === 3 && r.here) ?? list.find((r) => r.level === 2 && r.here) ?? list.find((r) => r.here);
  const moment = `${frame?.batch}.${frame?.op}`;
  if (moment !== tree.seen) tree.focus = current?.key ?? "";
  if (!list.some((r) => r.key === tree.focus)) tree.focus = current?.key ?? list[0]?.key ?? "";

  const act = (/** @type {Row} */ r) => {
    tree.focus = r.key;
    if (r.level === 3) return app.goStep(r.first);
    tree.hand.set(r.key, !r.open);
    app.redraw();
  };
  const onkeydown = (/** @type {KeyboardEvent} */ e) => {
    const k = list.findIndex((r) => r.key === tree.focus);
    const r = list[k];
    if (!r) return;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: k + 1, ArrowUp: k - 1, Home: 0, End: list.length - 1, PageDown: k + 10, PageUp: k - 10 };
    if (e.key in to) tree.focus = list[Math.max(0, Math.min(list.length - 1, to[e.key]))].key;
    else if (e.key === "Enter" || e.key === " ") act(r);
    else if (e.key === "ArrowRight" && r.level < 3) r.open ? (tree.focus = list[k + 1]?.key ?? r.key) : tree.hand.set(r.key, true);
    else if (e.key === "ArrowLeft" && r.level < 3 && r.open) tree.hand.set(r.key, false);
    else if (e.key === "ArrowLeft") tree.focus = r.parent || r.key;
    else if (e.key !== "ArrowRight") return;
    e.preventDefault();
    e.stopPropagation();
    const host = /** @type {HTMLElement} */ (e.currentTarget);
    app.redraw();
    refocus(host, '[tabindex="0"]');
  };
  const show = (/** @type {HTMLElement} */ host) => {
    if (moment === tree.seen) return;
    tree.seen = moment;
    const row = /** @type {HTMLElement | null} */ (host.querySelector('[aria-current="step"]'));
    if (!row) return;
    const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
    if (top < host.scrollTop + 40 || bottom > host.scrollTop + host.clientHeight - 40) {
      host.scrollTop = top < host.clientHeight - 60 ? 0 : top - host.clientHeight / 2;
    }
  };
  return h("nav", { class: "panel program", key: "program", "aria-label": "Program of the training step" },
    h("div", { class: "bar" }, h("h2", null, "Program"), program && h("span", { class: "meta" }, `${program.steps.length} steps`)),
    h("div", { class: "tree", role: "tree", "aria-label": "Steps of one training step", onkeydown, use: show },
      list.map((r) =>
        h("div",
          {
            key: r.key,
            role: "treeitem",
            class: `l${r.level} ${r.last <= at ? "past" : ""} ${r.here ? "here" : ""}`,
            "aria-level": r.level,
            "aria-expanded": r.level < 3 ? r.open : null,
            "aria-current": r === current ? "step" : null,
            tabindex: r.key === tree.focus ? 0 : -1,
            title: r.level > 1 ? r.text : null,
            onclick: () => act(r),
          },
          r.level < 3 ? h("span", { class: "fold", "aria-hidden": "true" }, r.open ? "▾" : "▸") : h("span", { class: "dot", "aria-hidden": "true" }),
          h("span", { class: "t" }, r.text),
          r.level === 2 && !r.open ? h("small", null, r.size) : r.glyph && h("span", { class: "glyph", "aria-hidden": "true" }, r.glyph)))));
}
