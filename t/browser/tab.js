// SPDX-License-Identifier: Apache-2.0
//
// A tab: what it asked for and was answered, and short names for what scenarios do with the SDK on the bare page.
"use strict";

class Tab {
    constructor(page, wait_ms) {
        this.page = page;
        this.calls = []; // { method, path, status, sent, got } in the order of their answers
        this.log = []; // for who looks at a failure
        page.setDefaultTimeout(wait_ms);
        page.on("console", (message) => this.log.push(`console: ${message.text()}`));
        page.on("pageerror", (error) => this.log.push(`error: ${error.message}`));
        page.on("requestfailed", (request) =>
            this.log.push(`${request.method()} ${request.url()} failed: ${request.failure().errorText}`),
        );
        page.on("response", (response) => this.note(response));
    }

    note(response) {
        const request = response.request();
        const url = new URL(request.url());
        this.log.push(`${request.method()} ${url.origin}${url.pathname} ${response.status()}`);
        this.calls.push({
            method: request.method(),
            path: url.pathname,
            status: response.status(),
            sent: request.headers(),
            got: response.headers(),
        });
    }

    // The browser takes answers MS later than they come: what is asked until then is asked with the cookies of now.
    async slow_network(ms) {
        this.network = this.network || (await this.page.context().newCDPSession(this.page));
        const unlimited = { downloadThroughput: -1, uploadThroughput: -1 };
        await this.network.send("Network.enable");
        await this.network.send("Network.emulateNetworkConditions", { offline: false, latency: ms, ...unlimited });
    }

    // Calls of a path, as "METHOD status".
    calls_of(path) {
        return this.calls.filter((call) => call.path === path).map((call) => `${call.method} ${call.status}`);
    }

    refreshes() {
        return this.calls_of("/auth/session/refresh");
    }

    run(code, argument) {
        return this.page.evaluate(code, argument);
    }

    sign_up(email, password, more = {}) {
        return this.run(
            (fields) => EmailPassword.signUp({ formFields: Object.entries(fields).map(([id, value]) => ({ id, value })) }),
            { email, password, ...more },
        );
    }

    sign_in(email, password) {
        return this.run(
            ({ email, password }) =>
                EmailPassword.signIn({ formFields: [{ id: "email", value: email }, { id: "password", value: password }] }),
            { email, password },
        );
    }

    sign_out() {
        return this.run(() => Session.signOut());
    }

    has_session() {
        return this.run(() => Session.doesSessionExist());
    }

    payload() {
        return this.run(() => Session.getAccessTokenPayloadSecurely());
    }

    // Of the SDK, by their action.
    events() {
        return this.run(() => window.events.map((event) => event.action));
    }

    // What fetch() of the page gets: { status, json }.
    fetch(url, options = {}) {
        return this.run(
            async ({ url, options }) => {
                const answer = await fetch(url, options);
                const text = await answer.text();
                let json;
                try {
                    json = JSON.parse(text);
                } catch {}
                return { status: answer.status, json, text };
            },
            { url, options },
        );
    }
}

module.exports = { Tab };
