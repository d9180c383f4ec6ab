// SPDX-License-Identifier: Apache-2.0
//
// Forms. A field: { id, label, type, autocomplete, hint, optional }. SEND gets the values by id and returns what went wrong:
// { fields: { id: text } }, { error: text, focus: id }, or nothing; it may throw what the SDK throws.
import { el } from "./dom.js";
import { sayError, sayStatus } from "./frame.js";
import { failure } from "./messages.js";
import { write } from "./text.js";

export function form({ id, fields, submit, send }) {
    const parts = fields.map(field);
    const button = el("button", { id: "submit", type: "submit", class: "primary" }, el("span", { text: submit }));
    const node = el("form", { id, novalidate: true, method: "post" }, ...parts.map((part) => part.node), button);
    node.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!isBusy(node)) run(node, button, parts, send);
    });
    // Back from the next page, by the browser's cache of pages.
    addEventListener("pageshow", (event) => event.persisted && setBusy(node, button, false));
    return node;
}

function isBusy(node) {
    return node.getAttribute("aria-busy") === "true";
}

// The button keeps the focus, so it is not disabled.
function setBusy(node, button, busy) {
    node.setAttribute("aria-busy", String(busy));
    button.setAttribute("aria-disabled", String(busy));
    sayStatus(busy ? "busy" : undefined);
}

async function run(node, button, parts, send) {
    sayError(undefined);
    for (const part of parts) part.prepare();
    const missing = parts.filter((part) => part.isMissing());
    if (missing.length) return report(parts, { fields: Object.fromEntries(missing.map((part) => [part.id, part.missingText])) });
    setBusy(node, button, true);
    try {
        const wrong = await send(Object.fromEntries(parts.map((part) => [part.id, part.value()])));
        if (wrong === LEAVING) return undefined;
        setBusy(node, button, false);
        return wrong && report(parts, wrong);
    } catch (error) {
        setBusy(node, button, false);
        return report(parts, { error: failure(error) });
    }
}

// For SEND: the next page is being loaded, and the form stays as it is until then.
export const LEAVING = Symbol("leaving");

// The first error gets the focus: an input, or the message where no input is to blame.
function report(parts, { fields = {}, error, focus }) {
    const known = new Set(parts.map((part) => part.id));
    const [stray] = Object.keys(fields).filter((id) => !known.has(id));
    for (const part of parts) part.setError(fields[part.id]);
    const [first] = parts.filter((part) => fields[part.id]);
    if (first) {
        sayError(error ?? "error.fields");
        first.focus();
        return;
    }
    const blamed = parts.find((part) => part.id === focus);
    sayError(error ?? (stray ? fields[stray] : "error.server"), !blamed);
    if (blamed) blamed.blame();
}

function field(description) {
    return (description.type === "checkbox" ? checkbox : textField)(description);
}

function labelOf({ label, optional }) {
    return optional ? { key: "field.optional", label: typeof label === "string" ? { key: label } : label } : label;
}

function textField(description) {
    const { id, type = "text", autocomplete, hint, optional, value = "" } = description;
    const input = el("input", {
        id,
        name: id,
        type,
        autocomplete: autocomplete ?? "off",
        required: !optional,
        ...(type === "email" ? { inputmode: "email", spellcheck: "false", autocapitalize: "none" } : {}),
        maxlength: "2000",
    });
    input.value = value;
    const toggle = type === "password" && passwordToggle(input);
    const error = errorOf(id);
    const hintNode = hint && el("p", { id: `${id}-hint`, class: "hint", text: hint });
    const node = el("div", { class: "field" },
        el("label", { for: id, text: labelOf(description) }),
        el("div", { class: "input" }, input, toggle),
        hintNode,
        error);
    return {
        ...inputPart(description, input, error, hintNode),
        node,
        value: () => input.value,
        // Browsers keep what was typed into text fields; a password is never one when it is sent.
        prepare: () => toggle && toggle.conceal(),
        isMissing: () => !optional && input.value.trim() === "",
    };
}

function checkbox(description) {
    const { id, optional } = description;
    const input = el("input", { id, name: id, type: "checkbox", required: !optional });
    const error = errorOf(id);
    return {
        ...inputPart(description, input, error),
        node: el("div", { class: "field check" }, input, el("label", { for: id, text: labelOf(description) }), error),
        value: () => (input.checked ? "true" : ""),
        prepare: () => {},
        isMissing: () => !optional && !input.checked,
    };
}

function errorOf(id) {
    return el("p", { id: `${id}-error`, class: "error", hidden: true });
}

// What inputs have in common: how an error is shown, in place of the hint, and taken back once the input is changed.
function inputPart({ id }, input, error, hint = undefined) {
    const describe = (node) => {
        if (node) input.setAttribute("aria-describedby", node.id);
        else input.removeAttribute("aria-describedby");
    };
    const setError = (text) => {
        error.hidden = !text;
        write(error, text);
        if (hint) hint.hidden = Boolean(text);
        if (text) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
        describe(text ? error : hint);
    };
    describe(hint);
    input.addEventListener("input", () => setError(undefined));
    return {
        id: id.replace(/^field-/, ""),
        missingText: "error.required",
        setError,
        focus: () => input.focus(),
        // The message of the page is about this input.
        blame: () => {
            input.setAttribute("aria-invalid", "true");
            describe({ id: "page-error" });
            input.focus();
            input.select();
        },
    };
}

function passwordToggle(input) {
    const toggle = el("button", { id: `${input.id}-toggle`, type: "button", class: "toggle", "aria-controls": input.id });
    const set = (shown) => {
        input.type = shown ? "text" : "password";
        write(toggle, shown ? "password.hide" : "password.show");
        write(toggle, shown ? "password.hideLabel" : "password.showLabel", "aria-label");
    };
    toggle.addEventListener("click", () => set(input.type === "password"));
    toggle.conceal = () => set(false);
    set(false);
    return toggle;
}
