// SPDX-License-Identifier: Apache-2.0
//
// Where a visitor goes afterwards: only to paths of this origin, and not in circles.

// WANTED as a path with query and fragment, or undefined when it leads anywhere else.
export function safePath(wanted, origin) {
    if (typeof wanted !== "string" || !/^\/(?![/\\])/.test(wanted)) return undefined;
    let url;
    try {
        url = new URL(wanted, origin);
    } catch {
        return undefined;
    }
    const path = url.pathname + url.search + url.hash;
    return url.origin === origin && !path.startsWith("//") ? path : undefined;
}

const LAPS = 3;
const LAP_MS = 20_000;

// True when the visitor has been sent to PATH too often just now: the page there does not accept what we consider a session.
export function isCircle(path, storage, now) {
    let laps = [];
    try {
        const stored = JSON.parse(storage.getItem("st-laps") ?? "{}");
        if (stored.path === path) laps = stored.laps.filter((time) => now - time < LAP_MS);
    } catch {
        // Nothing usable is stored.
    }
    laps.push(now);
    storage.setItem("st-laps", JSON.stringify({ path, laps }));
    return laps.length > LAPS;
}

export function forgetCircle(storage) {
    storage.removeItem("st-laps");
}
