// SPDX-License-Identifier: Apache-2.0
//
// Signing in with an account elsewhere: the whole way through the pages, the provider and back, and what can go wrong on it.
"use strict";

const { scenario, run, SITE } = require("./harness");

const { PROVIDER } = process.env;
const MEMBERS = `${SITE}/members/`;

function control(knob, value) {
    return fetch(`${PROVIDER}/control/${knob}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(value),
    });
}

// From a protected page to where the provider asks.
async function consent(t, provider) {
    const person = await t.person({ page: MEMBERS });
    const tab = await person.tab();
    await tab.page.click(`#provider-${provider}`);
    await tab.page.waitForSelector("#approve");
    return { person, tab, page: tab.page };
}

async function approve(page, user = "alice") {
    await page.selectOption("#user", user);
    await page.click("#approve");
}

// Nobody is signed in, and the page says why.
async function refused(t, tab, why, name) {
    await tab.page.waitForSelector("#page-error:visible");
    t.like(await tab.page.textContent("#page-error"), why, name);
    t.is((await tab.fetch(MEMBERS, { headers: { accept: "application/json" } })).status, 401, "nobody is signed in");
}

for (const provider of ["google", "github", "apple"]) {
    scenario(`the way of ${provider}`, async (t) => {
        const ids = [];
        for (const time of ["a first", "a second"]) {
            const { tab, page } = await consent(t, provider);
            await approve(page);
            await page.waitForURL(MEMBERS);
            t.is(await page.locator("#members-only").count(), 1, `back where the visitor wanted to go, ${time} time`);
            await page.goto(`${SITE}/login/account`);
            ids.push(await page.textContent("#user-id"));
            const wrong = tab.log.filter((line) => /Content.Security.Policy|Trusted|^error:/i.test(line));
            t.is(wrong, [], "the browser has no complaints");
        }
        t.is(ids[0], ids[1], "as the same user");
    });
}

scenario("consent that is denied", async (t) => {
    const { tab, page } = await consent(t, "google");
    await page.click("#deny");
    await refused(t, tab, /did not give permission/, "is told apart");
    await page.click("#link-sign-in");
    await page.click("#provider-google");
    await page.waitForSelector("#approve");
    await approve(page);
    await page.waitForURL(MEMBERS);
    t.ok(true, "and can be given after all");
});

scenario("an answer that is used twice", async (t) => {
    const { person, tab, page } = await consent(t, "google");
    const back = page.waitForRequest((request) => request.url().startsWith(`${SITE}/login/callback/google?`));
    await approve(page);
    const address = (await back).url();
    await page.waitForURL(MEMBERS);
    await tab.page.goto(`${SITE}/login/account`);
    await page.click("#sign-out");
    await page.waitForURL(`${SITE}/login/`);
    await page.goto(address);
    await refused(t, tab, /has expired or has been used/, "signs nobody in, in the same tab");
    await refused(t, await person.tab(address), /has expired or has been used/, "nor in another");

    const thief = await t.tab({ page: `${SITE}/login/` });
    const { searchParams } = new URL(address);
    const replayed = await thief.fetch(`${SITE}/auth/signinup`, {
        method: "POST",
        headers: { "content-type": "application/json", rid: "thirdparty" },
        body: JSON.stringify({
            thirdPartyId: "google",
            redirectURIInfo: {
                redirectURIOnProviderDashboard: `${SITE}/login/callback/google`,
                redirectURIQueryParams: Object.fromEntries(searchParams),
            },
        }),
    });
    t.ok(replayed.status >= 400, "nor does its code without the page");
});

scenario("an answer with another state", async (t) => {
    const { tab, page } = await consent(t, "google");
    const asked = new URL(page.url());
    asked.searchParams.set("state", "forged");
    await page.goto(asked.href);
    await approve(page);
    await refused(t, tab, /has expired or has been used/, "is not ours");
});

scenario("an id token that was tampered with", async (t) => {
    for (const tamper of ["signature", "payload"]) {
        await control("id-token", { tamper });
        const { tab, page } = await consent(t, "google");
        await approve(page, "bob");
        await refused(t, tab, /./, `${tamper}: signs nobody in`);
        t.is(tab.calls_of("/auth/signinup").length, 1, "and is not tried again");
        await control("reset", {});
    }
});

scenario("an account without an e-mail address", async (t) => {
    const { tab, page } = await consent(t, "google");
    await approve(page, "carol");
    await refused(t, tab, /did not share an e-mail address/, "is asked to share it");
});

scenario("a provider that fails", async (t) => {
    await control("fault", { at: "token", how: "503", times: 0 });
    const { tab, page } = await consent(t, "google");
    await approve(page);
    await refused(t, tab, /./, "signs nobody in");
    t.ok(tab.calls_of("/auth/signinup")[0], "after it was asked");
    await control("reset", {});
    await page.click("#link-sign-in");
    await page.click("#provider-google");
    await page.waitForSelector("#approve");
    await approve(page);
    await page.waitForURL(MEMBERS);
    t.ok(true, "it works again when the provider does");
});

run();
