// A model without a notebook: commands go to the run's own server by POST, in the form PROTOCOL.md describes.
// One request is under way at a time; what is said meanwhile travels together in the next one, in order.

const PAD = 8;
const MOST = 64; // messages in one row; the run reads no more
const STRIDE = 30; // steps that become one

/**
 * Pack commands with their buffers into one body.
 * @param {{ head: any, buffers: ArrayBufferView[] }[]} messages
 * @returns {Uint8Array}
 */
export function pack(messages) {
  /** @type {Uint8Array[]} */
  const parts = [];
  const up = (/** @type {number} */ n) => Math.ceil(n / PAD) * PAD;
  for (const { head, buffers } of messages) {
    const text = new TextEncoder().encode(JSON.stringify({ ...head, sizes: buffers.map((b) => b.byteLength) }));
    const length = up(4 + text.length) - 4;
    const first = new Uint8Array(4 + length).fill(32);
    new DataView(first.buffer).setUint32(0, length, true);
    first.set(text, 4);
    parts.push(first);
    for (const b of buffers) {
      const padded = new Uint8Array(up(b.byteLength));
      padded.set(new Uint8Array(b.buffer, b.byteOffset, b.byteLength));
      parts.push(padded);
    }
  }
  const body = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((n, p) => (body.set(p, n), n + p.length), 0);
  return body;
}

/**
 * Unpack an answer.
 * @param {ArrayBuffer} body
 * @returns {{ head: any, buffers: DataView[] }[]}
 */
export function unpack(body) {
  const out = [];
  const whole = new DataView(body);
  for (let at = 0; at + 4 <= body.byteLength; ) {
    const length = whole.getUint32(at, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(body, at + 4, length)));
    at += 4 + length;
    /** @type {DataView[]} */
    const buffers = [];
    for (const size of head.sizes ?? []) {
      buffers.push(new DataView(body, at, size));
      at += Math.ceil(size / PAD) * PAD;
    }
    delete head.sizes;
    out.push({ head, buffers });
  }
  return out;
}

/**
 * Handlers by event, as a model has them.
 */
export function events() {
  /** @type {Map<string, Set<(...a: any[]) => void>>} */
  const known = new Map();
  return {
    /** @param {string} event @param {(...a: any[]) => void} handler */
    on(event, handler) {
      known.set(event, (known.get(event) ?? new Set()).add(handler));
    },
    /** @param {string} event @param {(...a: any[]) => void} [handler] */
    off(event, handler) {
      if (handler) known.get(event)?.delete(handler);
      else known.delete(event);
    },
    /** @param {string} event @param {...any} what */
    tell(event, ...what) {
      for (const handler of [...(known.get(event) ?? [])]) handler(...what);
    },
  };
}

/**
 * Two moves in a row of which the first has not set out yet, as one: of a drag only its end matters, and steps add up.
 * Null where they stay two.
 * @param {any} before
 * @param {any} after
 */
export function merged(before, after) {
  if (before.cmd !== after.cmd || before.client !== after.client) return null;
  if (after.cmd === "at") return after;
  if ((after.cmd !== "step" && after.cmd !== "back") || before.unit !== after.unit) return null;
  const n = (before.n ?? 1) + (after.n ?? 1);
  return n <= STRIDE ? { ...after, n } : null;
}

/**
 * The model of the page of `cutaway open`. The run's secret word is part of the page's own address, which "message" goes on from.
 * @returns {import("./types.js").Model}
 */
export function connect() {
  const { on, off, tell } = events();
  /** @type {{ head: any, buffers: ArrayBufferView[] }[]} */
  const waiting = [];
  let busy = false;
  let lost = false;

  async function flush() {
    if (busy || !waiting.length) return;
    const now = waiting.splice(0, MOST);
    busy = true;
    try {
      const headers = { "Content-Type": "application/octet-stream" };
      const answer = await fetch("message", { method: "POST", headers, body: /** @type {BodyInit} */ (pack(now)) });
      if (!answer.ok) throw new Error(answer.status === 403 ? "the address lacks this run's secret word" : `answer ${answer.status}`);
      const messages = unpack(await answer.arrayBuffer());
      lost = false;
      for (const { head, buffers } of messages) tell("msg:custom", head, buffers);
    } catch (problem) {
      if (!lost) tell("msg:custom", { kind: "lost", error: problem instanceof Error ? problem.message : String(problem) }, []);
      lost = true;
      for (const { head } of now) tell("msg:custom", { kind: "error", lost, error: "The run did not answer.", cmd: head.cmd, client: head.client, re: head.id }, []);
    }
    busy = false;
    flush();
  }

  return {
    on,
    off,
    get: (name) => (name === "host" ? "page" : undefined),
    send(command, _callbacks, buffers = []) {
      const last = waiting[waiting.length - 1];
      const one = last && merged(last.head, command);
      if (one) last.head = one;
      else waiting.push({ head: command, buffers });
      flush();
    },
  };
}
