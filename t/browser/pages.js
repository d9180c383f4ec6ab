// SPDX-License-Identifier: Apache-2.0
//
// The login pages as a visitor uses them: by mouse and by keyboard, coming from a protected page and going back there.
"use strict";

const { scenario, run, SITE } = require("./harness");
const { link_to } = require("./mails");
const { expired } = require("./people");

const PASSWORD = "analytical1843";
const { ASKING } = process.env; // a site that asks for more
const MEMBERS = `${SITE}/members/`;
const LOGIN = `${SITE}/login/`;

async function ready(tab) {
    await tab.page.waitForSelector("html[data-ready=true]");
}

async function open(t, path, settings = {}) {
    const person = await t.person({ ...settings, page: SITE + path });
    const tab = await person.tab();
    await ready(tab);
    return { person, tab, page: tab.page };
}

async function follow(tab, id) {
    await tab.page.click(`#${id}`);
    await ready(tab);
}

async function fill_in(page, email, password) {
    await page.fill("#email", email);
    if (password) await page.fill("#password", password);
    await page.click("#submit");
}

// A new account; where it leads to.
async function join(t, email, path = "/login/sign-up?redirectToPath=/members/") {
    const { person, tab, page } = await open(t, path);
    await fill_in(page, email, PASSWORD);
    await page.waitForURL(MEMBERS);
    return { person, tab, page };
}

// What every visit has to be like.
function nothing_wrong(t, tab) {
    const complaints = tab.log.filter((line) => /Content.Security.Policy|Trusted|^error:/i.test(line));
    t.is(complaints, [], "the browser has no complaints about the pages");
}

scenario("from a protected page to the sign-up and back", async (t) => {
    const { tab, page } = await open(t, "/members/");
    t.is(page.url(), `${LOGIN}?redirectToPath=%2Fmembers%2F`, "a stranger is sent to the login page");
    await follow(tab, "link-sign-up");
    await fill_in(page, "ada@example.com", "short");
    await page.waitForSelector("#password[aria-invalid=true]");
    t.like(await page.textContent("#password-error"), /8 characters/, "a bad password is said to be one");
    t.is(await page.evaluate(() => document.activeElement.id), "password", "where the cursor is then");
    await fill_in(page, "ada@example.com", PASSWORD);
    await page.waitForURL(MEMBERS);
    t.like(await page.textContent("#members-only"), /You are signed in/, "the new user is where they wanted to be");
    nothing_wrong(t, tab);
});

scenario("sign out and in", async (t) => {
    const { tab, page } = await join(t, "grace@example.com");
    await page.goto(`${LOGIN}account`);
    await page.waitForSelector("#user-id");
    t.like(await page.textContent("#user-id"), /^[0-9a-f-]{36}$/, "the account page knows who it is");
    await page.click("#sign-out");
    await page.waitForURL(LOGIN);
    await page.goto(MEMBERS);
    await ready(tab);
    t.like(page.url(), /\/login\/\?redirectToPath=/, "signed out");

    await fill_in(page, "grace@example.com", "wrong-password1");
    await page.waitForSelector("#page-error:visible");
    t.is(await page.getAttribute("#page-error", "role"), "alert", "a wrong password is read out");
    const focus = () => page.evaluate(() => document.activeElement.id);
    await t.until(async () => (await focus()) === "password", "the focus");
    await fill_in(page, "grace@example.com", PASSWORD);
    await page.waitForURL(MEMBERS);
    await page.goto(LOGIN);
    await page.waitForURL(`${SITE}/`);
    t.ok(true, "who is signed in is not asked again");
    nothing_wrong(t, tab);
});

scenario("the way back after signing out", async (t) => {
    const { tab, page } = await join(t, "annie@example.com");
    await page.goto(`${LOGIN}account`);
    await page.click("#sign-out");
    await page.waitForURL(LOGIN);
    await page.evaluate(() => history.go(-2));
    await page.waitForURL(/members/);
    await ready(tab).catch(() => undefined);
    t.is(await page.locator("#members-only").count(), 0, "does not show what was there for members");
});

