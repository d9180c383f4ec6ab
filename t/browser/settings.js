// SPDX-License-Identifier: Apache-2.0
//
// Settings of sites that the SDK has to agree with: claims that are asked for, statuses, tenants, fields, verified addresses,
// cookies of an older domain; and a browser whose clock is wrong.
"use strict";

const { scenario, run } = require("./harness");
const { link_to } = require("./mails");
const { PASSWORD, signed_up, core, give_role, lose_access_token } = require("./people");

// name => origin.
const SITES = JSON.parse(process.env.SITES);

function at(name, more = {}) {
    return { page: `${SITES[name]}/bare/`, appInfo: { apiDomain: SITES[name] }, ...more };
}

scenario("a claim that is missing", async (t) => {
    const { tab, id, email } = await signed_up(t, at("plain"));
    const denied = await tab.run(async () => {
        const response = await fetch("/admin/things");
        return { status: response.status, claims: await Session.getInvalidClaimsFromResponse({ response }) };
    });
    t.is(denied.status, 403, "is a 403");
    t.is(denied.claims.map((claim) => claim.id), ["st-role"], "from which the SDK reads the claim");
    t.ok((await tab.events()).includes("API_INVALID_CLAIM"), "and tells the page");
    await give_role(id, "admin", []);
    await tab.sign_out();
    await tab.sign_in(email, PASSWORD);
    t.is((await tab.fetch("/admin/things")).json.identity["x-st-roles"], "admin", "with the role it passes");
});

scenario("other statuses", async (t) => {
    const session = { sessionExpiredStatusCode: 440, invalidClaimStatusCode: 441 };
    const { person, tab, id } = await signed_up(t, at("statuses", { session }));
    await lose_access_token(person);
    t.is((await tab.fetch("/api/me")).json.userId, id, "the SDK refreshes");
    t.is(tab.calls_of("/api/me"), ["GET 440", "GET 200"], "after the status that it was told");
    t.is((await tab.fetch("/admin/things")).status, 441, "a missing claim has its own");
    t.ok((await tab.events()).includes("API_INVALID_CLAIM"), "which the SDK knows, too");
    await tab.sign_out();
    t.is((await tab.fetch("/api/me")).status, 440, "nobody is signed in any more");
});

scenario("an access token that the page may have", async (t) => {
    const { tab, id } = await signed_up(t, at("exposed"));
    const token = await tab.run(() => Session.getAccessToken());
    const answer = await fetch(`${SITES.exposed}/api/me`, { headers: { authorization: `Bearer ${token}` } });
    t.is((await answer.json()).userId, id, "is a session elsewhere");
    const { tab: other } = await signed_up(t, at("plain"));
    t.is(await other.run(() => Session.getAccessToken()), undefined, "other sites do not let it out");
});

scenario("a tenant", async (t) => {
    await core("PUT", "/recipe/multitenancy/tenant/v2", { tenantId: "t1", firstFactors: ["emailpassword"] });
    const { tab, email } = await signed_up(t, at("plain", { tenantId: "t1" }));
    t.is((await tab.payload()).tId, "t1", "is in the session");
    t.is((await tab.fetch("/api/me")).json.identity["x-st-tenant-id"], "t1", "and told to the application");
    const outside = await t.tab(at("plain"));
    t.is((await outside.sign_in(email, PASSWORD)).status, "WRONG_CREDENTIALS_ERROR", "its users are no others' users");
    const nowhere = await t.tab(at("plain", { tenantId: "t2" }));
    await t.fails(nowhere.sign_in(email, PASSWORD), /./, "an unknown one is an error");
    t.is(nowhere.calls_of("/auth/t2/signin"), ["POST 400"], "of the caller");
});

scenario("fields of the sign-up form", async (t) => {
    const tab = await t.tab(at("fields"));
    const missing = await tab.sign_up("ada@example.com", PASSWORD, { name: "Ada", age: "old" });
    t.is(missing.status, "FIELD_ERROR", "are checked");
    const errors = Object.fromEntries(missing.formFields.map(({ id, error }) => [id, error]));
    t.is(errors, { age: "Please enter a number", terms: "Field is not optional" }, "one by one");
    const good = await tab.sign_up("ada@example.com", PASSWORD, { name: "Ada", age: "", terms: "true" });
    t.is(good.status, "OK", "and may be left empty where that is allowed");
    await tab.sign_out();
    t.is((await tab.sign_in("ada@example.com", PASSWORD)).status, "OK", "nobody is asked for them again");
});

scenario("an address that is verified", async (t) => {
    const { person, tab, email } = await signed_up(t, at("verified"));
    t.is((await tab.payload())["st-ev"].v, false, "at first it is not");
    t.is((await tab.run(() => EmailVerification.sendVerificationEmail())).status, "OK", "a link can be asked for");
    const link = await t.until(() => link_to(email), "the mail");
    const other = await person.tab(`${SITES.verified}/bare/${new URL(link).search}`);
    t.is((await other.run(() => EmailVerification.verifyEmail())).status, "OK", "which verifies");
    t.is((await tab.payload())["st-ev"].v, true, "the session knows at once, in all tabs");
    t.is((await tab.run(() => EmailVerification.isEmailVerified())).isVerified, true, "and so does the server");
    const again = await other.run(() => EmailVerification.verifyEmail());
    t.is(again.status, "EMAIL_VERIFICATION_INVALID_TOKEN_ERROR", "the link works once");
    const more = await tab.run(() => EmailVerification.sendVerificationEmail());
    t.is(more.status, "EMAIL_ALREADY_VERIFIED_ERROR", "there is nothing more to verify");
});

scenario("cookies of an older domain", async (t) => {
    const { person, tab, id } = await signed_up(t, at("older"));
    const host = new URL(SITES.older).hostname;
    const old = (name, path) => ({ name, value: "old", domain: host, path, httpOnly: true });
    await person.context.addCookies([old("sAccessToken", "/"), old("sRefreshToken", "/auth/session/refresh")]);
    await tab.fetch("/api/me").catch(() => undefined);
    const mine = (await person.context.cookies()).filter(({ name }) => /^s[AR]\w+Token$/.test(name));
    t.is(mine.map(({ name, domain }) => `${name} ${domain}`).sort(),
        ["sAccessToken .example.com", "sRefreshToken .example.com"], "are cleared by the first refresh");
    t.is((await tab.fetch("/api/me")).json.userId, id, "and the session lives on");
});

scenario("a browser whose clock is wrong", async (t) => {
    for (const days of [-3, 3]) {
        const person = await t.person(at("plain"));
        await person.context.clock.setSystemTime(Date.now() + days * 86400000);
        const tab = await person.tab();
        const up = await tab.sign_up(`clock${days}@example.com`, PASSWORD);
        t.is(up.status, "OK", `${days} days: signed up`);
        t.ok(await tab.has_session(), "is signed in");
        t.is((await tab.fetch("/api/me")).json.userId, up.user.id, "the application knows who it is");
        t.is(tab.refreshes(), ["POST 401"], "nothing is refreshed before its time");
    }
});

run();
