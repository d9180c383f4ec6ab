// SPDX-License-Identifier: Apache-2.0
//
// Texts in the visitor's language. A text is a key of the catalogues, or { key, ...values } for its {placeholders}, or
// { literal } for what has no translation. Values may be texts themselves. What was written into the document follows when
// the language changes.
import { config } from "./config.js";
import de from "./texts/de.js";
import en from "./texts/en.js";
import es from "./texts/es.js";
import fr from "./texts/fr.js";

const CATALOGUES = { en, de, fr, es };
const CHOICE = "st-language";
const written = new Map(); // node => Map(attribute or "" => text)

const offered = (config?.languages ?? Object.keys(CATALOGUES)).filter((name) => name in CATALOGUES);
export const languages = offered.length ? offered : ["en"];
let language = languages[0];

export function languageName(name) {
    return CATALOGUES[name].name;
}

export function currentLanguage() {
    return language;
}

export function t(text) {
    if (typeof text === "string") return t({ key: text });
    if ("literal" in text) return text.literal;
    const { key, ...values } = text;
    const [pattern = key] = catalogues(language).filter((texts) => Object.hasOwn(texts, key)).map((texts) => texts[key]);
    return pattern.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? t(asText(values[name])) : whole)).trim();
}

// The site's own texts, and ours.
function catalogues(name) {
    return [config?.texts[name] ?? {}, CATALOGUES[name]];
}

// Is there a text with this key, in the first language?
export function knows(key) {
    return catalogues(languages[0]).some((texts) => Object.hasOwn(texts, key));
}

function asText(value) {
    return typeof value === "object" ? value : { literal: String(value) };
}

// Writes TEXT into NODE (or one of its attributes), and again whenever the language changes.
export function write(node, text, attribute = "") {
    if (!written.has(node)) written.set(node, new Map());
    written.get(node).set(attribute, text);
    put(node, attribute, text);
}

function put(node, attribute, text) {
    const value = text ? t(text) : "";
    if (attribute) node.setAttribute(attribute, value);
    else node.textContent = value;
}

export function setLanguage(name) {
    language = name;
    document.documentElement.lang = name;
    for (const [node, texts] of written) for (const [attribute, text] of texts) put(node, attribute, text);
}

export function chooseLanguage(name) {
    setLanguage(name);
    try {
        localStorage.setItem(CHOICE, name);
    } catch {
        // Browsers that keep nothing choose again the next time.
    }
}

function chosenLanguage() {
    try {
        return localStorage.getItem(CHOICE);
    } catch {
        return null;
    }
}

// The one chosen earlier, else the first that the browser asks for.
export function startLanguage() {
    const wishes = [chosenLanguage(), ...(navigator.languages ?? [])];
    for (const wish of wishes) {
        const name = String(wish).slice(0, 2).toLowerCase();
        if (languages.includes(name)) return setLanguage(name);
    }
    return setLanguage(languages[0]);
}
