// The page of `cutaway open`.
import { connect } from "./link.js";
import studio from "./studio.js";

studio.render({ model: connect(), el: document.body });
