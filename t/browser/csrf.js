// SPDX-License-Identifier: Apache-2.0
//
// The three modes against forged requests: what the SDK does goes through, what a page of another origin with the browser's
// cookies does is stopped, except by NONE. Ports make other origins, but not other sites, so SameSite=Lax does not help here.
"use strict";

const { scenario, run } = require("./harness");
const { signed_up, lose_access_token } = require("./people");

const { PAGES } = process.env;
const APIS = { NONE: process.env.NONE, VIA_CUSTOM_HEADER: process.env.VIA_CUSTOM_HEADER, VIA_TOKEN: process.env.VIA_TOKEN };

// What a form of another page does; its answer cannot be read there.
function forge(tab, url) {
    return tab.run((url) => fetch(url, { method: "POST", mode: "no-cors", credentials: "include" }).then(() => "sent"), url);
}

for (const [mode, api] of Object.entries(APIS)) {
    scenario(`anti-CSRF ${mode}`, async (t) => {
        const { person, tab, id } = await signed_up(t, { page: `${api}/bare/`, appInfo: { apiDomain: api } });
        t.is(!!(await person.cookies()).sAntiCsrf, mode === "VIA_TOKEN", "a token is there where there has to be one");
        const write = () => tab.fetch(`${api}/api/write`, { method: "POST" });
        t.is((await write()).json.userId, id, "the page can write");
        await lose_access_token(person);
        t.is((await write()).json.userId, id, "after a refresh too");

        const evil = await person.tab(`${PAGES}/nothing-here`);
        const before = (await person.cookies()).sAccessToken.value;
        for (const path of ["/auth/session/refresh", "/auth/signout"]) await forge(evil, api + path);
        const forged = evil.calls.slice(1).map((call) => `${call.path} ${call.status}`);
        if (mode === "NONE") {
            t.is(forged, ["/auth/session/refresh 200", "/auth/signout 200"], "a forged sign-out ends the session");
            t.is((await tab.fetch(`${api}/api/read`)).status, 401, "which is gone");
            return;
        }
        t.is(forged, ["/auth/session/refresh 401", "/auth/signout 401"], "forged requests are refused");
        t.ok(before, "there was a token");
    });
}

scenario("forged writes", async (t) => {
    for (const [mode, api] of Object.entries(APIS)) {
        const { person } = await signed_up(t, { page: `${api}/bare/`, appInfo: { apiDomain: api } });
        const evil = await person.tab(`${PAGES}/nothing-here`);
        await forge(evil, `${api}/api/write`);
        const status = evil.calls.pop().status;
        t.is(status, mode === "NONE" ? 200 : 401, `reach the application with ${mode}: ${status === 200}`);
    }
});

run();