scenario("by keyboard alone", async (t) => {
    await join(t, "edsger@example.com");
    const { tab, page } = await open(t, "/members/");
    const keys = page.keyboard;
    const focus = () => page.evaluate(() => document.activeElement.id);
    t.is(await focus(), "email", "the first field has the focus");
    await keys.type("edsger@example.com");
    await keys.press("Tab");
    t.is(await focus(), "password", "then the password");
    await keys.type(PASSWORD);
    await keys.press("Tab");
    t.is(await focus(), "password-toggle", "then the button that shows it");
    await keys.press("Space");
    t.is(await page.getAttribute("#password", "type"), "text", "which does so");
    await keys.press("Tab");
    t.is(await focus(), "submit", "then the one that signs in");
    await keys.press("Enter");
    await page.waitForURL(MEMBERS);
    nothing_wrong(t, tab);
});

scenario("a forgotten password", async (t) => {
    const email = "barbara@example.com";
    await join(t, email);
    const { tab, page } = await open(t, "/login/");
    await follow(tab, "link-forgot-password");
    await fill_in(page, email);
    await page.waitForSelector("#mail-sent");
    const link = await t.until(() => link_to(email), "the mail with the link");

    const { tab: other, page: reset } = await open(t, link.slice(SITE.length));
    t.ok(!reset.url().includes("token="), "the secret leaves the address bar");
    await reset.reload();
    await ready(other);
    await reset.fill("#password", "liskov1987");
    await reset.click("#submit");
    await reset.waitForSelector("#password-changed");
    await follow(other, "link-sign-in");
    await fill_in(reset, email, "liskov1987");
    await reset.waitForURL(`${SITE}/`);
    t.ok(true, "the new password signs in");

    const { page: again } = await open(t, link.slice(SITE.length));
    await again.fill("#password", "liskov1988");
    await again.click("#submit");
    await again.waitForSelector("#link-invalid");
    t.ok(true, "the link works once");
    nothing_wrong(t, other);
});

scenario("a protected page with an expired access token", async (t) => {
    const { tab, page } = await join(t, "donald@example.com");
    await expired(t, tab);
    const before = tab.calls.length;
    await page.goto(MEMBERS);
    await page.waitForSelector("#members-only");
    t.is(page.url(), MEMBERS, "shows itself");
    const way = tab.calls.slice(before).filter(({ path }) => /members\/$|try-refresh$|session\/refresh$/.test(path));
    t.is(
        way.map(({ path, status }) => `${path} ${status}`),
        ["/members/ 302", "/login/try-refresh 200", "/auth/session/refresh 200", "/members/ 200"],
        "after a look at the page that refreshes",
    );
    nothing_wrong(t, tab);
});

scenario("a session that was ended meanwhile", async (t) => {
    const { person, tab, page } = await join(t, "alan@example.com");
    await person.context.clearCookies({ name: "sRefreshToken" });
    await expired(t, tab);
    await page.goto(MEMBERS);
    await page.waitForURL(/\/login\/\?redirectToPath=/);
    await ready(tab);
    await fill_in(page, "alan@example.com", PASSWORD);
    await page.waitForURL(MEMBERS);
    t.is(await page.locator("#members-only").count(), 1, "asks for the password, and goes on where it was");
});

scenario("an access token that is lost while the session lives", async (t) => {
    const { person, tab, page } = await join(t, "niklaus@example.com");
    await person.context.clearCookies({ name: "sAccessToken" });
    await page.goto(MEMBERS);
    await t.until(async () => (await page.locator("#members-only, #sign-in-form").count()) === 1, "the way out of the circle");
    t.ok(tab.calls.length < 100, "does not go in circles");
    if (await page.locator("#sign-in-form").count()) await fill_in(page, "niklaus@example.com", PASSWORD);
    await page.waitForSelector("#members-only");
});

