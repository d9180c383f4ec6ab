// SPDX-License-Identifier: Apache-2.0
//
// What config.js of the site says (written by `supertokens site pages`), with defaults. null: there is none.
const given = globalThis.ST_PAGES;

const DEFAULTS = {
    apiBasePath: "/auth",
    websiteBasePath: "/login",
    languages: ["en", "de", "fr", "es"], // the first one is for those who speak none of them
    signedInPath: "/",
    passwordProfile: "default", // or "nist"
    emailVerification: undefined, // "REQUIRED", "OPTIONAL"
    signUpFields: [], // { id, optional, type: "text" or "checkbox" }, besides email and password
    texts: {}, // { en: { "signIn.title": "...", "field.age": "..." } }, over those of the catalogues
};

export const config = given ? Object.freeze({ ...DEFAULTS, ...given }) : null;

// Where pages and API share their origin, it is the one in the address bar: a server that has several names works with each.
export function apiOrigin() {
    return config.apiDomain === config.websiteDomain ? location.origin : config.apiDomain;
}

// The address of one of our pages, with the parameters that belong to the visit.
export function pageUrl(page, parameters = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
    const text = query.toString();
    return `${config.websiteBasePath}/${page}${text ? `?${text}` : ""}`;
}
