// SPDX-License-Identifier: Apache-2.0
//
// Pages of other origins than the API: another port, another site with TLS, sub-domains, and one that is not on the list.
"use strict";

const { scenario, run } = require("./harness");
const { PASSWORD, signed_up, lose_access_token, front } = require("./people");

// name => { page, api }: origins.
const PLACES = JSON.parse(process.env.PLACES);

function at(name, more = {}) {
    const { page, api } = PLACES[name];
    return { ...more, page: `${page}/bare/`, appInfo: { apiDomain: api } };
}

// What a session is for, from the beginning to its end.
async function live(t, name, settings) {
    const { api } = PLACES[name];
    const { person, tab, email, id } = await signed_up(t, settings);
    t.is((await tab.fetch(`${api}/api/me`)).json.userId, id, "the application knows who it is");
    await lose_access_token(person);
    await tab.run(() => Session.attemptRefreshingSession());
    t.is((await tab.fetch(`${api}/api/me`)).json.userId, id, "after a refresh too");
    await tab.page.reload();
    t.ok(await tab.has_session(), "and a reload");
    await tab.sign_out();
    t.is(await tab.has_session(), false, "signed out");
    t.is((await tab.sign_in(email, PASSWORD)).user.id, id, "and in again");
    t.is((await tab.sign_in(email, "wrong-password1")).status, "WRONG_CREDENTIALS_ERROR", "errors can be read");
    return { person, tab, id };
}

scenario("an API on another port, with cookies", async (t) => {
    const { person, tab } = await live(t, "port", at("port"));
    const { sAccessToken, sRefreshToken } = await person.cookies();
    t.is([sAccessToken.sameSite, sAccessToken.secure], ["Lax", false], "its cookie");
    t.is(sRefreshToken.path, "/auth/session/refresh", "the refresh token goes nowhere else");
    const up = tab.calls.find((call) => call.path === "/auth/signin" && call.method === "POST");
    t.is(up.got["access-control-allow-origin"], PLACES.port.page, "the origin is let in by name");
    t.is(up.got["access-control-allow-credentials"], "true", "with cookies");
    t.like(up.got["access-control-expose-headers"], /front-token/, "and may read what the SDK needs");
    const wanted = tab.calls.filter((call) => call.method === "OPTIONS").map((call) => call.status);
    t.ok(wanted.every((status) => status === 204 || status === 200), "preflight requests are answered");
});

scenario("an access token that is lost under an application of another origin", async (t) => {
    const { person, tab, id } = await signed_up(t, at("port"));
    await lose_access_token(person);
    t.is((await tab.fetch(`${PLACES.port.api}/api/me`)).json.userId, id, "the SDK sees the 401, refreshes and asks again");
});

scenario("an API of another site, with cookies", async (t) => {
    const { person } = await live(t, "site", at("site", { profile: true }));
    const { sAccessToken } = await person.cookies();
    t.is([sAccessToken.sameSite, sAccessToken.secure], ["None", true], "its cookie");
    t.is(sAccessToken.domain, new URL(PLACES.site.api).hostname, "belongs to the API alone");
});

scenario("an API of another host, with headers", async (t) => {
    const { person, tab } = await live(t, "host", at("host", { session: { tokenTransferMethod: "header" } }));
    const names = Object.keys(await person.cookies());
    t.ok(!names.includes("sAccessToken") && !names.includes("sRefreshToken"), "the API sets no cookies");
    const call = tab.calls.filter((one) => one.path === "/api/me" && one.method === "GET").pop();
    t.like(call.sent.authorization, /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/, "the access token is a header");
});

scenario("headers on one's own site", async (t) => {
    const settings = { page: `${PLACES.port.api}/bare/`, appInfo: { apiDomain: PLACES.port.api } };
    const { person, tab } = await signed_up(t, { ...settings, session: { tokenTransferMethod: "header" } });
    const names = Object.keys(await person.cookies());
    t.ok(names.includes("st-access-token") && names.includes("st-refresh-token"), "the SDK keeps the tokens");
    t.is(await tab.run(() => Session.attemptRefreshingSession()), true, "a refresh by header");
    t.ok((await tab.run(() => Session.getAccessToken())).length > 100, "the page may have the access token");
    await tab.sign_out();
    t.is(await tab.has_session(), false, "signed out");
});

scenario("sub-domains that share a session", async (t) => {
    const { page, api } = PLACES.sub;
    const { person, tab, id } = await signed_up(t, at("sub", { session: { sessionTokenFrontendDomain: ".example.com" } }));
    t.is((await person.cookies()).sAccessToken.domain, ".example.com", "the cookie is everybody's");
    const other = await person.tab(`${page.replace("app.", "www.")}/bare/`);
    t.is((await other.payload()).sub, id, "another sub-domain is signed in");
    await tab.sign_out();
    t.is(await other.has_session(), false, "until the first one signs out");
    t.ok(api, "one API for both");
});

scenario("a page that is not on the list", async (t) => {
    const tab = await t.tab({ page: `${PLACES.stranger.page}/bare/`, appInfo: { apiDomain: PLACES.port.api } });
    await t.fails(tab.sign_up("stranger@example.com", PASSWORD), /Failed to fetch/, "cannot sign anybody up");
    t.is(await tab.has_session(), false, "nobody is signed in");
    t.is(await front(tab), null, "nothing is kept");
    const posts = tab.calls.filter((call) => call.method === "POST" && call.path === "/auth/signup");
    t.is(posts, [], "the browser did not even ask");
});

run();
