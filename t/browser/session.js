// SPDX-License-Identifier: Apache-2.0
//
// Access tokens that end after two seconds, and SDKs that get new ones.
"use strict";

const { scenario, run, SITE } = require("./harness");
const { PASSWORD, signed_up, core, front, expired } = require("./people");

const ME = `${SITE}/api/me`;
const REFRESH = "/auth/session/refresh";

scenario("an expired access token", async (t) => {
    const { tab, id } = await signed_up(t);
    t.is((await tab.fetch(ME)).json.userId, id, "at first the application knows who it is");
    await expired(t, tab);
    t.is((await tab.fetch(ME)).json.userId, id, "later too");
    const calls = tab.calls.map((call) => `${call.path} ${call.status}`).slice(-3);
    t.is(calls, ["/api/me 401", `${REFRESH} 200`, "/api/me 200"], "because the SDK refreshes and asks again");
    t.ok((await tab.events()).includes("REFRESH_SESSION"), "which it tells");
});

scenario("an expired access token in five tabs at once", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const tabs = [tab];
    while (tabs.length < 5) tabs.push(await person.tab());
    await expired(t, tab);
    const answers = await Promise.all(tabs.map((one) => one.fetch(ME)));
    t.is(answers.map((answer) => answer.json.userId), tabs.map(() => id), "every tab gets its answer");
    const refreshes = tabs.flatMap((one) => one.refreshes()).filter((call) => call !== "POST 200");
    t.is(refreshes, ["POST 401"], "no refresh is refused, but the first tab's before there was a session");
    for (const one of tabs) t.ok(await one.has_session(), "a tab is still signed in");
});

scenario("four tabs that never rest, over three access tokens", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const tabs = [tab];
    while (tabs.length < 4) tabs.push(await person.tab());
    const renewed = () => tabs.flatMap((one) => one.refreshes()).filter((call) => call === "POST 200").length;
    const wrong = [];
    await Promise.all(tabs.map(async (one) => {
        while (renewed() < 3 && !wrong.length) {
            const answer = await one.fetch(ME);
            if (answer.status !== 200 || answer.json.userId !== id) wrong.push(answer);
        }
    }));
    t.is(wrong, [], "always get their answer");
    t.ok(await tab.has_session(), "and stay signed in");
});

scenario("a page opened with an expired access token", async (t) => {
    const { person, tab, id } = await signed_up(t);
    const before = await front(tab);
    await expired(t, tab);
    const other = await person.tab();
    t.is((await other.payload()).sub, id, "has a session");
    t.is([...new Set(other.refreshes())], ["POST 200"], "which it refreshed before it was asked for");
    t.ok((await front(other)).ate > before.ate, "and lasts longer");
});

scenario("a session that was revoked elsewhere", async (t) => {
    const { tab, id } = await signed_up(t);
    t.is((await core("POST", "/recipe/session/remove", { userId: id })).status, "OK", "is over");
    await expired(t, tab);
    t.is((await tab.fetch(ME)).status, 401, "once its access token has expired");
    t.is(await tab.has_session(), false, "the SDK takes it away");
    t.ok((await tab.events()).includes("UNAUTHORISED"), "and tells the page");
    t.is((await tab.fetch(ME)).status, 401, "nothing more comes of it");
    t.is(tab.refreshes().filter((call) => call === "POST 401").length, 2, "and it is not refreshed again");
});

scenario("supertokens-website alone", async (t) => {
    const tab = await t.tab({ sdk: "website" });
    t.is(await tab.run(() => Website.doesSessionExist()), false, "nobody is signed in");
    const fields = [{ id: "email", value: "website@example.com" }, { id: "password", value: PASSWORD }];
    const up = await tab.fetch(`${SITE}/auth/signup`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ formFields: fields }),
    });
    t.is(up.json.status, "OK", "a form of one's own signs up");
    t.is(await tab.run(() => Website.getUserId()), up.json.user.id, "and the SDK has the session");
    await expired(t, tab);
    const by_xhr = await tab.run(
        (url) => new Promise((resolve) => {
            const request = new XMLHttpRequest();
            request.open("GET", url);
            request.onload = () => resolve(JSON.parse(request.responseText).userId);
            request.send();
        }),
        ME,
    );
    t.is(by_xhr, up.json.user.id, "XMLHttpRequest is refreshed for too");
    const [before, ...refreshes] = tab.refreshes();
    t.is([before, ...new Set(refreshes)], ["POST 401", "POST 200"], "never in vain, but before there was a session");
    await tab.run(() => Website.signOut());
    t.is(await tab.run(() => Website.doesSessionExist()), false, "signed out");
});

run();
