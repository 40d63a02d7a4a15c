// The page's end of the conversation: it sends commands, waits for their answers, and turns buffers into arrays.

/** @typedef {import("./types.js").Model} Model */
/** @typedef {(message: any) => void} Listener */

/** @type {Record<string, any>} */
const KINDS = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array };
const WORDS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/**
 * JSON has no NaN: where a number is expected, the words for it become the number again.
 * @param {any} v
 * @returns {number}
 */
export const number = (v) => (typeof v === "string" ? WORDS[/** @type {keyof typeof WORDS} */ (v)] ?? Number(v) : v);

/**
 * A number as it may travel.
 * @param {number} v
 */
export const travelling = (v) => (Number.isFinite(v) ? v : String(v));

/**
 * @param {any} message
 * @param {DataView[]} buffers
 * @returns {Record<string, any>}
 */
function arrays(message, buffers) {
  /** @type {Record<string, any>} */
  const out = {};
  (message.buffers ?? []).forEach((/** @type {any} */ b, /** @type {number} */ k) => {
    const view = buffers[k];
    if (view) out[b.name] = new KINDS[b.dtype](view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  });
  return out;
}

/**
 * Talk over a model.
 * @param {Model} model
 * @param {Listener} listen hears every message meant for this page
 */
export function talk(model, listen) {
  const client = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");
  /** @type {Map<number, (message: any) => void>} */
  const open = new Map();
  let id = 0;

  /** @type {(message: any, buffers?: DataView[]) => void} */
  const hear = (message, buffers = []) => {
    if (message.client != null && message.client !== client) return;
    const told = { ...message, data: arrays(message, buffers) };
    listen(told);
    const waiting = open.get(message.re);
    if (waiting && message.kind !== "frame" && message.kind !== "array") {
      open.delete(message.re);
      waiting(told);
    }
  };
  model.on("msg:custom", hear);

  return {
    /**
     * Say something; answers come to the listener.
     * @param {string} cmd
     * @param {Record<string, any>} [rest]
     * @param {ArrayBufferView[]} [buffers]
     */
    say(cmd, rest = {}, buffers) {
      model.send({ cmd, client, id: ++id, ...rest }, undefined, buffers);
      return id;
    },
    /**
     * Ask something; the first answer that is neither a frame nor an array (it may be an error) settles the promise.
     * @param {string} cmd
     * @param {Record<string, any>} [rest]
     * @param {ArrayBufferView[]} [buffers]
     * @returns {Promise<any>}
     */
    ask(cmd, rest = {}, buffers) {
      return new Promise((settle) => {
        open.set(this.say(cmd, rest, buffers), settle);
      });
    },
    close() {
      model.off("msg:custom", hear);
      open.clear();
    },
  };
}
