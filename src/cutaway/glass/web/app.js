// What the page knows and what it can ask for. Everything drawn is a function of this one object.
import { number, talk, travelling } from "./talk.js";
import { product, unravel } from "./numbers.js";
import { Questions } from "./questions.js";

/** @import { ArrayMessage, Branch, Explained, Frame, HealthItem, Look, Model, Picture, Program, Session, Slot, UnitName, What, WhyMessage } from "./types.js" */

/** @type {UnitName[]} */
export const UNITS = ["op", "layer", "batch", "epoch"];
/** Units a second; null is as fast as it goes. @type {(number | null)[]} */
export const SPEEDS = [1, 2, 4, 8, 20, 60, null];

/** Questions whose refusal needs no words: the page simply does not show the answer. */
const QUIET = new Set(["why", "explain", "look", "examples", "find", "health", "picture", "sight"]);

const LISTEN = 700; // ms between two questions whether another page, or a program, has moved the run

/** @typedef {{ columns: string[], points: number[][] }} Curve */

/**
 * A word for a thing that can be looked at.
 * @param {What} what
 */
export const wordFor = (what) => ("slot" in what ? `s${what.slot}` : "name" in what ? `n${what.name}` : `b${what.board}`);

export class App {
  /** @type {Session | null} */ session = null;
  /** @type {Program | null} */ program = null;
  /** @type {Frame | null} */ frame = null;
  /** @type {Picture | null} */ picture = null;
  /** @type {{ items: HealthItem[], of: { batch: number, op: number } | null } | null} what was found last, and when */ health = null;
  /** @type {{ id: any, expression: string, hits: any }[]} */ watches = [];
  /** @type {{ selected: any, list: Branch[] }} */ branches = { selected: null, list: [] };
  /** @type {Map<any, Curve>} */ curves = new Map();
  /** @type {Map<string, ArrayMessage>} */ arrays = new Map();
  /** @type {Explained | null} */ explained = null;
  /** @type {WhyMessage | null} */ why = null;
  /** @type {string} what was refused, or what happened; stands in the sentence line until the next command */ notice = "";
  /** @type {any} */ compared = null;
  /** @type {any} the branch that the selected one is compared with */ comparing = null;
  /** @type {string} */ watchError = "";
  /** @type {Map<string, number>} the end of the colour scale, held for every array */ limits = new Map();
  /** @type {Map<string, number[]>} where the cursor stands in every array */ cursors = new Map();
  /** @type {Set<string>} */ edited = new Set();
  /** @type {string} why the run does not answer; empty where it does */ lost = "";
  changes = 0; // how often something was changed by hand
  asleep = true;

  ui = {
    unit: /** @type {UnitName} */ ("op"),
    speed: 3,
    depth: "matrices",
    view: "step",
    /** @type {What | null} */ pinned: null,
    example: 0,
    /** @type {number | null} the step that is shown opened */ opened: null,
    shortcuts: true,
    help: false,
    /** @type {any} */ editing: null,
  };

  /**
   * @param {Model} model
   * @param {(mayWait?: boolean) => void} redraw
   * @param {(text: string) => void} speak to a screen reader
   */
  constructor(model, redraw, speak) {
    this.model = model;
    this.redraw = redraw;
    this.speak = speak;
    /** @type {Map<string, string>} what every open view asks for */
    this.views = new Map();
    /** @type {((message: any) => void)[]} panels that hear messages of their own */
    this.listeners = [];
    this.line = talk(model, (m) => this.hear(m));
  }

  start() {
    this.#begin();
    if (this.model.get("host") !== "recording") this.#listening = setInterval(() => this.#listen(), LISTEN);
  }

