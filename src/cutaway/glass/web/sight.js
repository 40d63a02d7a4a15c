// Sight: one picture as the network sees it. What spoke for the answer, what a layer makes of it, what it resembles.
// Everything is asked for when it is looked at, one thing after the other; whoever moves on is answered first.
import { colour, painted } from "./colours.js";
import { arrow, h } from "./dom.js";
import { count, num, place } from "./numbers.js";
import { number } from "./talk.js";
import { legend } from "./widgets.js";

/** @import { App } from "./app.js" */
/** @import { Palette } from "./colours.js" */
/** @import { SightMessage } from "./types.js" */

const MOST = 48; // maps that are shown
const PATIENCE = 20000; // ms for one piece of an answer
const QUIET = 160; // ms without a change until the first question

/** What the page of one studio remembers of it. */
export class Sight {
  row = 0;
  /** @type {string | null} */ layer = null;
  /** @type {number | null} */ unit = null;
  /** @type {number | null} the class that is asked about; the likeliest when not said */ answer = null;
  /** @type {Map<string, SightMessage>} what was answered, by what was asked */ told = new Map();
  /** @type {Map<string, SightMessage>} what stands on the page, by its part, until there is a newer one */ shown = new Map();
  /** @type {Map<string, string>} what was refused */ refused = new Map();
  moment = "";
  /** @type {string | null} a number that is being typed */ typed = null;
  asking = 0; // since when
  /** @type {any} */ timer = 0;
  said = "";
}

/** @typedef {{ part: string, row: number, layer?: string, unit?: number, answer?: number }} Wish */

/** @param {Wish} wish */
const word = (wish) => JSON.stringify(wish);

/**
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
export function sightView(app, view, p) {
  begin(app, view);
  return h("div", { class: "work sight", key: "sight", role: "tabpanel", "aria-label": "Sight" },
    picturePanel(app, view, p), votesPanel(app, view, p), layerPanel(app, view, p), unitPanel(app, view, p), alikePanel(app, view, p));
}

/**
 * What the page wants to know, in the order in which it is asked.
 * @param {Sight} view
 * @returns {Wish[]}
 */
function wishes(view) {
  const { row, layer, unit, answer } = view;
  const about = answer == null ? {} : { answer };
  /** @type {Wish[]} */
  const list = [{ part: "answer", row }];
  if (layer != null) list.push({ part: "layer", row, layer });
  list.push({ part: "covered", row, ...about }, { part: "slopes", row, ...about });
  if (layer != null && unit != null) list.push({ part: "excite", row: 0, layer, unit });
  list.push({ part: "alike", row });
  return list;
}

/**
 * The layers that can be looked at: those that have a path, each once.
 * @param {App} app
 */
function layersOf(app) {
  return [...app.kinds()];
}

/**
 * Forget what was told of another moment, and begin to ask when nothing has changed for a while.
 * @param {App} app
 * @param {Sight} view
 */
function begin(app, view) {
  const layers = layersOf(app);
  if (view.layer == null || !layers.some(([path]) => path === view.layer)) {
    view.layer = (layers.find(([, kind]) => /conv/i.test(kind)) ?? layers[0])?.[0] ?? null;
    view.unit = null;
  }
  const moment = [app.frame?.branch, app.frame?.batch, app.changes].join();
  if (moment !== view.moment) {
    view.moment = moment;
    view.told.clear();
    view.refused.clear();
  }
  // a question that was never answered (the connection broke) is not waited for
  if ((view.asking && performance.now() - view.asking < PATIENCE) || app.frame?.playing || app.lost || !next(view)) return;
  view.asking = performance.now();
  clearTimeout(view.timer);
  view.timer = setTimeout(() => goOn(app, view), QUIET);
}

/** @param {Sight} view */
const next = (view) => wishes(view).find((w) => !view.refused.has(word(w)) && (view.told.get(word(w))?.done ?? 0) < 1);

/**
 * Ask for the next thing, and again until it is whole; what is wanted may have become another in between.
 * @param {App} app
 * @param {Sight} view
 */
async function goOn(app, view) {
  for (;;) {
    const wish = next(view);
    if (!wish || app.frame?.playing || app.ui.view !== "sight") break;
    const { moment } = view;
    const mine = (view.asking = performance.now());
    const m = await app.line.ask("sight", wish);
    if (mine !== view.asking) return; // another one has taken over
    if (moment !== view.moment) continue;
    if (m.lost) break;
    if (m.kind === "sight") keep(app, view, wish, m);
    else view.refused.set(word(wish), m.error ?? "This could not be answered.");
    app.redraw();
  }
  view.asking = 0;
}

