// A model out of a recording: it answers as a session would, over the moments that studio/static.py kept.
import { events } from "./link.js";

const PATIENCE = 700; // milliseconds a moment stays, where no speed is said

/**
 * @typedef {{ at: number, size: number }} Place where some bytes lie
 * @typedef {{ head: any, dtype: string } & Place} Kept
 * @typedef {{ shape: number[], dtype: string, leads: number[], lead: number[], matrix: [number, number], limit: number, stats: any,
 *   bins: Place, numbers: Place, overview?: Kept, tiles?: Kept }} Rec
 * @typedef {{ batch: number, frames: any[], slots: Record<string, number>, explained: any[], why: Record<string, any> }} Batch
 * @typedef {{ session: any, first: any[], programs: Record<string, any>, batches: Batch[], health: any, picture: any, curve: any, records: Rec[] }} Told
 */

/**
 * Unpack a recording: gzip, in base64.
 * @param {string} packed
 * @returns {Promise<{ told: Told, blob: ArrayBuffer }>}
 */
async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const whole = await new Response(stream).arrayBuffer();
  const length = new DataView(whole).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, length)));
  return { told, blob: whole.slice(4 + length) };
}

/**
 * The model of a page that replays a recording.
 * @param {string} packed
 * @returns {import("./types.js").Model}
 */
export function replay(packed) {
  const { on, off, tell } = events();
  /** @type {Player | null} */
  let player = null;
  /** @type {any[]} */
  const waiting = [];
  const answer = (/** @type {any} */ command) => {
    for (const [head, buffers] of /** @type {Player} */ (player).answer(command)) {
      tell("msg:custom", { ...head, client: command.client, ...(command.id === undefined ? {} : { re: command.id }) }, buffers);
    }
  };
  unpacked(packed).then(({ told, blob }) => {
    player = new Player(told, blob);
    waiting.splice(0).forEach(answer);
  });
  return {
    on,
    off,
    get: (name) => (name === "host" ? "recording" : undefined),
    send(command) {
      if (player) queueMicrotask(() => answer(command));
      else waiting.push(command);
    },
  };
}

/** @typedef {[any, DataView[]]} Answer a message and its buffers */

/** Where a recording stands, and what it answers. */
class Player {
  /** @param {Told} told @param {ArrayBuffer} blob */
  constructor(told, blob) {
    this.told = told;
    this.blob = blob;
    /** @type {[number, number][]} every moment: which batch of the recording, how many of its moments have passed */
    this.moments = told.batches.flatMap((batch, b) => batch.frames.map((_, op) => /** @type {[number, number]} */ ([b, op])));
    this.now = 0;
    this.turn = 0;
    this.playing = false;
    this.unit = "batch";
    /** @type {number | null} */
    this.speed = null;
    this.program = "";
    /** @type {Map<string, any>} */
    this.views = new Map();
  }

  get batch() {
    return this.told.batches[this.moments[this.now][0]];
  }

  get op() {
    return this.moments[this.now][1];
  }

  get steps() {
    return this.told.programs[this.batch.frames[0].program].steps;
  }

