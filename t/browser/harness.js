// SPDX-License-Identifier: Apache-2.0
//
// Scenarios in Chromium: each has cookies of its own, tabs, and checks that are reported to ST::Chromium as lines of JSON.
//
//   scenario("a wrong password", async (t) => {
//       const tab = await t.tab();
//       ...
//       t.is(answer.status, "WRONG_CREDENTIALS_ERROR", "is refused");
//   });
//   run();
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { isDeepStrictEqual, inspect } = require("node:util");
const { chromium } = require("playwright-core");
const { Tab } = require("./tab");

const { CHROMIUM, SITE, ST_SCENARIO, TMPDIR } = process.env;
const WAIT_MS = 15000 * Number(process.env.ST_SLOW || 1);
const SCENARIO_MS = 2 * WAIT_MS;
const FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    // Every name is this machine: nothing is asked for elsewhere.
    "--host-resolver-rules=MAP * 127.0.0.1",
    "--ignore-certificate-errors",
];
const OPTIONS = { executablePath: CHROMIUM, args: FLAGS, timeout: SCENARIO_MS };

const scenarios = [];

function scenario(name, story) {
    scenarios.push({ name, story });
}

function report(line) {
    process.stdout.write(JSON.stringify(line) + "\n");
}

function one_line(error) {
    return String(error.message || error).split("\n")[0];
}

// Debian's Chromium, and incognito windows everywhere, take no cookies of other sites by themselves.
function third_party_profile() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "profile-"));
    fs.mkdirSync(path.join(dir, "Default"));
    const preferences = { profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } };
    fs.writeFileSync(path.join(dir, "Default", "Preferences"), JSON.stringify(preferences));
    return dir;
}

// What a scenario works with.
class Scenario {
    constructor(browser) {
        this.browser = browser;
        this.people = [];
        this.failed = false;
    }

    // Somebody else's browser: cookies of its own. SETTINGS are those of bare/page.js, and
    //   context   of Playwright, such as locale
    //   page      where its tabs begin
    //   profile   a process and profile of its own, which takes cookies of other sites than the page's
    async person(settings = {}) {
        const context = settings.profile
            ? await chromium.launchPersistentContext(third_party_profile(), OPTIONS)
            : await this.browser.newContext({ locale: "en-GB", ...settings.context });
        context.setDefaultTimeout(WAIT_MS);
        const person = { context, settings, tabs: [] };
        this.people.push(person);
        await context.addInitScript((given) => (window.settings = given), {
            sdk: settings.sdk || "web-js",
            appInfo: { appName: "Test", apiDomain: SITE, apiBasePath: "/auth", ...settings.appInfo },
            session: settings.session || {},
            tenantId: settings.tenantId,
        });
        person.tab = async (url = settings.page || `${SITE}/bare/`) => {
            const tab = new Tab(await context.newPage(), WAIT_MS);
            person.tabs.push(tab);
            if (url) await tab.page.goto(url);
            return tab;
        };
        person.cookies = async () =>
            Object.fromEntries((await context.cookies()).map((cookie) => [cookie.name, cookie]));
        return person;
    }

    // A tab of somebody new.
    async tab(settings) {
        return (await this.person(settings)).tab();
    }

    // Asks CHECK until it answers true; that answer.
    async until(check, name) {
        const end = Date.now() + WAIT_MS;
        for (;;) {
            const answer = await check();
            if (answer) return answer;
            if (Date.now() > end) throw new Error(`waited in vain: ${name}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    check(ok, name, diag) {
        this.failed = this.failed || !ok;
        report(ok ? { ok, name } : { ok, name, diag });
        return ok;
    }

    ok(value, name) {
        return this.check(!!value, name, `got: ${inspect(value)}`);
    }

    is(got, wanted, name) {
        return this.check(isDeepStrictEqual(got, wanted), name, `got: ${inspect(got)}\nexpected: ${inspect(wanted)}`);
    }

    like(got, pattern, name) {
        return this.check(pattern.test(got), name, `got: ${inspect(got)}\nexpected: ${pattern}`);
    }

    async fails(promise, pattern, name) {
        const said = await promise.then(() => "nothing failed", one_line);
        return this.like(said, pattern, name);
    }

    async end() {
        for (const { tabs, context } of this.people) {
            if (this.failed) for (const tab of tabs) await show(tab);
            await context.close();
        }
    }
}

// For who looks at a failure; the picture stays with ST_KEEP=1.
async function show({ page, log }) {
    const picture = path.join(TMPDIR, `${Date.now()}.png`);
    await page.screenshot({ path: picture }).catch(() => undefined);
    report({ note: [...log.slice(-40), picture].join("\n") });
}

async function play(browser, { name, story }) {
    report({ scenario: name });
    const t = new Scenario(browser);
    const late = new Promise((_, reject) => {
        setTimeout(() => reject(new Error("the scenario takes too long")), SCENARIO_MS).unref();
    });
    try {
        await Promise.race([story(t), late]);
    } catch (error) {
        t.check(false, "goes through", error.stack || String(error));
    }
    await t.end();
}

async function run() {
    const browser = await chromium.launch(OPTIONS);
    try {
        for (const one of scenarios) {
            if (one.name.includes(ST_SCENARIO || "")) await play(browser, one);
        }
    } finally {
        await browser.close();
    }
    report({ done: true });
}

module.exports = { scenario, run, SITE };
