// SPDX-License-Identifier: Apache-2.0
//
// Confirming an e-mail address. With the token of a mail: at once for who is signed in, else after a click, because programs
// that look at mails open links, too. Without: the page that asks to look into the mailbox.
import { config, pageUrl } from "../config.js";
import { el, link } from "../dom.js";
import { sayError, sayNews, sayStatus, showPage, turnPage } from "../frame.js";
import { failure } from "../messages.js";
import { isCircle } from "../redirect.js";
import { EmailVerification, Session } from "../sdk.js";
import { nextUrl } from "../signing-in.js";
import { targetPath, visit, visitUrl } from "../visit.js";

const SENT = "st-verification-sent"; // for whom, in this tab

export async function showVerifyEmail() {
    showPage({ title: "verify.title" });
    const signedIn = await Session.doesSessionExist();
    if (visit.token && signedIn) await confirm();
    else if (visit.token) askToConfirm();
    else if (signedIn) await askToLook();
    else location.replace(pageUrl("", { redirectToPath: visitUrl("verify-email"), tenantId: visit.tenantId }));
}

function askToConfirm() {
    showPage({ title: "verify.title", lead: { key: "verify.lead", app: config.appName } }, button("confirm", "verify.confirm", confirm, "primary"));
}

function button(id, text, action, className) {
    return el("button", { id, type: "button", text, class: className, on: { click: () => guarded(action) } });
}

let busy = false;

async function guarded(action) {
    if (busy) return;
    busy = true;
    sayError(undefined);
    sayStatus("busy");
    try {
        await action();
    } catch (error) {
        sayStatus(undefined);
        sayError(failure(error), true);
    }
    busy = false;
}

async function confirm() {
    sayStatus("verify.wait");
    const { status } = await EmailVerification.verifyEmail();
    history.replaceState(null, ""); // the token is used up
    if (status === "OK") {
        const next = (await Session.doesSessionExist()) ? targetPath() : visitUrl("");
        turnPage({ title: "verify.done" }, link("email-verified", { key: "account.continue", app: config.appName }, next, "button"));
    } else {
        turnPage({ title: "reset.invalidTitle" },
            el("p", { id: "link-invalid", text: "reset.invalid" }),
            link("link-verify-email", "reset.newLink", visitUrl("verify-email"), "button"));
    }
}

async function askToLook() {
    if (await leaveWhenVerified()) return;
    const user = await Session.getUserId();
    if (sessionStorage.getItem(SENT) !== user) {
        if (await send()) return;
        sessionStorage.setItem(SENT, user);
    }
    showPage({ title: "verify.title" },
        el("p", { id: "mail-sent", text: "verify.sent" }),
        button("send-again", "verify.again", async () => {
            if (!(await send())) sayNews("verify.onItsWay");
        }),
        el("p", { class: "other" }, link("link-account", "account.link", visitUrl("account"))));
    // The link has been opened in another tab, perhaps.
    document.addEventListener("visibilitychange", () => !document.hidden && leaveWhenVerified().catch(() => {}));
}

// Asking also brings what the session says of the address up to date.
async function leaveWhenVerified() {
    const { isVerified } = await EmailVerification.isEmailVerified();
    if (!isVerified) return false;
    if (isCircle(targetPath(), sessionStorage, Date.now())) sayError("refresh.loop", true);
    else location.replace(targetPath());
    return true;
}

// True when there was no need to: the visitor is on the way already.
async function send() {
    const { status } = await EmailVerification.sendVerificationEmail();
    if (status !== "EMAIL_ALREADY_VERIFIED_ERROR") return false;
    location.replace(await nextUrl());
    return true;
}