scenario("the login page, when only the access token is lost", async (t) => {
    const { person, tab, page } = await join(t, "tony@example.com");
    await person.context.clearCookies({ name: "sAccessToken" });
    const before = tab.calls.length;
    await page.goto(`${LOGIN}?redirectToPath=%2Fmembers%2F`);
    await page.waitForSelector("#members-only");
    const way = tab.calls.slice(before).filter(({ path }) => /members\/$|login\/[\w-]*$|session\/refresh$/.test(path));
    t.is(
        way.map(({ path, status }) => `${path} ${status}`),
        ["/login/ 200", "/auth/session/refresh 200", "/members/ 200"],
        "gets another one before it leads back",
    );
    nothing_wrong(t, tab);
});

scenario("the login page, when the session has ended", async (t) => {
    const { person, tab, page } = await join(t, "robin@example.com");
    await person.context.clearCookies({ name: /^s(Access|Refresh)Token$/ });
    await page.goto(`${LOGIN}?redirectToPath=%2Fmembers%2F`);
    await ready(tab);
    await fill_in(page, "robin@example.com", PASSWORD);
    await page.waitForURL(MEMBERS);
    t.ok(true, "asks for the password at once");
});

scenario("no network for a moment", async (t) => {
    await join(t, "john@example.com");
    const { person, page } = await open(t, "/login/?redirectToPath=/members/");
    await person.context.setOffline(true);
    await fill_in(page, "john@example.com", PASSWORD);
    await page.waitForSelector("#page-error:visible");
    t.is(await page.inputValue("#email"), "john@example.com", "the form stays as it was, and says so");
    await person.context.setOffline(false);
    await page.click("#submit");
    await page.waitForURL(MEMBERS);
    t.ok(true, "and works when there is one again");
});

scenario("a target elsewhere", async (t) => {
    await join(t, "ken@example.com");
    for (const target of ["//evil.example/", "https://evil.example/", "/\\evil.example/", "javascript:alert(1)"]) {
        const { page } = await open(t, `/login/?redirectToPath=${encodeURIComponent(target)}`);
        await fill_in(page, "ken@example.com", PASSWORD);
        await page.waitForURL(`${SITE}/`);
        t.ok(true, `${target} is not gone to`);
    }
});

scenario("four languages", async (t) => {
    for (const language of ["en", "de", "fr", "es"]) {
        const texts = await import(`../../web/src/texts/${language}.js`);
        const title = texts.default["signIn.title"];
        const { tab, page } = await open(t, "/login/", { context: { locale: `${language}-${language.toUpperCase()}` } });
        t.is(await page.getAttribute("html", "lang"), language, `${language}: by the browser's wish`);
        t.is(await page.textContent("h1"), title, title);
        nothing_wrong(t, tab);
    }
    const { page } = await open(t, "/login/");
    await page.selectOption("#language", "de");
    await page.waitForFunction(() => document.documentElement.lang === "de");
    t.is(await page.textContent("h1"), "Anmelden", "or by a choice");
    await page.reload();
    await page.waitForSelector("html[data-ready=true][lang=de]");
    t.ok(true, "which is remembered");
});

scenario("more fields, and an address to confirm", async (t) => {
    const person = await t.person({ page: `${ASKING}/login/sign-up` });
    const tab = await person.tab();
    const { page } = tab;
    await ready(tab);
    await fill_in(page, "margaret@example.com", PASSWORD);
    await page.waitForSelector("#field-terms[aria-invalid=true]");
    t.is(await page.getAttribute("#field-name", "aria-invalid"), "true", "what is missing is marked");
    t.is(await page.getAttribute("#field-age", "aria-invalid"), null, "what is optional is not");
    await page.fill("#field-name", "Margaret");
    await page.fill("#field-age", "old");
    await page.check("#field-terms");
    await page.click("#submit");
    await page.waitForSelector("#field-age[aria-invalid=true]");
    t.is(await page.textContent("#field-age-error"), "Please enter a number", "what is wrong says what the site says");
    await page.fill("#field-age", "33");
    await page.click("#submit");
    const link = await t.until(() => link_to("margaret@example.com"), "the mail to confirm the address");
    const other = await person.tab(link);
    await other.page.waitForSelector("#email-verified");
    t.is((await tab.fetch(`${ASKING}/members/`)).status, 200, "after which the new member is let in");
    nothing_wrong(t, tab);
});

run();
