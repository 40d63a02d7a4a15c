// The studio: one state, one redraw, views of it. anywidget calls render(), and so does the page.
import { App } from "./app.js";
import { arrayPanel, ArrayView } from "./array.js";
import { boardView, Board } from "./board.js";
import { palette } from "./colours.js";
import { h, patch, refocus } from "./dom.js";
import { compareCard } from "./compare.js";
import { explainCard } from "./explain.js";
import { health } from "./health.js";
import { helpDialog, keys } from "./keys.js";
import { NetworkView, networkPanel } from "./network.js";
import { count } from "./numbers.js";
import { programPanel, PHASES, Tree } from "./program.js";
import { side, Side } from "./side.js";
import { Sight, sightView } from "./sight.js";
import { timeline } from "./timeline.js";
import { transport } from "./transport.js";
import { whyCard } from "./why.js";

/** @import { Model } from "./types.js" */

const FRAME = 20; // milliseconds, a little more than a screen takes

/**
 * Draw a studio into an element; returns a function that takes it away again.
 * @param {{ model: Model, el: HTMLElement }} where
 */
function render({ model, el }) {
  const host = model.get("host") ?? "notebook";
  const root = document.createElement("div");
  root.className = `cutaway ${host === "notebook" ? "" : "page"}`;
  root.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes Enter, B, D D and others for its cells
  const frame = root.appendChild(document.createElement("div"));
  frame.className = "frame0";
  const live = root.appendChild(document.createElement("div"));
  live.className = "sr";
  live.setAttribute("aria-live", "polite");
  const dialog = root.appendChild(document.createElement("dialog"));
  el.append(root);

  let due = 0; // 1: a redraw after the next frame, 2: one before or with it
  let drawn = 0;
  let theme = preferred();
  const go = () => {
    if (!due) return;
    due = 0;
    drawn = performance.now();
    draw();
  };
  const nextFrame = () => {
    if (due === 2) return;
    due = 2;
    requestAnimationFrame(go);
  };
  /**
   * At once, when all that has just arrived is taken in, so that the next frame shows it; but once a frame. What may
   * wait a frame (numbers that follow a step) does, so that the frame before it is not late.
   */
  const redraw = (mayWait = false) => {
    if (due === 2 || (due && mayWait)) return;
    if (performance.now() - drawn < FRAME) {
      if (!mayWait) return nextFrame();
      due = 1;
      requestAnimationFrame(() => setTimeout(go));
    } else {
      due = 2;
      queueMicrotask(go);
    }
  };
  const app = new App(model, redraw, (text) => (live.textContent = text));
  const parts = { tree: new Tree(), array: new ArrayView(), network: new NetworkView(), side: new Side(), board: new Board(), sight: new Sight() };
  root.dataset.theme = theme;
  let colours = palette(root);

  const setTheme = (/** @type {string} */ to) => {
    root.dataset.theme = theme = to;
    colours = palette(root);
    redraw();
  };
  const view = (/** @type {string} */ to) => {
    app.ui.view = to;
    for (const [other, prefix] of [["step", "s:"], ["board", "b:"]]) if (to !== other) app.keep(prefix, new Set());
    app.ask(); // what is explained may be of a moment that has passed while it was not on the page
    redraw();
  };

  function draw() {
    if (!root.isConnected) return;
    if (!colours.known) {
      colours = palette(root); // a notebook may put the studio into its page, or the style sheet beside it, only now
      if (!colours.known) setTimeout(redraw, 50);
    }
    patch(frame,
      top(app, theme, setTheme, view),
      now(app),
      h("main", { class: "main" }, app.ui.view === "board" ? boardView(app, parts.board, colours) : app.ui.view === "sight" ? sightView(app, parts.sight, colours) : work()),
      h("footer", { class: "dock", "aria-label": "Time" }, transport(app), timeline(app), side(app, parts.side)),
      health(app));
    helpDialog(app, dialog);
  }
  const work = () =>
    h("div", { class: `work ${app.ui.depth === "neurons" ? "deep" : ""}`, key: "step", role: "tabpanel", "aria-label": "Training step" },
      programPanel(app, parts.tree),
      networkPanel(app, parts.network, colours),
      arrayPanel(app, parts.array, colours),
      h("aside", { class: "inspector", "aria-label": "Explanations" }, explainCard(app, colours), app.comparing == null ? whyCard(app, colours) : compareCard(app, colours)));

  const onkey = /** @type {EventListener} */ (keys(app, root, { view, toggleTheme: () => setTheme(theme === "dark" ? "light" : "dark") }));
  // In a notebook the keys belong to the studio only while something in it is focused.
  const keyHost = host === "notebook" ? root : document;
  keyHost.addEventListener("keydown", onkey);
  const watchSize = new ResizeObserver(() => {
    root.classList.toggle("tall", root.clientWidth <= 1100); // in a cell there is as much height as it needs
    nextFrame(); // not at once: what is drawn may change the size that is being looked at
  });
  watchSize.observe(root);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const onscheme = () => setTheme(preferred());
  scheme.addEventListener("change", onscheme);
  const watchLab = new MutationObserver(onscheme); // JupyterLab's own switch between light and dark
  watchLab.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  draw();
  app.start();

  return () => {
    keyHost.removeEventListener("keydown", onkey);
    scheme.removeEventListener("change", onscheme);
    watchSize.disconnect();
    watchLab.disconnect();
    app.close();
    root.remove();
  };
}

