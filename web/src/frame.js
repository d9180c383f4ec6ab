// SPDX-License-Identifier: Apache-2.0
//
// What is around every page: the name of the app, the places of messages, the language switch.
import { config } from "./config.js";
import { el } from "./dom.js";
import { chooseLanguage, currentLanguage, languageName, languages, write } from "./text.js";

const alert = el("p", { id: "page-error", class: "message", role: "alert", tabindex: "-1", hidden: true });
const status = el("p", { id: "page-status", role: "status", class: "status", hidden: true });
const main = el("main", { id: "page", class: "card", tabindex: "-1" });

export function showFrame() {
    document.body.append(
        el("header", { class: "brand" },
            el("span", { class: "logo", "aria-hidden": "true" }),
            el("span", { class: "name", text: { literal: config?.appName ?? "" } })),
        main,
        languages.length > 1 && languageSwitch());
}

function languageSwitch() {
    const select = el("select", { id: "language", label: "language.label", on: { change: () => chooseLanguage(select.value) } });
    for (const name of languages) {
        const option = el("option", { value: name, lang: name, text: { literal: languageName(name) } });
        option.selected = name === currentLanguage();
        select.append(option);
    }
    return el("footer", {}, select);
}

// The content of a page under its heading, with the messages between them.
export function showPage({ title, lead }, ...content) {
    write(document.querySelector("title"), config ? { key: "title", page: { key: title }, app: config.appName } : title);
    sayError(undefined);
    sayStatus(undefined);
    main.replaceChildren(
        el("h1", { text: title }),
        ...(lead ? [el("p", { class: "lead", text: lead })] : []),
        alert,
        status,
        ...content.filter(Boolean));
}

// Another content of the same page: what was focused is gone, so the focus goes to the new heading.
export function turnPage(description, ...content) {
    showPage(description, ...content);
    const heading = main.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
}

// Unless a keyboard would pop up for it, or something else has been touched.
export function focusFirst() {
    if (!matchMedia("(pointer: coarse)").matches && document.activeElement === document.body) main.querySelector("input")?.focus();
}

export function retryButton() {
    return el("button", { id: "retry", type: "button", class: "primary", text: "retry", on: { click: () => location.reload() } });
}

function say(node, text) {
    node.hidden = !text;
    write(node, text);
}

// Read out at once; an error also gets the focus where it does not belong to an input.
export function sayError(text, focus = false) {
    say(alert, text);
    if (text && focus) alert.focus();
}

// What is going on.
export function sayStatus(text) {
    status.className = "status";
    say(status, text);
}

// What has been done.
export function sayNews(text) {
    status.className = "news";
    say(status, text);
}

export function isReady() {
    document.documentElement.dataset.ready = "true";
}
