// SPDX-License-Identifier: Apache-2.0
//
// A site that wants e-mail addresses confirmed: by the link of the mail, in this browser or another one.
"use strict";

const { scenario, run, SITE } = require("./harness");
const { link_to } = require("./mails");
const { PASSWORD, give_role } = require("./people");

const { OPTIONAL } = process.env; // a site where only some pages want it

const ready = (page) => page.waitForSelector("html[data-ready=true]");

// Somebody who has just signed up, on the page that asks to look into the mailbox.
async function join(t, email) {
    const person = await t.person({ page: `${SITE}/login/sign-up?redirectToPath=/members/` });
    const { page } = await person.tab();
    await page.fill("#email", email);
    await page.fill("#password", "analytical1843");
    await page.click("#submit");
    await page.waitForSelector("#mail-sent");
    t.like(page.url(), /\/login\/verify-email\?redirectToPath=%2Fmembers%2F$/, "a new user is asked to look into the mailbox");
    return { person, page, link: await t.until(() => link_to(email), "the mail") };
}

scenario("in the same browser", async (t) => {
    const { person, page, link } = await join(t, "ada@example.com");
    const { page: other } = await person.tab(link);
    await other.waitForSelector("#email-verified");
    t.ok(!other.url().includes("token="), "one click confirms the address, and the secret leaves the address bar");
    await page.reload();
    await page.waitForURL(`${SITE}/members/`);
    t.ok(true, "the page that waited goes on to where the user wanted to be");

    await other.goto(link);
    await other.waitForSelector("#link-invalid");
    t.ok(true, "the link works once");
    await other.goto(`${SITE}/login/account`);
    await ready(other);
    t.is(await other.locator("#link-verify-email").count(), 0, "nothing is left to confirm");
});

scenario("in another browser", async (t) => {
    const { page, link } = await join(t, "grace@example.com");
    const stranger = await t.person({ page: link });
    const { page: other } = await stranger.tab();
    await other.waitForSelector("#confirm");
    await page.reload();
    await page.waitForSelector("#mail-sent");
    t.ok(true, "opening the link alone confirms nothing: programs that look at mails do that, too");
    await other.click("#confirm");
    await other.waitForSelector("#email-verified");
    t.like(await other.getAttribute("#email-verified", "href"), /^\/login\/\?/, "a click does, and leads to the sign-in");
    await page.reload();
    await page.waitForURL(`${SITE}/members/`);
    t.ok(true, "the first browser goes on");
});

scenario("another mail", async (t) => {
    const { page, link } = await join(t, "barbara@example.com");
    await page.click("#send-again");
    await page.waitForSelector("#page-status.news");
    const second = await t.until(() => {
        const newest = link_to("barbara@example.com");
        return newest !== link && newest;
    }, "the second mail");
    await page.goto(second);
    await page.waitForSelector("#email-verified");
    t.ok(true, "works as well");
});

scenario("a page that wants it, of a site that does not", async (t) => {
    const person = await t.person({ page: `${OPTIONAL}/bare/`, appInfo: { apiDomain: OPTIONAL } });
    const tab = await person.tab();
    const { user } = await tab.sign_up("emmy@example.com", PASSWORD);
    const { page } = await person.tab(`${OPTIONAL}/members/?a=b`);
    await page.waitForSelector("#mail-sent");
    t.is(page.url(), `${OPTIONAL}/login/verify-email?redirectToPath=%2Fmembers%2F%3Fa%3Db`, "leads to the page for that");
    t.is((await tab.fetch(`${OPTIONAL}/members/`)).status, 403, "scripts are told what is missing");
    const { page: other } = await person.tab(await t.until(() => link_to("emmy@example.com"), "the mail"));
    await other.waitForSelector("#email-verified");
    await page.reload();
    await page.waitForSelector("#members-only");
    t.is(page.url(), `${OPTIONAL}/members/?a=b`, "and back, once the link has been opened");
    await give_role(user.id, "admin", []);
});

scenario("a page for others", async (t) => {
    const person = await t.person({ page: `${OPTIONAL}/bare/`, appInfo: { apiDomain: OPTIONAL } });
    const tab = await person.tab();
    await tab.sign_up("sofia@example.com", PASSWORD);
    const { page } = await person.tab(`${OPTIONAL}/admin/`);
    t.is(await page.textContent("h1"), "No access", "says that it is not open");
    t.is(page.url(), `${OPTIONAL}/admin/`, "at its own address");
    t.is(await page.locator(".card").evaluate((card) => getComputedStyle(card).display), "flex", "and looks like the login pages");
    await page.click("#link-account");
    await page.click("#sign-out");
    await page.fill("#email", "emmy@example.com");
    await page.fill("#password", PASSWORD);
    await page.click("#submit");
    await page.waitForURL(`${OPTIONAL}/admin/`);
    t.like(await page.textContent("body"), /"userId":/, "another account gets in, and lands there");
});

run();