/** The theme of the place: JupyterLab says it on its body, elsewhere the system does. */
function preferred() {
  const said = new URLSearchParams(globalThis.location?.search ?? "").get("theme");
  if (said === "dark" || said === "light") return said;
  const lab = document.body.dataset.jpThemeLight;
  if (lab) return lab === "false" ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * @param {App} app
 * @param {string} theme
 * @param {(to: string) => void} setTheme
 * @param {(to: string) => void} view
 */
function top(app, theme, setTheme, view) {
  const run = app.session?.run;
  /** @type {[string, string][]} */
  const views = [["step", "Training step"]];
  if (app.session?.board) views.push(["board", "Drawing board"]);
  if (app.session?.sight && app.can("sight")) views.push(["sight", "Sight"]);
  const tab = (/** @type {string} */ v, /** @type {string} */ words) =>
    h("button", {
      key: v, type: "button", role: "tab", "aria-selected": app.ui.view === v, tabindex: app.ui.view === v ? 0 : -1, onclick: () => view(v),
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (!/^Arrow(Left|Right)$/.test(e.key)) return;
        e.stopPropagation();
        e.preventDefault();
        const d = e.key === "ArrowRight" ? 1 : -1;
        view(views[(views.findIndex(([one]) => one === v) + d + views.length) % views.length][0]);
        refocus(/** @type {HTMLElement} */ (/** @type {HTMLElement} */ (e.currentTarget).parentElement), "[aria-selected=true]");
      },
    }, words);
  return h("header", { class: "top", key: "top" },
    h("h1", { class: "brand" },
      h("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, h("path", { d: "M10 1a9 9 0 1 0 9 9h-9z" }), h("path", { class: "cut", d: "M12.5 1.4a7 7 0 0 1 6.1 6.1h-6.1z" })),
      "Cutaway"),
    run && h("p", { class: "runname" }, h("b", null, run.name || "a run"), h("span", null, `${count(run.parameters)} weights · ${count(run.examples)} examples`)),
    views.length > 1
      ? h("div", { class: "views", role: "tablist", "aria-label": "View" }, views.map(([v, words]) => tab(v, words)))
      : h("div", { class: "views" }),
    h("div", { class: "topright" },
      h("button", { class: "plain", type: "button", "data-do": "theme", "aria-label": "Dark theme", "aria-pressed": theme === "dark", onclick: () => setTheme(theme === "dark" ? "light" : "dark") },
        h("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, h("circle", { cx: 8, cy: 8, r: 6, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }), h("path", { d: "M8 2a6 6 0 0 1 0 12z" }))),
      h("button", { class: "plain", type: "button", "data-do": "help", "aria-haspopup": "dialog", onclick: () => { app.ui.help = true; app.redraw(); } }, "Keys ", h("kbd", null, "?"))));
}

/** @param {App} app */
function now(app) {
  const { frame, program } = app;
  const step = app.step0();
  const total = program?.steps.length ?? 0;
  const sentence = app.lost ? `The run does not answer: ${app.lost}.` : app.notice || (app.ui.view === "board" ? "What does the network see in your drawing?" : app.ui.view === "sight" ? "What does the network see in a picture?" : frame?.title ?? "Waiting for the run …");
  return h("section", { class: "now", key: "now", "aria-label": "Where the run stands" },
    h("p", { class: `say ${app.lost ? "alarm" : ""}`, title: sentence }, sentence),
    frame && h("p", { class: "where" },
      h("b", null, `Batch ${count(frame.batch)}`),
      h("span", null, `epoch ${Math.floor(frame.epoch) + 1}`),
      step && h("span", null, PHASES[step.phase]?.[0].toLowerCase() ?? step.phase),
      step?.layer && h("span", null, [step.layer, app.kinds().get(step.layer)].filter(Boolean).join(" ")),
      h("span", null, frame.step >= 0 ? `step ${frame.step + 1} of ${total}` : frame.op === 1 ? "its examples are there" : "between two batches")));
}

export default { render };