/**
 * @param {App} app
 * @param {Sight} view
 * @param {Wish} wish
 * @param {SightMessage} m
 */
function keep(app, view, wish, m) {
  view.told.set(word(wish), m);
  if (view.told.size > 60) view.told.delete([...view.told.keys()][0]);
  view.shown.set(wish.part, m);
  if (wish.part !== "answer" || wish.row !== view.row) return;
  const said = `Example ${wish.row}: ${verdict(app, m)}`;
  if (said !== view.said) app.speak(said);
  view.said = said;
}

/**
 * What is known of a part: of what is asked now; else what stood there, marked as old.
 * @param {Sight} view
 * @param {string} part
 * @returns {{ m: SightMessage | undefined, old: boolean, error: string }}
 */
function of(view, part) {
  const wish = wishes(view).find((w) => w.part === part);
  const m = wish && view.told.get(word(wish));
  return { m: m ?? view.shown.get(part), old: !m, error: (wish && view.refused.get(word(wish))) ?? "" };
}

/**
 * @param {App} app
 * @param {number} k
 */
const name = (app, k) => app.session?.sight?.classes?.[k] ?? String(k);

/**
 * @param {App} app
 * @param {SightMessage} m
 */
function verdict(app, m) {
  const share = number(m.shares?.[m.answer ?? 0] ?? 0);
  const right = m.answer === m.truth;
  return `it says ${name(app, m.answer ?? 0)} (${Math.round(100 * share)} %)${right ? ", and is right" : `; it is ${name(app, m.truth ?? 0)}`}`;
}

// -- pictures -------------------------------------------------------------------------------------------------
/**
 * A picture (channels, rows, cols) out of numbers: ink on paper where it is grey.
 * @param {Palette} p
 * @param {ArrayLike<number>} values
 * @param {number[]} shape
 * @param {number} start
 * @returns {HTMLCanvasElement}
 */
function photo(p, values, shape, start = 0) {
  const [channels, rows, cols] = shape;
  const area = rows * cols;
  let [low, high] = values instanceof Uint8Array ? [0, 255] : [0, 1];
  for (let k = start; k < start + channels * area; k++) [low, high] = [Math.min(low, values[k]), Math.max(high, values[k])];
  const c = document.createElement("canvas");
  [c.width, c.height] = [cols, rows];
  const g = /** @type {CanvasRenderingContext2D} */ (c.getContext("2d"));
  const image = g.createImageData(cols, rows);
  for (let k = 0; k < area; k++) {
    const at = (/** @type {number} */ ch) => (values[start + ch * area + k] - low) / (high - low || 1);
    const rgb = channels === 3 ? [0, 1, 2].map((ch) => Math.round(255 * at(ch))) : p.ink[Math.round(255 * at(0))];
    image.data.set([...rgb, 255], 4 * k);
  }
  g.putImageData(image, 0, 0);
  return c;
}

/**
 * What spoke for and against, laid over the picture, of which the light and dark is left.
 * @param {Palette} p
 * @param {HTMLCanvasElement} under
 * @param {ArrayLike<number>} map
 * @param {number} limit
 * @returns {HTMLCanvasElement}
 */
function laidOver(p, under, map, limit) {
  const c = document.createElement("canvas");
  [c.width, c.height] = [under.width, under.height];
  const g = /** @type {CanvasRenderingContext2D} */ (c.getContext("2d"));
  const image = /** @type {CanvasRenderingContext2D} */ (under.getContext("2d")).getImageData(0, 0, c.width, c.height);
  const paper = p.ink[0];
  for (let k = 0; k < map.length; k++) {
    const [r, gr, b] = image.data.subarray(4 * k, 4 * k + 3);
    const grey = 0.3 * r + 0.59 * gr + 0.11 * b;
    const cover = Math.min(1, Math.abs(map[k]) / (limit || 1)) * 0.85;
    const hue = colour(p, map[k], limit);
    for (let ch = 0; ch < 3; ch++) image.data[4 * k + ch] = Math.round((paper[ch] * 0.65 + grey * 0.35) * (1 - cover) + hue[ch] * cover);
  }
  g.putImageData(image, 0, 0);
  return c;
}

/** @type {WeakMap<object, Map<string, HTMLCanvasElement>>} */
const made = new WeakMap();

/**
 * Drawn once for a message and a theme, however often the page is drawn.
 * @param {object} of_
 * @param {string} key
 * @param {() => HTMLCanvasElement} make
 */
