// SPDX-License-Identifier: Apache-2.0
import { write } from "./text.js";

// An element. Attributes: `text` and `label` (the accessible name) are texts, `on` holds listeners; false and undefined
// leave an attribute out, true is an empty one. Children that are false or undefined are left out.
export function el(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (value === false || value === undefined) continue;
        if (key === "text") write(node, value);
        else if (key === "label") write(node, value, "aria-label");
        else if (key === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
        else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter(Boolean));
    return node;
}

export function link(id, text, href, className = undefined) {
    return el("a", { id, text, href, class: className });
}
