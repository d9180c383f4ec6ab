// SPDX-License-Identifier: Apache-2.0
//
// What the address of this visit says. Secrets are taken off the address bar, so that they are neither seen there nor
// bookmarked nor sent on; a reload still finds them.
import { config, pageUrl } from "./config.js";
import { safePath } from "./redirect.js";

const SECRETS = ["token"];
const TARGET = "st-redirect-to-path"; // while the visitor is at a provider

function read() {
    const query = new URLSearchParams(location.search);
    const kept = history.state?.visit ?? {};
    const secrets = Object.fromEntries(SECRETS.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
    if (Object.keys(secrets).length) {
        for (const name of SECRETS) query.delete(name);
        const rest = query.toString();
        history.replaceState({ visit: secrets }, "", location.pathname + (rest ? `?${rest}` : "") + location.hash);
    }
    const page = pageName();
    const target = page.startsWith("callback/") ? sessionStorage.getItem(TARGET) : query.get("redirectToPath");
    return {
        page,
        show: query.get("show"),
        tenantId: query.get("tenantId") || undefined,
        redirectToPath: safePath(target, location.origin),
        ...kept,
        ...secrets,
    };
}

// "sign-up", "callback/google"; "" is the sign-in page.
function pageName() {
    const base = config?.websiteBasePath ?? "";
    const path = location.pathname;
    return (path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path.replace(/^.*\//, "")).replace(/\/$/, "");
}

export const visit = read();

export function rememberTarget() {
    sessionStorage.setItem(TARGET, visit.redirectToPath ?? "");
}

// Where a signed-in visitor goes.
export function targetPath() {
    return visit.redirectToPath ?? config.signedInPath;
}

// Another of our pages in the same visit.
export function visitUrl(page) {
    return pageUrl(page, { redirectToPath: visit.redirectToPath, tenantId: visit.tenantId });
}
