// The health strip: silent on healthy runs, and in words on others.
import { h } from "./dom.js";
import { count, num } from "./numbers.js";

/** @import { App } from "./app.js" */

/** @param {App} app */
export function health(app) {
  const items = app.health?.items;
  const of = app.health?.of;
  const then = of && of.batch !== app.frame?.batch ? ` at batch ${count(of.batch)}` : ""; // an examination of before
  const n = items?.length ?? 0;
  const words = items == null ? "" : (n === 0 ? "Healthy" : `${n} thing${n > 1 ? "s" : ""} to look at`) + then;
  const notes = app.session?.run.notes ?? [];
  const go = (/** @type {NonNullable<typeof items>[number]} */ i) => {
    if (i.where) app.move("at", i.where);
    if (i.name && app.program) {
      const slot = Object.entries(app.program.slots).find(([, s]) => s.name === i.name);
      app.look(i.name in app.program.state ? { name: i.name } : slot ? { slot: Number(slot[0]) } : null);
    }
  };
  return h("section", { class: "health", key: "health", "aria-label": "Health of the run" },
    words && h("b", null, words),
    h("ul", null,
      items?.map((i, k) => h("li", { key: k, class: "note", title: i.advice },
        h("span", { "aria-hidden": "true" }, "▲ "),
        i.where || i.name ? h("button", { type: "button", onclick: () => go(i) }, i.text) : i.text,
        i.advice ? h("span", { class: "sr" }, ` ${i.advice}`) : null))),
    h("span", { class: "end" },
      notes[0] ?? (app.frame ? Object.entries(app.frame.metrics ?? {}).filter(([k]) => k !== "loss").map(([k, v]) => `${k} ${num(Number(v), 3)}`).join(" · ") : "")));
}