  /** @param {any} c @returns {Answer[]} */
  answer(c) {
    const refuse = (/** @type {string} */ error) => /** @type {Answer[]} */ ([[{ kind: "error", error, cmd: c.cmd }, []]]);
    const kept = (/** @type {any} */ one, /** @type {string} */ else_) =>
      one ? /** @type {Answer[]} */ ([[one.head, one.parts.map((/** @type {Place} */ p) => this.view(p))]]) : refuse(else_);
    switch (c.cmd) {
      case "hello":
        this.views.clear();
        this.program = "";
        return [[this.told.session, []], ...this.told.first.map((m) => /** @type {Answer} */ ([m, []])), ...this.frames()];
      case "play":
        [this.playing, this.unit, this.speed] = [true, c.unit ?? "batch", c.speed ?? null];
        return this.moved();
      case "tick":
        if (!this.playing || c.turn !== this.turn) return this.frames(false);
        if (!this.on(this.unit, 1)) this.playing = false;
        return this.moved();
      case "pause":
        this.playing = false;
        return this.moved();
      case "step":
      case "back": {
        this.playing = false;
        const went = this.on(c.unit, (c.n ?? 1) * (c.cmd === "step" ? 1 : -1));
        return this.moved(went ? [] : [{ text: c.cmd === "step" ? "The recording ends here." : "The recording begins here.", batch: this.batch.batch, op: this.op }]);
      }
      case "at": {
        this.playing = false;
        const k = this.find(c.batch, c.op ?? 0);
        if (k < 0) return refuse(`This recording holds batches ${this.told.batches[0].batch} to ${this.told.batches.at(-1)?.batch}.`);
        this.now = k;
        return this.moved();
      }
      case "look":
        this.views.set(c.key, c);
        return this.look(c);
      case "unlook":
        this.views.delete(c.key);
        return [[{ kind: "done" }, []]];
      case "find":
        return this.largest(c) ?? refuse("This number was not kept in the recording.");
      case "explain":
        return kept(this.batch.explained[c.step ?? this.op - 2], "There is nothing to explain here.");
      case "why":
        return kept(this.batch.why[c.name], "Why this weight moved was not kept in the recording.");
      case "health":
      case "picture":
        return kept(this.told[/** @type {"health" | "picture"} */ (c.cmd)], "This was not kept in the recording.");
      default:
        return refuse("This is a recording: it can be walked, but not changed. cutaway open RUN opens a run itself.");
    }
  }

  // -- moving -----------------------------------------------------------------------------------------------
  /** @param {number} batch @param {number} op */
  find(batch, op) {
    const b = this.told.batches.findIndex((one) => one.batch === batch);
    return b < 0 ? -1 : this.moments.findIndex(([k, m]) => k === b && m === Math.min(op, this.told.batches[b].frames.length - 1));
  }

  /**
   * Go on (or back) by some units; false where the recording ends before.
   * @param {string} unit
   * @param {number} n
   */
  on(unit, n) {
    const before = this.now;
    if (unit === "batch" || unit === "epoch") {
      const k = this.find(this.batch.batch + n, this.op);
      if (k < 0 || this.moments[k][1] !== this.op) return false;
      this.now = k;
      return true;
    }
    for (let left = Math.abs(n); left > 0; left--) {
      const way = Math.sign(n);
      const to = this.now + way;
      if (to < 0 || to >= this.moments.length) break;
      this.now = to;
      if (unit === "layer") while (this.sameLayer(way)) this.now += way;
    }
    return this.now !== before;
  }

  /** Is the next moment on this way one of the same layer? @param {number} way */
  sameLayer(way) {
    const next = this.moments[this.now + way];
    if (!next || next[0] !== this.moments[this.now][0]) return false;
    const label = (/** @type {number} */ op) => (op < 2 ? `${op}` : this.steps[op - 2].label);
    return way > 0 ? label(next[1]) === label(this.op) : this.op > 1 && label(next[1]) === label(this.op);
  }

  /** @param {any[]} hits @returns {Answer[]} */
  moved(hits = []) {
    this.turn += 1;
    return this.frames(this.playing, hits);
  }

  /** @param {boolean} pull @param {any[]} hits @returns {Answer[]} */
  frames(pull = this.playing, hits = []) {
    const frame = this.batch.frames[this.op];
    /** @type {Answer[]} */
    const out = [];
    if (this.program !== String(frame.program)) {
      this.program = String(frame.program);
      out.push([{ ...this.told.programs[this.program], client: undefined }, []]);
    }
    const { columns, at } = this.told.curve;
    const points = this.batch.batch;
    const rate = this.unit === "batch" ? 1000 / PATIENCE : 0;
    const wait = pull ? (this.speed ? 1000 / Math.min(this.speed, 20) : this.unit === "op" ? 60 : PATIENCE) : 0;
    const told = { ...frame, turn: this.turn, pull, wait, playing: this.playing, unit: this.unit, speed: this.speed, rate, hits, changed: false };
    const buffers = [{ name: "curve", dtype: "float32", shape: [points, columns.length] }];
    const curve = new DataView(this.blob, at, points * columns.length * 4);
    out.push([{ ...told, earliest: this.told.batches[0].batch, curve: { branch: frame.branch, from: 0, columns }, buffers }, [curve]]);
    for (const wish of this.views.values()) out.push(...this.look(wish));
    return out;
  }

