// What a page asks by itself about the moment where the run stands: never while somebody clicks on, nothing twice.

/** @import { App } from "./app.js" */
/** @import { Program, Slot, What } from "./types.js" */

const SOON = 150; // ms without a click until the step is explained
const REST = 600; // ms more until reasons and health are asked for
const AGAIN = 5000; // ms until health is asked once more, where what was told is of another moment

export class Questions {
  /** @type {App} */ #app;
  /** @type {any} */ #timer = 0;
  /** @type {any} */ #again = 0;
  #asked = "";
  #askedWhy = "";
  #askedHealth = "";

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /** Ask for the explanation when nobody clicks on at once, for reasons and health when the page has come to rest. */
  soon() {
    this.hush();
    this.#timer = setTimeout(() => {
      this.#now();
      this.#timer = setTimeout(() => this.#atRest(), REST);
    }, SOON);
  }

  /** Do not ask what was about to be asked. */
  hush() {
    clearTimeout(this.#timer);
  }

  /** Everything may be asked again: the answers may be lost. */
  forget() {
    [this.#asked, this.#askedWhy, this.#askedHealth] = ["", "", ""];
  }

  /** What was told of the run's health is of another moment: ask once more, a little later. */
  healthAgain() {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      this.#askedHealth = "";
      this.soon();
    }, AGAIN);
  }

  close() {
    this.hush();
    clearTimeout(this.#again);
  }

  /** Where the run stands and what is looked at there; null while there is nothing to ask about. */
  #here() {
    const app = this.#app;
    const { frame, program } = app;
    if (!frame || !program || frame.playing) return null;
    const what = app.looked();
    return { app, frame, what, slot: what && app.slotOf(what), moment: app.moment() };
  }

  #now() {
    const here = this.#here();
    if (!here) return;
    const { app, frame, what, slot, moment } = here;
    if (what && slot && app.ui.view === "step") {
      const at = app.cursor(what, slot.shape);
      const step = slot.made >= 0 ? slot.made : frame.step;
      const inside = app.ui.opened === step;
      const key = [moment, step, at, inside].join("|");
      if (app.can("explain") && key !== this.#asked && step >= 0) {
        this.#asked = key;
        const own = slot.made >= 0 && app.cursors.has(app.wordOf(what));
        app.line.ask("explain", { step, ...(own ? { at } : {}), ...(inside ? { inside } : {}) }).then((m) => {
          if (key !== this.#asked) return;
          if (m.kind === "explained" && !own && slot.made >= 0 && !app.cursors.has(app.wordOf(what))) app.cursors.set(app.wordOf(what), m.at);
          app.take({ explained: m.kind === "explained" ? { ...m, moment } : null });
        });
      }
    }
  }

  #atRest() {
    const here = this.#here();
    if (!here) return;
    const { app, what, slot, moment } = here;
    if (what && slot && app.ui.view === "step") this.#why(what, slot);
    if (app.comparing != null) app.compareWith(app.comparing);
    if (app.can("health") && moment !== this.#askedHealth) {
      this.#askedHealth = moment;
      app.line.say("health");
    }
  }

  /**
   * @param {What} what
   * @param {Slot} slot
   */
  #why(what, slot) {
    const app = this.#app;
    const { frame, program } = app;
    if (!frame || !program || !app.can("why") || frame.batch < 1) return;
    const name = this.#weightOf(slot);
    const shape = name == null ? null : program.slots[program.state[name]]?.shape;
    if (name == null || !shape) return;
    // the number under the cursor; where nobody has pointed at one yet, the one that moved most
    const own = slot.of === name || slot.name === name;
    const index = own && app.cursors.has(app.wordOf(what)) ? app.cursor(what, slot.shape) : app.cursors.get(name) ?? null;
    if (index && index.length !== shape.length) return;
    const key = [frame.branch, frame.batch, app.changes, name, index].join("|");
    if (key === this.#askedWhy) return;
    this.#askedWhy = key;
    app.line.ask("why", { name, ...(index ? { index } : {}) }).then((m) => {
      if (key !== this.#askedWhy) return;
      if (m.kind === "why" && !index && slot.name === name && !app.cursors.has(name)) app.cursors.set(name, m.index);
      app.take({ why: m.kind === "why" ? m : null });
    });
  }

  /**
   * The parameter a slot belongs to: itself, what it is a gradient or the next value of, or what its layer reads.
   * @param {Slot} slot
   * @returns {string | null}
   */
  #weightOf(slot) {
    const app = this.#app;
    const program = /** @type {Program} */ (app.program);
    if (slot.role === "parameter") return slot.name;
    if (slot.of && slot.of in program.gradients) return slot.of;
    const step = program.steps[slot.made >= 0 ? slot.made : app.frame?.step ?? -1];
    const names = Object.keys(program.gradients);
    const layer = step?.layer ?? "";
    const own = names.filter((n) => n === layer || (layer && n.startsWith(layer + ".")));
    const before = app.why?.name;
    return own.find((n) => n.endsWith("weight")) ?? own[0] ?? (before && names.includes(before) ? before : names[names.length - 1]) ?? null;
  }
}
