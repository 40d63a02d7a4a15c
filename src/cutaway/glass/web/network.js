import { h } from "./dom.js";
export class NetworkView {}
export function networkPanel(app, view, p) { return h("section", { class: "panel network", key: "network" }, h("h2", null, "Network")); }
