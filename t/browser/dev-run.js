// SPDX-License-Identifier: Apache-2.0
//
// What ./dev run serves, as whoever tries it first clicks through it.
"use strict";

const fs = require("node:fs");
const { scenario, run, SITE } = require("./harness");

const EMAIL = "first@example.com";

scenario("the example site", async (t) => {
    const tab = await t.tab({ page: `${SITE}/` });
    const { page } = tab;
    await page.click("main >> text=Members");
    await page.waitForURL(/\/login\/\?redirectToPath=/);
    await page.click("#link-sign-up");
    await page.fill("#email", EMAIL);
    await page.fill("#password", "analytical1843");
    await page.click("#submit");
    await page.waitForSelector("#members-only");
    t.ok(true, "a page for members, after signing up");
    await page.click("nav >> text=Who am I");
    await page.waitForURL(`${SITE}/who/`);
    const id = await page.textContent("#who-user-id");
    t.like(id, /^[0-9a-f-]{36}$/, "a page that says who is signed in");
    await page.click("nav >> text=Account");
    t.is(await page.textContent("#user-id"), id, "as the account page does");
    await page.click("#sign-out");
    await page.waitForSelector("#sign-in-form");

    await page.click("#link-forgot-password");
    await page.fill("#email", EMAIL);
    await page.click("#submit");
    const link = new RegExp(`^mail: .*${EMAIL}: (\\S+)$`, "m");
    const [, address] = await t.until(() => link.exec(fs.readFileSync(process.env.TERMINAL, "utf8")), "the link on the terminal");
    await page.goto(address);
    await page.fill("#password", "analytical1844");
    await page.click("#submit");
    await page.click("#link-sign-in");
    await page.fill("#email", EMAIL);
    await page.fill("#password", "analytical1844");
    await page.click("#submit");
    await page.waitForURL(`${SITE}/`);
    t.ok(true, "a new password by the link on the terminal");
    const wrong = tab.log.filter((line) => / [45]\d\d$/.test(line) && !/session\/refresh 401$/.test(line));
    t.is(wrong, [], "nothing was missing on the way");
});

run();
