// The field one draws in: ink on paper, with the mouse, a finger, or the keys.
import { h } from "./dom.js";

/** @import { Palette } from "./colours.js" */

export const INK = 112; // pixels on a side of the drawing that is sent

/** The ink of one drawing board. */
export class Ink {
  /** @type {Uint8Array} */ px = new Uint8Array(INK * INK);
  /** @type {[number, number] | null} */ last = null;
  /** @type {[number, number]} the pen of those who draw with keys */ pen = [INK / 2, INK / 2];
  pad = false;

  clear() {
    this.px = new Uint8Array(INK * INK);
    this.last = null;
  }

  get empty() {
    return !this.px.some((v) => v > 0);
  }

  /**
   * A picture of any size, laid over the whole field.
   * @param {ArrayLike<number>} values from 0 to limit
   * @param {number} rows
   * @param {number} cols
   * @param {number} limit
   */
  take(values, rows, cols, limit) {
    for (let r = 0; r < INK; r++)
      for (let c = 0; c < INK; c++) this.px[r * INK + c] = Math.max(0, Math.min(255, (values[Math.floor((r * rows) / INK) * cols + Math.floor((c * cols) / INK)] / limit) * 255));
  }

  /**
   * A stroke from where the pen was to here.
   * @param {number} x
   * @param {number} y
   */
  stroke(x, y) {
    const [x0, y0] = this.last ?? [x, y];
    const n = Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0)));
    for (let k = 0; k <= n; k++) this.dab(x0 + ((x - x0) * k) / n, y0 + ((y - y0) * k) / n);
    this.last = [x, y];
    this.pen = [x, y];
  }

  /** @param {number} x @param {number} y */
  dab(x, y) {
    const r = INK / 24;
    for (let i = Math.max(0, Math.floor(y - r - 1)); i < Math.min(INK, y + r + 2); i++)
      for (let j = Math.max(0, Math.floor(x - r - 1)); j < Math.min(INK, x + r + 2); j++) {
        const a = Math.max(0, Math.min(1, r + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
        this.px[i * INK + j] = Math.max(this.px[i * INK + j], a * 255);
      }
  }
}

/**
 * The field itself.
 * @param {Palette} p
 * @param {Ink} ink
 * @param {{ begin: () => void, drawn: () => void, redraw: () => void }} on
 */
export function pad(p, ink, on) {
  const at = (/** @type {PointerEvent} */ e) => {
    const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    return /** @type {[number, number]} */ ([((e.clientX - box.left) / box.width) * INK, ((e.clientY - box.top) / box.height) * INK]);
  };
  const moves = { ArrowUp: [0, -4], ArrowDown: [0, 4], ArrowLeft: [-4, 0], ArrowRight: [4, 0] };
  return h("canvas", {
    class: "pad",
    key: "pad",
    tabindex: 0,
    role: "application",
    "aria-label": "Drawing field. Draw with the mouse or a finger; or move the pen with the arrow keys, and hold Shift to draw. Or take one of the pictures below.",
    onpointerdown: (/** @type {PointerEvent} */ e) => {
      /** @type {HTMLElement} */ (e.currentTarget).setPointerCapture(e.pointerId);
      on.begin();
      ink.last = null;
      ink.stroke(...at(e));
      on.redraw();
    },
    onpointermove: (/** @type {PointerEvent} */ e) => {
      if (!(e.buttons & 1)) return;
      ink.stroke(...at(e));
      on.redraw();
    },
    onpointerup: () => on.drawn(),
    onkeydown: (/** @type {KeyboardEvent} */ e) => {
      const d = moves[/** @type {keyof typeof moves} */ (e.key)];
      if (!d) return;
      e.preventDefault();
      e.stopPropagation();
      const to = /** @type {[number, number]} */ ([Math.max(0, Math.min(INK, ink.pen[0] + d[0])), Math.max(0, Math.min(INK, ink.pen[1] + d[1]))]);
      if (e.shiftKey) {
        if (!ink.pad) on.begin();
        ink.last = ink.pen;
        ink.stroke(...to);
        on.drawn();
      } else ink.pen = to;
      ink.pad = true;
      on.redraw();
    },
    onblur: () => { ink.pad = false; on.redraw(); },
    use: (/** @type {HTMLCanvasElement} */ canvas) => draw(canvas, p, ink),
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Palette} p
 * @param {Ink} ink
 */
function draw(canvas, p, ink) {
  const side = canvas.clientWidth || 294;
  const image = document.createElement("canvas");
  [image.width, image.height] = [INK, INK];
  const g0 = /** @type {CanvasRenderingContext2D} */ (image.getContext("2d"));
  const data = g0.createImageData(INK, INK);
  ink.px.forEach((v, k) => data.data.set([...p.ink[v], 255], k * 4));
  g0.putImageData(data, 0, 0);
  const r = globalThis.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(side * r), Math.round(side * r)];
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.drawImage(image, 0, 0, canvas.width, canvas.height);
  if (ink.pad) {
    g.strokeStyle = p.css("--ink");
    g.lineWidth = 2 * r;
    g.strokeRect((ink.pen[0] / INK) * canvas.width - 5 * r, (ink.pen[1] / INK) * canvas.height - 5 * r, 10 * r, 10 * r);
  }
}