function once(of_, key, make) {
  const known = made.get(of_) ?? new Map();
  made.set(of_, known);
  if (!known.has(key)) known.set(key, make());
  return /** @type {HTMLCanvasElement} */ (known.get(key));
}

/**
 * A canvas that shows another one; words for who cannot see it, or none where it only decorates.
 * @param {HTMLCanvasElement} source
 * @param {number} size of its longer side
 * @param {string} [alt]
 */
function showing(source, size, alt = "") {
  const scale = size / Math.max(source.width, source.height);
  return h("canvas", {
    width: source.width, height: source.height, role: alt ? "img" : null, "aria-label": alt || null, "aria-hidden": alt ? null : "true",
    style: { width: `${Math.round(source.width * scale)}px`, height: `${Math.round(source.height * scale)}px` },
    use: (/** @type {HTMLCanvasElement} */ c) => {
      const g = c.getContext("2d");
      g?.clearRect(0, 0, c.width, c.height);
      g?.drawImage(source, 0, 0);
    },
  });
}

/** @param {Palette} p */
const themeOf = (p) => p.ink[0].join();

/**
 * @param {App} app
 * @param {Palette} p
 * @param {SightMessage} m
 */
const pictureOf = (app, p, m) => once(m, `picture ${themeOf(p)}`, () => photo(p, /** @type {any} */ (m.data.picture), app.session?.sight?.shape ?? [1, 1, 1]));

/**
 * How far a thing has come that takes a while.
 * @param {SightMessage | undefined} m
 * @param {boolean} old
 */
const progress = (m, old) => (m && !old && m.done < 1 ? h("span", { class: "meta" }, `${Math.round(100 * m.done)} %`) : old && m ? h("span", { class: "meta" }, "…") : null);

// -- panels ---------------------------------------------------------------------------------------------------
/**
 * Which picture, and what is said of it.
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
function picturePanel(app, view, p) {
  const { m, old, error } = of(view, "answer");
  const last = (app.session?.run.examples ?? 1) - 1;
  const go = (/** @type {number} */ row) => {
    view.row = Math.max(0, Math.min(last, Math.round(row) || 0));
    view.answer = view.typed = null;
    app.redraw();
  };
  const shares = (m?.shares ?? []).map(number);
  const order = shares.map((_, k) => k).sort((a, b) => shares[b] - shares[a]).slice(0, 10);
  return h("section", { class: "panel seen", key: "seen", "aria-labelledby": "ca-seen" },
    h("div", { class: "bar" }, h("h2", { id: "ca-seen" }, "A picture"), h("span", { class: "meta" }, `of ${count(last + 1)}`)),
    h("div", { class: "which" },
      h("button", { class: "small", type: "button", "data-do": "before", disabled: view.row <= 0, "aria-label": "the example before", onclick: () => go(view.row - 1) }, "‹"),
      h("label", null, "Example ", h("input", { type: "number", min: 0, max: last, value: view.typed ?? String(view.row), oninput: (/** @type {any} */ e) => { view.typed = e.target.value; }, onchange: (/** @type {any} */ e) => go(Number(e.target.value)), onkeydown: (/** @type {KeyboardEvent} */ e) => e.stopPropagation() })),
      h("button", { class: "small", type: "button", "data-do": "after", disabled: view.row >= last, "aria-label": "the next example", onclick: () => go(view.row + 1) }, "›")),
    error ? h("p", { class: "error", role: "alert" }, error) : null,
    m ? [
      h("div", { class: `photo ${old ? "old" : ""}` }, showing(pictureOf(app, p, m), 168, `example ${view.row}: ${name(app, m.truth ?? 0)}`)),
      h("p", { class: "says" }, verdict(app, m), "."),
      h("table", { class: "terms" }, h("tbody", null, order.map((k) =>
        h("tr", { key: k },
          h("th", { scope: "row" }, h("span", null, name(app, k))),
          h("td", { class: "sharecell" }, h("i", { "aria-hidden": "true", style: { width: `${Math.max(1, 100 * shares[k])}%` } })),
          h("td", { class: "n" }, `${(100 * shares[k]).toFixed(1)} %`))))),
    ] : h("p", { class: "notyet" }, app.frame?.playing ? "Pause, and it is asked." : "Looking …"));
}

