// SPDX-License-Identifier: Apache-2.0
//
// Back from a provider. What stands in the address and in the storage is used once: a reload, or the address on its own,
// starts nothing.
import { config } from "../config.js";
import { link } from "../dom.js";
import { sayError, sayStatus, showPage, turnPage } from "../frame.js";
import { failure, notAllowed } from "../messages.js";
import { forgetCircle, safePath } from "../redirect.js";
import { ThirdParty } from "../sdk.js";
import { visitUrl } from "../visit.js";

const STATE = "supertokens-oauth-state-2"; // of the SDK

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
        const state = ThirdParty.getStateAndOtherInfoFromStorage();
        await verifyState(state);
        if (code) return code === "access_denied" ? "callback.denied" : { key: "callback.provider", code: code.slice(0, 60) };
        answer = await ThirdParty.signInAndUp();
    } catch (error) {
        return error instanceof StateError ? "callback.state" : failure(error);
    } finally {
        sessionStorage.removeItem(STATE);
        history.replaceState(null, "", location.pathname);
    }
    if (answer.status === "NO_EMAIL_GIVEN_BY_PROVIDER") return "callback.noEmail";
    if (answer.status !== "OK") return notAllowed(answer.reason);
    forgetCircle(sessionStorage);
    location.replace(safePath(sessionStorage.getItem("st-redirect-to-path"), location.origin) ?? config.signedInPath);
    return undefined;
}

class StateError extends Error {}

// Before the SDK does the same, to tell it from other failures.
async function verifyState(stateObjectFromStorage) {
    try {
        await ThirdParty.verifyAndGetStateOrThrowError({
            stateFromAuthProvider: ThirdParty.getAuthStateFromURL(),
            stateObjectFromStorage,
        });
    } catch {
        throw new StateError();
    }
}
