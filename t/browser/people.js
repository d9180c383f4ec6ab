// SPDX-License-Identifier: Apache-2.0
//
// Users for scenarios that are about something else.
"use strict";

const PASSWORD = "analytical1843";
let people = 0;

// Somebody new, signed up in a first tab: { person, tab, email, id }.
async function signed_up(t, settings) {
    const person = await t.person(settings);
    const tab = await person.tab();
    const email = `person${++people}-${process.pid}@example.com`;
    const answer = await tab.sign_up(email, PASSWORD);
    if (answer.status !== "OK") throw new Error(`not signed up: ${JSON.stringify(answer)}`);
    return { person, tab, email, id: answer.user.id };
}

// Calls the core door, as an administrator does.
async function core(method, path, body) {
    const answer = await fetch(process.env.CORE + path, {
        method,
        headers: { "content-type": "application/json", "cdi-version": "5.4" },
        body: JSON.stringify(body),
    });
    return answer.json();
}

async function give_role(userId, role, permissions) {
    await core("PUT", "/recipe/role", { role, permissions });
    await core("PUT", "/recipe/user/role", { userId, role });
}

// The user's access token as its browser knows it: when it ends, its payload.
function front(tab) {
    return tab.run(() => {
        const value = /sFrontToken=([^;]+)/.exec(document.cookie);
        return value && JSON.parse(atob(decodeURIComponent(value[1])));
    });
}

// Waits until the access token has expired.
async function expired(t, tab) {
    const { ate } = await front(tab);
    await t.until(() => Date.now() > ate, "the end of the access token");
}

// The access token is gone, as it would be expired, but without waiting.
function lose_access_token({ context }) {
    return context.clearCookies({ name: "sAccessToken" });
}

module.exports = { PASSWORD, signed_up, core, give_role, front, expired, lose_access_token };