/**
 * Which parts of the picture spoke for the answer.
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
function votesPanel(app, view, p) {
  const first = of(view, "answer");
  const asked = view.answer ?? first.m?.answer ?? 0;
  const classes = first.m?.shares?.length ?? 0;
  const one = (/** @type {string} */ part, /** @type {string} */ title, /** @type {(m: SightMessage) => string} */ words) => {
    const { m, old, error } = of(view, part);
    const map = m?.data.map;
    const under = first.m && pictureOf(app, p, first.m);
    const limit = number(m?.limit ?? 1);
    return h("figure", { key: part },
      h("div", { class: "bar" }, h("h3", null, title), progress(m, old)),
      error ? h("p", { class: "error" }, error) : null,
      m && map && under && !first.old && map.length === under.width * under.height
        ? h("div", { class: "beside" },
          h("div", { class: old ? "old" : "" },
            showing(once(m, `over ${themeOf(p)} ${view.row}`, () => laidOver(p, under, map, limit)), 148, `${title}: ${strongest(map, under.width)}`),
            h("div", { class: "legend" }, legend(limit))),
          h("figcaption", { class: "lab" }, words(m)))
        : h("p", { class: "notyet" }, error ? "" : "Looking …"));
  };
  return h("section", { class: "panel spoke", key: "spoke", "aria-labelledby": "ca-spoke" },
    h("div", { class: "bar" }, h("h2", { id: "ca-spoke" }, "What spoke for it?"),
      h("label", { class: "how" }, "asked about ",
        h("select", { "aria-label": "The answer that is asked about", onchange: (/** @type {any} */ e) => { view.answer = Number(e.target.value); app.redraw(); } },
          Array.from({ length: classes }, (_, k) => h("option", { key: k, value: String(k), selected: k === asked }, name(app, k)))))),
    h("div", { class: "two" },
      one("covered", "Covered", (m) => `A square of ${m.size} hides one part after the other. Orange: without it the score falls.`),
      one("slopes", "Slopes", () => "What each pixel adds to the score while the picture appears. Orange adds, blue takes away.")));
}

/**
 * Where a map is strongest, in words.
 * @param {ArrayLike<number>} map
 * @param {number} cols
 */
function strongest(map, cols) {
  let at = 0;
  for (let k = 1; k < map.length; k++) if (map[k] > map[at]) at = k;
  return `most at row ${Math.floor(at / cols)}, column ${at % cols} (${num(map[at], 2)})`;
}

/**
 * What a layer makes of the picture: a map for every unit, to be chosen.
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
function layerPanel(app, view, p) {
  const { m, old, error } = of(view, "layer");
  const layers = layersOf(app);
  const maps = m?.data.maps;
  const shape = m?.buffers?.find((b) => b.name === "maps")?.shape ?? [0, 1, 1];
  const units = (m?.order ?? []).slice(0, MOST);
  const limit = number(m?.limit ?? 1);
  const area = shape[1] * shape[2];
  const most = (/** @type {number} */ u) => {
    let top = -Infinity;
    for (let k = u * area; k < (u + 1) * area; k++) top = Math.max(top, /** @type {any} */ (maps)[k]);
    return top;
  };
  const pick = (/** @type {number} */ u) => { view.unit = u; app.redraw(); };
  const roving = units.includes(view.unit ?? -1) ? view.unit : units[0];
  const move = (/** @type {KeyboardEvent} */ e) => {
    const d = arrow(e.key);
    if (!d) return;
    e.preventDefault();
    e.stopPropagation();
    const host = /** @type {HTMLElement} */ (e.currentTarget);
    const all = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("button")]);
    const across = Math.max(1, all.filter((b) => b.offsetTop === all[0].offsetTop).length);
    const k = all.indexOf(/** @type {any} */ (document.activeElement)) + d[0] * across + d[1];
    all[Math.max(0, Math.min(all.length - 1, k))]?.focus();
  };
  return h("section", { class: "panel made", key: "made", "aria-labelledby": "ca-made" },
    h("div", { class: "bar" }, h("h2", { id: "ca-made" }, "What a layer makes of it"), progress(m, old),
      h("label", { class: "how" }, "Layer ",
        h("select", { "data-do": "layer", "aria-label": "Layer", onchange: (/** @type {any} */ e) => { view.layer = e.target.value; view.unit = null; app.redraw(); } },
          layers.map(([path, kind]) => h("option", { key: path, value: path, selected: path === view.layer }, `${path} ${kind}`))))),
    error ? h("p", { class: "error", role: "alert" }, error) : null,
    maps && m
      ? [h("p", { class: "lab" }, `${units.length < (m.total ?? 0) ? `${units.length} of ${count(m.total ?? 0)} units` : `${units.length} units`}, those that answer most first. Choose one.`),
        h("div", { class: `maps ${area === 1 ? "flat" : ""} ${old ? "old" : ""}`, role: "group", "aria-label": "Units of the layer", onkeydown: move }, units.map((u) =>
          h("button", { key: u, type: "button", tabindex: u === roving ? 0 : -1, "aria-pressed": u === view.unit, "aria-label": `unit ${u}, at most ${num(most(u), 3)}`, onclick: () => pick(u) },
            showing(painted(p, /** @type {any} */ (maps), shape[1], shape[2], limit, { start: u * area }), area === 1 ? 26 : 46),
            h("span", { "aria-hidden": "true" }, u)))),
        h("div", { class: "legend" }, legend(limit))]
      : h("p", { class: "notyet" }, "Looking …"));
}

