// SPDX-License-Identifier: Apache-2.0
//
// One session in several tabs, and in the hands of a thief.
"use strict";

const { scenario, run, SITE } = require("./harness");
const { PASSWORD, signed_up, give_role, lose_access_token } = require("./people");

const ME = `${SITE}/api/me`;

scenario("five tabs that need a new access token at once", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const tabs = [tab];
    while (tabs.length < 5) tabs.push(await person.tab());
    await lose_access_token(person);
    const answers = await Promise.all(tabs.map((one) => one.fetch(ME)));
    t.is(answers.map((answer) => answer.json.userId), tabs.map(() => id), "all get their answer");
    const refreshes = tabs.flatMap((one) => one.refreshes());
    t.is(refreshes.filter((call) => call === "POST 200").length, 1, "by one refresh, for which the others wait");
    for (const one of tabs) t.ok(await one.has_session(), "a tab is still signed in");
});

scenario("refreshes that do not wait for each other", async (t) => {
    const { tab, id } = await signed_up(t);
    // An answer that comes before the last of them is sent would give that one another token than the others have.
    await tab.slow_network(5000);
    const statuses = await tab.run(() => {
        const refresh = () => fetch("/auth/session/refresh", { method: "POST", headers: { rid: "session" } });
        return Promise.all([1, 2, 3, 4, 5].map(refresh)).then((all) => all.map((answer) => answer.status));
    });
    await tab.slow_network(0);
    t.is(statuses, [200, 200, 200, 200, 200], "all succeed");
    t.is((await tab.fetch(ME)).json.userId, id, "and whichever came last is a session");
    const after = await tab.run(() => Session.attemptRefreshingSession());
    t.is(after, true, "that can be refreshed");
    t.ok(await tab.has_session(), "nobody was logged out");
});

scenario("sign-out in another tab", async (t) => {
    const { person, tab } = await signed_up(t);
    const other = await person.tab();
    t.ok(await other.has_session(), "both tabs are signed in");
    await tab.sign_out();
    t.is(await other.has_session(), false, "both are signed out");
    t.is((await other.fetch(ME)).status, 401, "the other one too gets nothing any more");
});

scenario("somebody else in another tab", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const { email: other_email, id: other_id } = await signed_up(t);
    const second = await person.tab();
    await second.sign_out();
    await second.sign_in(other_email, PASSWORD);
    t.is((await tab.fetch(ME)).json.userId, other_id, "is who the browser is for the application");
    t.is(await tab.run(() => Session.getUserId()), other_id, "and for the first tab");
    t.ok(id !== other_id, "not the one before");
});

scenario("a stolen refresh token", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const stolen = await person.context.cookies();
    for (const time of ["", " again"]) {
        await lose_access_token(person);
        t.is((await tab.fetch(ME)).json.userId, id, `the owner goes on${time}`);
    }

    const thief = await t.person({ page: `${SITE}/nothing-here` });
    await thief.context.addCookies(stolen);
    const hideout = await thief.tab();
    const refreshed = await hideout.fetch(`${SITE}/auth/session/refresh`, { method: "POST", headers: { rid: "session" } });
    t.is(refreshed.status, 401, "the old token is refused");
    t.is(refreshed.json.message, "token theft detected", "as stolen");
    const loot = Object.keys(await thief.cookies());
    t.ok(!loot.includes("sAccessToken") && !loot.includes("sRefreshToken"), "and taken away");

    await lose_access_token(person);
    t.is((await tab.fetch(ME)).status, 401, "the session is over");
    t.is(await tab.has_session(), false, "for the owner too");
    t.ok((await tab.events()).includes("UNAUTHORISED"), "whose SDK tells");
});

scenario("a thief who comes first", async (t) => {
    const { person, tab } = await signed_up(t);
    const thief = await t.person();
    await thief.context.addCookies(await person.context.cookies());
    const hideout = await thief.tab();
    for (let i = 0; i < 2; i++) {
        await lose_access_token(thief);
        t.is((await hideout.fetch(ME)).status, 200, "lives in the session");
    }
    await lose_access_token(person);
    t.is((await tab.fetch(ME)).status, 401, "until the owner comes with the old token");
    t.is(await tab.has_session(), false, "who is logged out");
    await lose_access_token(thief);
    t.is((await hideout.fetch(ME)).status, 401, "together with the thief");
});

scenario("claims", async (t) => {
    const { tab, id, email } = await signed_up(t);
    await give_role(id, "writer", ["write"]);
    t.is((await tab.payload())["st-role"].v, [], "roles are those of the time of the sign-in");
    await tab.sign_out();
    await tab.sign_in(email, PASSWORD);
    const payload = await tab.payload();
    t.is(payload.iss, `${SITE}/auth`, "the issuer is the API");
    t.is(payload["st-role"].v, ["writer"], "the next sign-in brings them");
    const claims = await tab.run(async () => ({
        role: await Session.getClaimValue({ claim: UserRoleClaim }),
        permissions: await Session.getClaimValue({ claim: PermissionClaim }),
        good: await Session.validateClaims({
            overrideGlobalClaimValidators: () => [UserRoleClaim.validators.includes("writer")],
        }),
        bad: await Session.validateClaims({
            overrideGlobalClaimValidators: () => [UserRoleClaim.validators.includes("admin")],
        }),
    }));
    t.is(claims.role, ["writer"], "the SDK reads them");
    t.is(claims.permissions, ["write"], "and permissions");
    t.is(claims.good, [], "and validates them");
    t.is(claims.bad.map((error) => error.id), ["st-role"], "also those that are not there");
    t.is((await tab.fetch(ME)).json.identity["x-st-roles"], "writer", "the application knows them");
});

run();
