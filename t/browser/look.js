// SPDX-License-Identifier: Apache-2.0
//
// How the login pages look, to people and to what reads them out: nothing that axe finds, nothing wider than a phone, and the
// first error has the focus. Each page and each of its errors is seen in both themes.
"use strict";

const { readFileSync } = require("node:fs");
const { scenario, run, SITE } = require("./harness");

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// A desktop, and a phone; 320 is also what is left of 1280 for those who enlarge it four times (WCAG 1.4.10).
const SIGHTS = [
    { colorScheme: "light", viewport: { width: 1100, height: 800 } },
    { colorScheme: "dark", viewport: { width: 320, height: 640 } },
];

const fill = (values, wanted) => async (page) => {
    for (const [id, value] of Object.entries(values)) await page.fill(`#${id}`, value);
    await page.click("#submit");
    await page.waitForSelector(wanted);
};
const answer = (path, status, body) => (page) => page.route(`**/auth/${path}*`, (route) => route.fulfill({ status, json: body }));
const METHODS = {
    status: "OK",
    thirdParty: { providers: [{ id: "google", name: "Google" }, { id: "long", name: "The Very Long Name of a Company" }] },
    firstFactors: ["emailpassword", "thirdparty"],
};
const ADA = { email: "ada@example.com", password: "analytical1843" };

// name, path, language, { before: (page), act: (page), focus: id of what has it then }
const PAGES = [
    ["signing in", "/login/", "en", { before: answer("loginmethods", 200, METHODS) }],
    ["nothing entered", "/login/", "de", { act: fill({}, "#password-error"), focus: "email" }],
    ["a wrong password", "/login/", "fr", { act: fill(ADA, "#page-error"), focus: "password" }],
    ["a busy server", "/login/", "es", { before: answer("signin", 503, {}), act: fill(ADA, "#page-error"), focus: "page-error" }],
    ["no answer at the start", "/login/", "en", { before: answer("loginmethods", 500, {}) }],
    ["signing up", "/login/sign-up", "de", {}],
    ["bad fields", "/login/sign-up", "fr", { act: fill({ email: "ada", password: "short", "field-name": "Ada" }, "#field-terms-error"), focus: "field-terms" }],
    ["fields that the server refuses", "/login/sign-up", "es", { act: signUpBadly, focus: "email" }],
    ["a forgotten password", "/login/forgot-password", "en", {}],
    ["the mail is sent", "/login/forgot-password", "de", { act: fill({ email: ADA.email }, "#mail-sent") }],
    ["a new password", "/login/reset-password?token=abc", "fr", { act: fill({ password: "short" }, "#password-error"), focus: "password" }],
    ["a link that is used up", "/login/reset-password?token=abc", "es", { act: fill({ password: ADA.password }, "#link-invalid") }],
    ["an incomplete link", "/login/reset-password", "en", {}],
    ["an address to confirm", "/login/verify-email?token=abc", "de", { act: (page) => page.waitForSelector("#confirm") }],
    ["a mail to look for", "/login/sign-up", "fr", { act: (page) => account(page, "verify-email", "#mail-sent") }],
    ["a provider's answer to nobody", "/login/callback/google?code=a&state=b", "de", { act: (page) => page.waitForSelector("#link-sign-in") }],
    ["going in circles", "/login/try-refresh?redirectToPath=/x", "fr", { before: threeLaps, act: (page) => page.waitForSelector("#retry") }],
    ["an account", "/login/sign-up", "en", { act: (page) => account(page) }],
    ["no access", "/login/sign-up", "de", { act: (page) => account(page, "../members/", "#no-access") }],
    ["the example site", "/", "en", { ready: "h1" }],
];

async function signUpBadly(page) {
    await page.check("#field-terms");
    await fill({ email: "ada@example", password: "short", "field-name": "Ada", "field-age": "old" }, "#field-age-error")(page);
}

function threeLaps(page) {
    return page.addInitScript(() => {
        const laps = [0, 0, 0].map(() => Date.now());
        sessionStorage.setItem("st-laps", JSON.stringify({ path: "/x", laps }));
    });
}

async function account(page, path = "account", wanted = "#sign-out") {
    await page.check("#field-terms");
    for (const [id, value] of Object.entries({ ...ADA, email: `${Math.random()}@example.com`, "field-name": "Ada" })) await page.fill(`#${id}`, value);
    await page.click("#submit");
    await page.waitForURL(`${SITE}/`);
    await page.goto(`${SITE}/login/${path}`);
    await page.waitForSelector(wanted);
}

async function look(t, [, path, language, { before, act, focus, ready = "html[data-ready]" }], sight) {
    const person = await t.person({ context: { ...sight, locale: language, bypassCSP: true, reducedMotion: "reduce" } });
    const { page } = await person.tab(null);
    if (before) await before(page);
    await page.goto(SITE + path);
    await page.waitForSelector(ready);
    if (act) await act(page);
    const name = `${sight.colorScheme}, ${sight.viewport.width} wide`;
    await page.evaluate(AXE);
    const found = await page.evaluate((rules) => axe.run(document, { runOnly: rules }), RULES);
    const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(" ")}`);
    t.is(told, [], `${name}: no barriers`);
    t.is(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)), 0, "nothing is cut off");
    t.is(await page.evaluate(() => /\{\w+\}|undefined|\[object/.test(document.body.innerText)), false, "every text is whole");
    if (focus) await t.until(() => page.evaluate((id) => document.activeElement.id === id, focus), `the focus is on ${focus}`);
    await person.context.close();
}

for (const seen of PAGES) {
    scenario(seen[0], async (t) => {
        for (const sight of SIGHTS) await look(t, seen, sight);
    });
}
run();
