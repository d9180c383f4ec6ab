// SPDX-License-Identifier: Apache-2.0
import { config, pageUrl } from "../config.js";
import { el, link } from "../dom.js";
import { sayError, sayStatus, showPage } from "../frame.js";
import { failure } from "../messages.js";
import { Session } from "../sdk.js";
import { visitUrl } from "../visit.js";

export async function showAccount() {
    showPage({ title: "refresh.title" });
    if (!(await Session.doesSessionExist())) {
        location.replace(pageUrl("", { redirectToPath: location.pathname }));
        return;
    }
    const payload = await Session.getAccessTokenPayloadSecurely();
    const tenant = payload.tId ?? "public"; // the one of sites that know no tenants
    const roles = payload["st-role"]?.v ?? [];
    showPage({ title: "account.title", lead: { key: "account.lead", app: config.appName } },
        el("dl", {},
            ...entry("user-id", "account.user", await Session.getUserId()),
            ...(tenant === "public" ? [] : entry("tenant-id", "account.tenant", tenant)),
            ...(roles.length ? entry("roles", "account.roles", roles.join(", ")) : [])),
        payload["st-ev"]?.v === false && el("p", {},
            el("span", { text: "account.unverified" }), " ", link("link-verify-email", "account.verify", visitUrl("verify-email"))),
        link("link-continue", { key: "account.continue", app: config.appName }, config.signedInPath, "button"),
        el("button", { id: "sign-out", type: "button", text: "account.signOut", on: { click: signOut } }));
}

function entry(id, term, value) {
    return [el("dt", { text: term }), el("dd", { id, text: { literal: value } })];
}

async function signOut() {
    sayError(undefined);
    sayStatus("busy");
    try {
        await Session.signOut();
        location.assign(visitUrl(""));
    } catch (error) {
        sayStatus(undefined);
        sayError(failure(error), true);
    }
}
