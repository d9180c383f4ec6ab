// SPDX-License-Identifier: Apache-2.0
//
// Back from a provider, with a code or an error in the address, which is good for one time: a reload starts nothing.
import { link } from "../dom.js";
import { sayError, sayStatus, showPage, turnPage } from "../frame.js";
import { notAllowed, providerFailure } from "../messages.js";
import { forgetCircle } from "../redirect.js";
import { StateError, ThirdParty } from "../sdk.js";
import { nextUrl } from "../signing-in.js";
import { visitUrl } from "../visit.js";

export async function showCallback() {
    showPage({ title: "callback.title" });
    sayStatus("callback.wait");
    const code = new URLSearchParams(location.search).get("error");
    const wrong = await signIn(code);
    if (!wrong) return;
    turnPage({ title: "callback.failedTitle" }, link("link-sign-in", "callback.back", visitUrl(""), "button"));
    sayError(wrong);
}

async function signIn(code) {
    let answer;
    try {
        answer = await ThirdParty.signInAndUp();
    } catch (error) {
        if (error instanceof StateError) return "callback.state";
        if (code) return code === "access_denied" ? "callback.denied" : { key: "callback.provider", code: code.slice(0, 60) };
        return providerFailure(error);
    } finally {
        history.replaceState(null, "", location.pathname);
    }
    if (answer.status === "NO_EMAIL_GIVEN_BY_PROVIDER") return "callback.noEmail";
    if (answer.status !== "OK") return notAllowed(answer.reason);
    forgetCircle(sessionStorage);
    location.replace(await nextUrl());
    return undefined;
}
