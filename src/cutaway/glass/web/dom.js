// The page is drawn from descriptions of elements: h() describes one, patch() makes the document be as described.
// What already stands is kept, so focus, scroll places and half-typed words survive every redraw.
// Text goes in as text nodes only: nothing that arrives in a message is ever read as HTML.

/**
 * @typedef {{ tag: string, key: string | undefined, props: Record<string, any>, children: Child[] }} Node_
 * @typedef {Node_ | string} Child
 * @typedef {Node_ | string | number | null | undefined | false | any[]} Loose
 */

const SVG = "http://www.w3.org/2000/svg";

/** @type {WeakMap<Element, Record<string, any>>} The props an element was last given. */
const given = new WeakMap();

/**
 * Describe an element: a tag, its properties (attributes, `on...` handlers, `style` object, `key`, `use`), its children.
 * `use` is a function that is called with the element after it has been brought up to date.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Loose} children
 * @returns {Node_}
 */
export function h(tag, props, ...children) {
  return { tag, key: props?.key == null ? undefined : String(props.key), props: props ?? {}, children: flat(children) };
}

/**
 * @param {Loose[]} list
 * @returns {Child[]}
 */
function flat(list) {
  /** @type {Child[]} */
  const out = [];
  for (const c of list) {
    if (c == null || c === false) continue;
    if (Array.isArray(c)) out.push(...flat(c));
    else if (typeof c === "object") out.push(c);
    else out.push(String(c));
  }
  return out;
}

/**
 * Make the children of an element be as described.
 * @param {Element} host
 * @param {...Loose} children
 */
export function patch(host, ...children) {
  /** @type {Array<() => void>} */
  const after = [];
  fill(host, flat(children), host.namespaceURI === SVG, after);
  for (const f of after) f();
}

/**
 * @param {Element} host
 * @param {Child[]} next
 * @param {boolean} svg
 * @param {Array<() => void>} after
 */
function fill(host, next, svg, after) {
  /** @type {Map<string, Element> | null} Needed only where something has moved. */
  let keyed = null;
  /** @type {ChildNode | null} */
  let at = host.firstChild;
  for (const want of next) {
    if (typeof want === "string") {
      if (at?.nodeType === 3) {
        if (at.nodeValue !== want) at.nodeValue = want;
        at = at.nextSibling;
      } else host.insertBefore(document.createTextNode(want), at);
      continue;
    }
    const inSvg = svg || want.tag === "svg";
    /** @type {Element | undefined} */
    let el;
    const here = at instanceof Element ? given.get(at)?.key : undefined;
    if (want.key == null) {
      if (at instanceof Element && at.localName === want.tag && here == null) el = at;
    } else if (here != null && String(here) === want.key) el = /** @type {Element} */ (/** @type {unknown} */ (at));
    else el = (keyed ??= byKey(host)).get(want.key);
    if (!el || el.localName !== want.tag) {
      el = inSvg ? document.createElementNS(SVG, want.tag) : document.createElement(want.tag);
    }
    if (el === at) at = at.nextSibling;
    else host.insertBefore(el, at);
    give(el, want.props);
    if (!want.props.own) fill(el, want.children, inSvg && want.tag !== "foreignObject", after);
    if (want.props.use) {
      const made = el;
      after.push(() => want.props.use(made));
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** @param {Element} host */
function byKey(host) {
  /** @type {Map<string, Element>} */
  const out = new Map();
  for (const el of Array.from(host.children)) {
    const key = given.get(el)?.key;
    if (key != null) out.set(String(key), el);
  }
  return out;
}

/**
 * @param {any} el
 * @param {Record<string, any>} props
 */
function give(el, props) {
  const old = given.get(el) ?? {};
  for (const name in old) if (!(name in props)) set(el, name, null, old[name]);
  for (const name in props) if (props[name] !== old[name] || name === "value" || name === "checked") set(el, name, props[name], old[name]);
  given.set(el, props);
}

/**
 * @param {any} el
 * @param {string} name
 * @param {any} value
 * @param {any} old
 */
function set(el, name, value, old) {
  if (name === "key" || name === "use" || name === "own") return;
  if (name.startsWith("on")) {
    if (!value) el[name] = null;
    else if (!old) el[name] = (/** @type {Event} */ event) => given.get(el)?.[name]?.call(el, event); // the newest one
  } else if (name === "style") {
    for (const k in old ?? {}) if (!(k in (value ?? {}))) el.style.removeProperty(k);
    for (const k in value ?? {}) if (old?.[k] !== value[k]) el.style.setProperty(k, String(value[k]));
  } else if (name === "value" || name === "checked") {
    if (el[name] !== value && value != null) el[name] = value;
  } else if (value == null || (value === false && !name.startsWith("aria-"))) el.removeAttribute(name);
  else el.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
}

/**
 * Move the focus to what the next drawing marks, unless the person has gone elsewhere by then.
 * @param {Element} host
 * @param {string} selector
 * @param {number} [frames] to wait for
 */
export function refocus(host, selector, frames = 1) {
  if (frames) return requestAnimationFrame(() => refocus(host, selector, frames - 1));
  const now = document.activeElement;
  if (now instanceof HTMLInputElement || (now && now !== document.body && !host.contains(now))) return;
  /** @type {HTMLElement | SVGElement | null} */ (host.querySelector(selector))?.focus();
}

/**
 * A canvas as sharp as the screen; returns its context in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {number} w
 * @param {number} h
 * @returns {CanvasRenderingContext2D}
 */
export function crisp(canvas, w, h) {
  const r = globalThis.devicePixelRatio || 1;
  const [cw, ch] = [Math.max(1, Math.round(w * r)), Math.max(1, Math.round(h * r))];
  canvas.width = cw; // setting it also clears the canvas and its state
  canvas.height = ch;
  canvas.style.width = w + "px";
  canvas.style.height = h + "px";
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.setTransform(r, 0, 0, r, 0, 0);
  g.imageSmoothingEnabled = false;
  return g;
}

/**
 * The keys that move a focus through a list or a grid, by how much; null for other keys.
 * @param {string} key
 * @returns {[number, number] | null}
 */
export function arrow(key) {
  /** @type {Record<string, [number, number]>} */
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  return moves[key] ?? null;
}