  // -- looking ----------------------------------------------------------------------------------------------
  /** @param {Place} place */
  view({ at, size }) {
    return new DataView(this.blob, at, size);
  }

  /** @param {any} what @returns {{ slot: number, rec: Rec | null, told: any }} */
  seen(what) {
    const program = this.told.programs[this.batch.frames[0].program];
    let slot = what.slot;
    if ("name" in what) {
      slot = program.state[what.name] ?? program.state[`optim/${what.name}`] ?? program.inputs[what.name];
      const next = program.carry[what.name];
      if (next !== undefined && program.slots[next] && this.op >= 2 && program.slots[next].made <= this.op - 2) slot = next;
    }
    const told = program.slots["name" in what ? program.state[what.name] ?? slot : slot];
    const made = program.slots[slot]?.made ?? -1;
    const here = made < 0 ? this.op > 0 || Object.values(program.state).includes(slot) : made <= this.op - 2;
    const number = this.batch.slots[slot];
    return { slot, told, rec: here && number !== undefined ? this.told.records[number] : null };
  }

  /** @param {any} wish @returns {Answer[]} */
  look(wish) {
    const { rec, told, slot } = this.seen(wish.what);
    if (!told) return [[{ kind: "error", error: "This is not in the recording.", cmd: "look" }, []]];
    const made = this.told.programs[this.batch.frames[0].program].slots[slot]?.made ?? -1;
    const head = { kind: "array", key: wish.key, what: wish.what, name: told.name, role: told.role, tile: told.tile, of: told.of, made, shape: told.shape, dtype: told.dtype, known: !!rec };
    if (!rec) return [[head, []]];
    const array = new Shown(this, rec, told.tile);
    /** @type {any} */
    const fields = { ...head, shape: rec.shape, dtype: rec.dtype, lead: array.lead(wish.lead), leads: rec.leads, matrix: rec.matrix, limit: rec.limit, buffers: [] };
    /** @type {DataView[]} */
    const buffers = [];
    const put = (/** @type {string} */ name, /** @type {string} */ dtype, /** @type {number[]} */ shape, /** @type {ArrayBufferView} */ data) => {
      fields.buffers.push({ name, dtype, shape });
      buffers.push(new DataView(data.buffer, data.byteOffset, data.byteLength));
    };
    if (wish.overview) fields.overview = array.overview(wish, put);
    if (wish.window) fields.window = array.window(wish, put);
    if (wish.stats) {
      fields.stats = rec.stats;
      put("bins", "int32", [rec.bins.size / 4], this.view(rec.bins));
    }
    return [[fields, buffers]];
  }

  /** @param {any} c @returns {Answer[] | null} */
  largest(c) {
    const { rec, told } = this.seen(c.what);
    if (!rec) return null;
    const array = new Shown(this, rec, told.tile);
    const { table, rows, cols, start } = array.table(c.lead, c.tile);
    let best = -1;
    let size = -1;
    for (let r = c.rows[0]; r < Math.min(c.rows[1], rows); r++) {
      for (let k = c.cols[0]; k < Math.min(c.cols[1], cols); k++) {
        const v = table(r, k);
        if (v === undefined) return null;
        const s = Number.isNaN(v) ? Infinity : Math.abs(v);
        if (s > size) [best, size] = [start + r * cols + k, s];
      }
    }
    if (best < 0) return null;
    const index = rec.shape.map(() => 0);
    let rest = best;
    for (let d = rec.shape.length - 1; d >= 0; d--) [index[d], rest] = [rest % rec.shape[d], Math.floor(rest / rec.shape[d])];
    return [[{ kind: "cell", index, value: array.numbers[best] }, []]];
  }
}

/** @typedef {(name: string, dtype: string, shape: number[], data: ArrayBufferView) => void} Put */

/** A kept array: its first numbers, and the pictures of the rest. */
class Shown {
  /** @param {Player} player @param {Rec} rec @param {[number, number] | null} tile */
  constructor(player, rec, tile) {
    this.player = player;
    this.rec = rec;
    this.numbers = new Float32Array(player.blob, rec.numbers.at, rec.numbers.size / 4);
    this.total = rec.shape.reduce((a, b) => a * b, 1);
    const [rows, cols] = rec.matrix;
    /** @type {[number, number]} height and width of the pictures it is a row of */
    this.tile = rec.shape.length === 2 && tile ? tile : [rows, cols];
  }

