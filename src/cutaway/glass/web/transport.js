// Play, pause, step and back: one switch says by how much.
import { h } from "./dom.js";
import { SPEEDS, UNITS } from "./app.js";
import { num } from "./numbers.js";
import { ICONS, icon, seg } from "./widgets.js";

/** @import { App } from "./app.js" */

/** @param {App} app */
export function transport(app) {
  const { frame, ui } = app;
  const playing = Boolean(frame?.playing);
  const still = app.session?.run.data === false;
  const speed = SPEEDS[ui.speed];
  const words = speed == null ? "full speed" : `${speed} ${ui.unit === "op" ? "steps" : ui.unit === "batch" ? "batches" : ui.unit + "s"}/s`;
  const true_ = playing && frame && frame.rate > 0 && (speed == null || ui.unit !== "op") ? `${num(frame.rate, 3)} batches/s` : words;
  const button = (/** @type {string} */ id, /** @type {string} */ label, /** @type {string} */ key, /** @type {string} */ d, /** @type {() => void} */ f, big = false, off = false) =>
    h("button", { key: id, type: "button", class: big ? "round big" : "round", "data-do": id, "aria-label": label, title: `${label} (${key})`, disabled: still || off, onclick: f }, icon(d));
  return h("div", { class: "controls", role: "toolbar", "aria-label": "Transport" },
    h("div", { class: "buttons" },
      button("back", `Back one ${ui.unit}`, "←", ICONS.back, () => app.step(-1), false, frame?.batch === 0 && frame?.op === 0),
      button("play", playing ? "Pause" : "Play", "Space", playing ? ICONS.pause : ICONS.play, () => app.play(), true),
      button("step", `Step one ${ui.unit}`, "→", ICONS.forth, () => app.step(1)),
      h("span", { class: "speed" },
        h("output", null, true_),
        h("input", { type: "range", min: 0, max: SPEEDS.length - 1, step: 1, value: String(ui.speed), "aria-label": "Speed", "aria-valuetext": words,
          oninput: (/** @type {any} */ e) => app.setSpeed(Number(e.target.value)) }))),
    seg("Step by", UNITS.map((u) => [u, u]), ui.unit, (u) => app.setUnit(u), "wide"));
}
