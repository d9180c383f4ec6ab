// SPDX-License-Identifier: Apache-2.0
//
// A page that nginx protects has found the session expired: renew it and go back there, or sign in.
import { el, link } from "../dom.js";
import { retryButton, sayError, sayStatus, showPage, turnPage } from "../frame.js";
import { failure } from "../messages.js";
import { isCircle } from "../redirect.js";
import { Session } from "../sdk.js";
import { targetPath, visitUrl } from "../visit.js";

export async function showTryRefresh() {
    showPage({ title: "refresh.title" });
    sayStatus("refresh.wait");
    const wrong = await refresh();
    if (!wrong) return;
    turnPage({ title: "refresh.failedTitle" },
        retryButton(),
        el("p", { class: "other" }, link("link-sign-in", "refresh.toSignIn", visitUrl(""))));
    sayError(wrong);
}

async function refresh() {
    if (isCircle(targetPath(), sessionStorage, Date.now())) return "refresh.loop";
    try {
        location.replace((await Session.attemptRefreshingSession()) ? targetPath() : visitUrl(""));
    } catch (error) {
        return failure(error);
    }
    return undefined;
}