  /** @param {number[]} [lead] */
  lead(lead = []) {
    return this.rec.leads.map((n, k) => Math.min(lead[k] ?? 0, n - 1));
  }

  /**
   * A part as a table; what was not kept is undefined.
   * @param {number[]} [lead]
   * @param {number} [tile]
   */
  table(lead, tile) {
    const [rows, cols] = tile === undefined ? this.rec.matrix : this.tile;
    const which = tile ?? this.lead(lead).reduce((a, k, d) => a * this.rec.leads[d] + k, 0);
    const start = which * rows * cols;
    return { rows, cols, start, table: (/** @type {number} */ r, /** @type {number} */ c) => this.numbers[start + r * cols + c] };
  }

  /** @param {any} wish @param {Put} put */
  window(wish, put) {
    const asked = { row: 0, col: 0, rows: 8, cols: 8, ...wish.window };
    const { table, rows, cols } = this.table(wish.lead, asked.tile);
    const row = Math.max(0, Math.min(asked.row, rows - asked.rows));
    const col = Math.max(0, Math.min(asked.col, cols - asked.cols));
    const wide = Math.min(asked.cols, cols - col);
    const out = [];
    for (let r = row; r < Math.min(row + asked.rows, rows) && table(r, col + wide - 1) !== undefined; r++) {
      for (let c = col; c < col + wide; c++) out.push(table(r, c));
    }
    const high = wide ? out.length / wide : 0;
    put("window", "float32", [high, wide], Float32Array.from(out));
    return { row, col, rows: high, cols: wide, ...(asked.tile === undefined ? {} : { tile: asked.tile }) };
  }

  /** @param {any} wish @param {Put} put */
  overview(wish, put) {
    const asked = { rows: 64, cols: 64, from: 0, count: 64, ...wish.overview };
    const tiled = wish.view === "tiles" && (this.rec.shape.length > 2 || this.tile[0] * this.tile[1] !== this.rec.matrix[0] * this.rec.matrix[1]);
    const kept = tiled ? this.rec.tiles : this.rec.overview;
    if (kept) {
      const { head } = kept;
      const shape = tiled ? [head.count, head.rows, head.cols] : [head.rows, head.cols];
      put("overview", kept.dtype, shape, this.player.view(kept));
      return head;
    }
    const [rows, cols] = tiled ? this.tile : this.rec.matrix;
    const total = Math.floor(this.total / Math.max(1, rows * cols));
    const from = tiled ? Math.min(asked.from, Math.max(0, total - 1)) : this.lead(wish.lead).reduce((a, k, d) => a * this.rec.leads[d] + k, 0);
    const count = tiled ? Math.min(asked.count, total - from) : 1;
    const block = [Math.max(1, Math.ceil(rows / asked.rows)), Math.max(1, Math.ceil(cols / asked.cols))];
    const [high, wide] = [Math.ceil(rows / block[0]), Math.ceil(cols / block[1])];
    const out = new Float32Array(count * high * wide);
    for (let t = 0; t < count; t++) this.reduced(out.subarray(t * high * wide), (from + t) * rows * cols, rows, cols, block);
    put("overview", "float32", tiled ? [count, high, wide] : [high, wide], out);
    return { view: tiled ? "tiles" : "matrix", rows: high, cols: wide, block, ...(tiled ? { from, count, total } : {}) };
  }

  /**
   * Of every block the number of largest size, sign kept.
   * @param {Float32Array} out
   * @param {number} start
   * @param {number} rows
   * @param {number} cols
   * @param {number[]} block
   */
  reduced(out, start, rows, cols, block) {
    const wide = Math.ceil(cols / block[1]);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        const k = Math.floor(r / block[0]) * wide + Math.floor(c / block[1]);
        const v = this.numbers[start + r * cols + c];
        if (!(Math.abs(out[k]) >= Math.abs(v))) out[k] = Number.isNaN(out[k]) ? NaN : v;
      }
    }
  }
}