  /** Say hello: at first, and where something said or answered was lost. The run then forgets this page's views, and the page what it has asked. */
  #begin() {
    this.views.clear();
    this.#questions.forget();
    this.#ticked = -1;
    this.changes++;
    this.line.say("hello");
    if (!this.picture && this.can("picture")) this.line.ask("picture", {}).then((m) => m.kind === "picture" && this.take({ picture: m }));
  }

  /** @param {string} command */
  can(command) {
    return !this.session || this.session.abilities.includes(command);
  }

  /** @param {Partial<App>} what */
  take(what) {
    Object.assign(this, what);
    this.redraw(true);
  }

  // -- what comes in ------------------------------------------------------------------------------------------
  /** @param {any} m */
  hear(m) {
    this.#listens = false;
    if (this.lost && m.kind !== "lost" && !m.lost) {
      this.lost = ""; // it answers again
      if (m.kind !== "session") this.#begin();
    }
    if (m.kind === "frame") this.onFrame(m);
    else if (m.kind === "array") this.onArray(m);
    else if (m.kind === "curve") this.onCurve(m);
    else if (m.kind === "session") this.session = m;
    else if (m.kind === "branches") this.onBranches(m);
    else if (m.kind === "program") this.onProgram(m);
    else if (m.kind === "watches") [this.watches, this.watchError] = [m.list, ""];
    else if (m.kind === "health") this.onHealth(m);
    else if (m.kind === "lost") this.lost = m.error;
    else if (m.kind === "error") this.onError(m);
    for (const f of this.listeners) f(m);
    this.redraw(m.kind !== "frame");
  }

  /** @param {any} m */
  onError(m) {
    if (m.lost) return; // said already
    if (m.cmd === "watch") this.watchError = m.error;
    else if (!QUIET.has(m.cmd)) {
      this.notice = m.error;
      this.speak(m.error);
    }
  }

  /** @param {any} m */
  onBranches(m) {
    this.branches = m;
    const other = m.list.some((/** @type {Branch} */ b) => b.id === this.comparing && b.id !== m.selected);
    if (this.comparing != null && !other) this.compareWith(null);
  }

  /** @param {any} m */
  onProgram(m) {
    const before = this.program;
    this.program = m;
    if (before && before.program !== m.program) {
      this.ui.pinned = this.again(this.ui.pinned, before);
      for (const key of [...this.views.keys()]) this.unlook(key);
    }
  }

  /**
   * The same slot, by its name, in the new program.
   * @param {What | null} what
   * @param {Program} before
   * @returns {What | null}
   */
  again(what, before) {
    if (!what || !("slot" in what) || !this.program) return what;
    const name = before.slots[what.slot]?.name;
    const found = Object.entries(this.program.slots).find(([, s]) => s.name === name);
    return found ? { slot: Number(found[0]) } : null;
  }

  /** @param {any} m */
  onFrame(m) {
    for (const k of ["loss", "rate"]) m[k] = m[k] == null ? m[k] : number(m[k]);
    const before = this.frame;
    this.frame = m;
    this.asleep = false;
    if (m.changed) this.changes++;
    if (m.pull) {
      const answer = () => {
        const { turn, playing } = this.frame ?? m;
        if (turn !== m.turn || !playing || this.#ticked === turn) return; // the frame may have come again
        this.#ticked = m.turn;
        this.line.say("tick", { turn: m.turn, ms: 40 });
      };
      if (m.wait > 0) setTimeout(answer, m.wait);
      else answer();
    }
    if (m.curve && m.data.curve) this.onCurve(m);
    if (m.changed) for (const [id, c] of this.curves) if (id === m.branch) c.points.length = Math.min(c.points.length, m.batch);
    if (m.hits?.length && (before?.playing || m.hits.length)) {
      this.notice = m.hits[m.hits.length - 1].text;
      this.speak(this.notice);
    } else if (before && !m.playing && (before.batch !== m.batch || before.op !== m.op || before.playing)) {
      this.speak(`${before.playing ? "Paused. " : ""}Batch ${m.batch}. ${m.title}`);
    }
    if (!m.playing) this.ask();
  }

  /** @param {any} m */
  onCurve(m) {
    const { branch, from, columns } = m.curve;
    const flat = /** @type {Float32Array} */ (m.data.curve);
    /** @type {Curve} */
    const curve = this.curves.get(branch) ?? { columns, points: [] };
    curve.columns = columns;
    // what lies ahead of where the run went back to stays: until something is changed, it comes again just so
    if (from > curve.points.length) curve.points.length = 0;
    for (let k = 0; k < flat.length; k += columns.length) curve.points[from + k / columns.length] = Array.from(flat.subarray(k, k + columns.length));
    this.curves.set(branch, curve);
  }

  /** @param {any} m */
  onHealth(m) {
    this.health = { items: m.items, of: m.of ?? null };
    if (m.of && m.of.batch !== this.frame?.batch && this.can("news")) this.#questions.healthAgain();
  }

  /** @param {any} m */
  onArray(m) {
    if (!this.views.has(m.key)) return;
    m.limit = number(m.limit);
    if (m.stats) for (const k of Object.keys(m.stats)) m.stats[k] = number(m.stats[k]);
    this.arrays.set(m.key, m);
    const word = m.name || wordFor(m.what);
    if (m.limit > (this.limits.get(word) ?? 0)) this.limits.set(word, m.limit);
  }

  // -- what goes out ------------------------------------------------------------------------------------------
  /**
   * A command that moves or changes the run.
   * @param {string} cmd
   * @param {Record<string, any>} [rest]
   */
  move(cmd, rest = {}) {
    this.notice = "";
    this.#questions.hush(); // what would be asked about this moment is of no interest any more
    this.line.say(cmd, rest);
  }

  play() {
    if (this.frame?.playing) return this.move("pause");
    this.speak("Playing");
    this.move("play", { unit: this.ui.unit, speed: SPEEDS[this.ui.speed] });
  }

  /** @param {number} direction */
  step(direction) {
    this.move(direction > 0 ? "step" : "back", { unit: this.ui.unit });
  }

  /**
   * Go to where a step of the program has just been done.
   * @param {number} step
   */
  goStep(step) {
    if (this.frame && this.program) {
      const last = this.program.steps.length - 1;
      this.move("at", { batch: this.frame.batch, op: Math.max(-2, Math.min(last, step)) + 2 });
    }
  }

  /** @param {number} batch */
  goBatch(batch) {
    if (this.frame) this.move("at", { batch: Math.max(0, batch), op: this.frame.op });
  }

  /** @param {number} k place in SPEEDS */
  setSpeed(k) {
    this.ui.speed = Math.max(0, Math.min(SPEEDS.length - 1, k));
    if (this.frame?.playing) this.line.say("play", { unit: this.ui.unit, speed: SPEEDS[this.ui.speed] });
    this.redraw();
  }

  /** @param {UnitName} unit */
  setUnit(unit) {
    this.ui.unit = unit;
    if (this.frame?.playing) this.line.say("play", { unit, speed: SPEEDS[this.ui.speed] });
    this.redraw();
  }

  /**
   * Pin a thing, or (null) follow the step again.
   * @param {What | null} what
   * @param {number[]} [index]
   */
  look(what, index) {
    const out = this.step0()?.output;
    this.ui.pinned = what && "slot" in what && what.slot === out ? null : what;
    if (what && index) this.cursors.set(this.wordOf(what), index);
    this.ask();
    this.redraw();
  }

  /**
   * @param {What} what
   * @param {number[] | null} index
   * @param {number} value
   */
  edit(what, index, value) {
    this.edited.add(`${this.frame?.branch}|${this.nameOf(what)}|${(index ?? []).join()}`);
    this.move("edit", { what, index, value: travelling(value) });
  }

  /**
   * Keep a view open; nothing is sent when it asks for what it asked for already.
   * @param {Look} look
   */
  want(look) {
    const text = JSON.stringify(look);
    if (this.views.get(look.key) === text || !this.can("look")) return;
    const other = this.arrays.get(look.key);
    if (other && wordFor(other.what) !== wordFor(look.what)) this.arrays.delete(look.key);
    this.views.set(look.key, text);
    this.line.say("look", look);
  }

  /** @param {string} key */
  unlook(key) {
    if (this.views.delete(key)) this.line.say("unlook", { key });
    this.arrays.delete(key);
  }

  /**
   * Close the views whose keys begin so and are not among the wanted.
   * @param {string} prefix
   * @param {Set<string>} wanted
   */
  keep(prefix, wanted) {
    for (const key of [...this.views.keys()]) if (key.startsWith(prefix) && !wanted.has(key)) this.unlook(key);
  }

  // -- where things are ---------------------------------------------------------------------------------------
  /** The same as long as all numbers are. */
  moment() {
    const f = this.frame;
    return [f?.branch, f?.batch, f?.op, f?.turn, this.changes].join();
  }

  /**
   * The batch at which a branch stands; its curve may go on beyond, where it went back.
   * @param {any} id
   */
  stands(id) {
    if (id === this.frame?.branch) return /** @type {Frame} */ (this.frame).batch;
    return this.branches.list.find((b) => b.id === id)?.now.batch ?? this.curves.get(id)?.points.length ?? 0;
  }

  /**
   * The loss of the last batch of a branch, where it stands.
   * @param {any} id
   */
  lossOf(id) {
    return this.curves.get(id)?.points[this.stands(id) - 1]?.[0] ?? NaN;
  }

  /**
   * What a class is called.
   * @param {number} k
   */
  className(k) {
    return this.session?.board?.classes?.[k] ?? this.session?.sight?.classes?.[k] ?? String(k);
  }

  /** The step done last. */
  step0() {
    return this.frame && this.program ? this.program.steps[this.frame.step] : undefined;
  }

  /** What the array panel shows: what is pinned, else what the step made, else where the step begins. @returns {What | null} */
  looked() {
    if (this.ui.pinned) return this.ui.pinned;
    const step = this.step0();
    if (step) return { slot: step.output };
    if (!this.program || !this.frame) return null;
    const x = this.program.inputs.x;
    if (this.frame.step === -1 && x != null) return { slot: x };
    const weights = Object.values(this.program.slots).find((s) => s.role === "parameter");
    return weights ? { name: weights.name } : x != null ? { slot: x } : null;
  }

  /**
   * @param {What} what
   * @returns {Slot | undefined}
   */
  slotOf(what) {
    if (!this.program || "board" in what) return undefined;
    if ("slot" in what) return this.program.slots[what.slot];
    const slot = this.program.state[what.name] ?? this.program.inputs[what.name];
    return slot == null ? undefined : this.program.slots[slot];
  }

  /** What the layers are, by their paths: "Linear" at "1". @returns {Map<string, string>} */
  kinds() {
    return new Map((this.program?.layers ?? []).filter((l) => l.path).map((l) => [l.path, l.kind]));
  }

  /** @param {What} what */
  nameOf(what) {
    return "name" in what ? what.name : this.slotOf(what)?.name ?? wordFor(what);
  }

  /** @param {What} what */
  wordOf(what) {
    return this.slotOf(what)?.name ?? wordFor(what);
  }

  /**
   * Is this slot computed where the run stands?
   * @param {number} slot
   */
  known(slot) {
    const made = this.program?.slots[slot]?.made ?? -1;
    return made <= (this.frame?.step ?? -2) && !(made === -1 && this.frame?.op === 0 && this.program?.slots[slot]?.role === "input");
  }

  /**
   * Where the cursor of a thing stands.
   * @param {What} what
   * @param {readonly number[]} shape
   * @returns {number[]}
   */
  cursor(what, shape) {
    const at = this.cursors.get(this.wordOf(what));
    if (at && at.length === shape.length) return at.map((k, d) => Math.max(0, Math.min(shape[d] - 1, k)));
    return unravel(0, shape.length && product(shape) ? shape : []);
  }

  /**
   * @param {What} what
   * @param {number[]} index
   */
  setCursor(what, index) {
    this.cursors.set(this.wordOf(what), index);
    const slot = this.slotOf(what);
    if (slot?.sides?.[0] === "example") this.ui.example = index[0];
    this.ask();
    this.redraw();
  }

  // -- questions ----------------------------------------------------------------------------------------------
  /** Ask what there is to ask about this moment, when the page has come to rest. */
  ask() {
    this.#questions.soon();
  }

  #questions = new Questions(this);
  /** @type {any} */ #listening = 0;
  #listens = false;
  #ticked = -1;

  /**
   * Over HTTP nobody calls: a page that does not drive asks now and then whether another one moved the run. In a
   * notebook the news come by themselves; but whoever played may be gone, which is found out when somebody asks.
   */
  #listen() {
    if (document.visibilityState !== "visible" || this.#listens) return;
    const deaf = this.model.get("host") === "page" || this.frame?.playing;
    if (this.lost) this.#begin();
    else if (deaf && !this.frame?.pull && this.session && this.can("news")) this.line.say("news");
    else return;
    this.#listens = true;
  }

  /**
   * Lay another branch beside the selected one (null: no more).
   * @param {any} id
   */
  compareWith(id) {
    this.comparing = id;
    if (id == null) return this.take({ compared: null });
    this.line.ask("compare", { branch: id }).then((m) => m.kind === "compared" && this.comparing === id && this.take({ compared: m }));
  }

  close() {
    this.#questions.close();
    clearInterval(this.#listening);
    this.line.close();
  }
}
