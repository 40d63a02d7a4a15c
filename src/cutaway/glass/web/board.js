import { h } from "./dom.js";
export class Board {}
export function boardView(app, view, p) { return h("div", { class: "work board", key: "board" }, "board"); }
