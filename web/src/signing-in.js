// SPDX-License-Identifier: Apache-2.0
//
// What the pages with a sign-in at their end have in common.
import { config } from "./config.js";
import { LEAVING } from "./form.js";
import { fieldError, notAllowed } from "./messages.js";
import { forgetCircle, isCircle } from "./redirect.js";
import { Session } from "./sdk.js";
import { targetPath, visit, visitUrl } from "./visit.js";

export function formFields(values) {
    return Object.entries(values).map(([id, value]) => ({ id, value }));
}

// Of signIn and signUp, as a form wants it.
export function outcome(answer) {
    if (answer.status === "OK") return leave();
    if (answer.status === "FIELD_ERROR") return fieldErrors(answer);
    return { error: notAllowed(answer.reason) };
}

export function fieldErrors(answer) {
    return { fields: Object.fromEntries(answer.formFields.map(({ id, error }) => [id, fieldError(error)])) };
}

async function leave() {
    forgetCircle(sessionStorage);
    location.replace(await nextUrl()); // who goes back from there does not come here again
    return LEAVING;
}

// Where a signed-in visitor goes: first to the confirmation of the e-mail address, where the site asks for that.
export async function nextUrl() {
    if (config.emailVerification !== "REQUIRED") return targetPath();
    const payload = await Session.getAccessTokenPayloadSecurely();
    return payload["st-ev"]?.v === false ? visitUrl("verify-email") : targetPath();
}

// Who is signed in already does not need to be here. The page that they come from did not agree, though: it wants an access
// token, and what the browser knows of the session says nothing about that one.
async function isSignedIn() {
    if (!(await Session.doesSessionExist())) return false;
    return !visit.redirectToPath || Session.attemptRefreshingSession();
}

export async function leaveWhenSignedIn() {
    try {
        if (!(await isSignedIn())) return;
    } catch {
        return;
    }
    if (visit.redirectToPath && isCircle(visit.redirectToPath, sessionStorage, Date.now())) return;
    location.replace(await nextUrl());
}