/**
 * The unit that was chosen: its filter, and a picture that excites it.
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
function unitPanel(app, view, p) {
  const u = view.unit;
  const { m, old, error } = of(view, "excite");
  const layer = of(view, "layer");
  const shape = layer.m?.buffers?.find((b) => b.name === "filters")?.shape;
  const filters = layer.m?.data.filters;
  const title = u == null ? "A unit" : `Unit ${u} of layer ${view.layer}`;
  const limit = number(layer.m?.filter_limit ?? 1);
  return h("section", { class: "panel card unit", key: "unit", tabindex: 0, "aria-labelledby": "ca-unit" },
    h("div", { class: "bar" }, h("h2", { id: "ca-unit" }, title), u == null ? null : progress(m, old)),
    u == null ? h("p", { class: "analogy" }, "Choose a unit of the layer: its filter is shown, and a picture is made that excites it.") : [
      shape && filters && !layer.old && u < shape[0]
        ? [h("h3", null, "Its filter ", h("small", null, shape[1] > 1 ? "one stencil for each channel before it" : "laid on every place")),
          h("div", { class: "stencils" }, Array.from({ length: shape[1] }, (_, c) =>
            h("span", { key: c }, showing(painted(p, /** @type {any} */ (filters), shape[2], shape[3], limit, { start: (u * shape[1] + c) * shape[2] * shape[3] }), shape[1] > 4 ? 30 : 44, shape[1] > 4 ? "" : `filter${place([u, c])}`)))),
          h("div", { class: "legend" }, legend(limit))]
        : null,
      h("h3", null, "What excites it"),
      error ? h("p", { class: "error" }, error) : null,
      m && !old
        ? h("div", { class: "beside" }, showing(once(m, `picture ${themeOf(p)}`, () => photo(p, /** @type {any} */ (m.data.picture), app.session?.sight?.shape ?? [1, 1, 1])), 116, `a picture that excites unit ${u}`),
          h("p", { class: "lab" }, `From grey noise, ${m.steps} steps up the slope: it answered ${num(number(m.first ?? 0), 3)}, and now ${num(number(m.last ?? 0), 3)}.`))
        : h("p", { class: "notyet" }, error ? "" : "Growing …"),
    ]);
}

/**
 * Training pictures that are alike to the network.
 * @param {App} app
 * @param {Sight} view
 * @param {Palette} p
 */
function alikePanel(app, view, p) {
  const { m, old, error } = of(view, "alike");
  const shape = app.session?.sight?.shape ?? [1, 1, 1];
  const area = shape[0] * shape[1] * shape[2];
  const go = (/** @type {number} */ row) => { view.row = row; view.answer = null; app.redraw(); };
  return h("section", { class: "panel card alike", key: "alike", tabindex: 0, "aria-labelledby": "ca-alike" },
    h("div", { class: "bar" }, h("h2", { id: "ca-alike" }, "Alike to the network"), progress(m, old)),
    error ? h("p", { class: "error" }, error) : null,
    m?.rows
      ? [h("div", { class: `tiles ${old ? "old" : ""}` }, m.rows.map((row, k) =>
          h("button", { key: row, type: "button", class: "near", "aria-label": `example ${row}, ${name(app, Number(m.answers?.[k]))}, alike ${num(number(m.alike?.[k] ?? 0), 2)}; look at it`, onclick: () => go(row) },
            showing(once(m, `${k} ${themeOf(p)}`, () => photo(p, /** @type {any} */ (m.data.pictures), shape, k * area)), 56),
            h("span", { "aria-hidden": "true" }, name(app, Number(m.answers?.[k])))))),
        h("p", { class: "lab" }, `Nearest of the first ${count(m.looked ?? 0)} training pictures, by ${m.by ? `layer ${m.by}` : "the scores"}.`)]
      : h("p", { class: "notyet" }, error ? "" : "Looking …"));
}
