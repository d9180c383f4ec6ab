// SPDX-License-Identifier: Apache-2.0
//
// The provider's process has ended.
"use strict";

const { scenario, run, SITE } = require("./harness");

scenario("a provider that is not there", async (t) => {
    const tab = await t.tab({ page: `${SITE}/login/` });
    const { page } = tab;
    await page.click("#provider-custom"); // it is offered all the same
    await page.waitForSelector("#page-error:visible");
    t.is(page.url(), `${SITE}/login/`, "the visitor stays, and is told");

    await page.click("#link-sign-up");
    await page.fill("#email", "someone@example.com");
    await page.fill("#password", "analytical1843");
    await page.click("#submit");
    await page.waitForURL(`${SITE}/`);
    t.ok(true, "other ways still work");
});

run();
