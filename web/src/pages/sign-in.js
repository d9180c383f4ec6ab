// SPDX-License-Identifier: Apache-2.0
import { config } from "../config.js";
import { el, link } from "../dom.js";
import { form, LEAVING } from "../form.js";
import { sayError, showPage } from "../frame.js";
import { fieldError, notAllowed } from "../messages.js";
import { loginMethods, providerButtons } from "../methods.js";
import { forgetCircle, isCircle } from "../redirect.js";
import { EmailPassword, Session } from "../sdk.js";
import { targetPath, visit, visitUrl } from "../visit.js";

export async function showSignIn() {
    if (visit.show === "signup") return location.replace(visitUrl("sign-up"));
    const description = { title: "signIn.title", lead: { key: "signIn.lead", app: config.appName } };
    showPage(description);
    const [methods] = await Promise.all([loginMethods(), leaveWhenSignedIn()]);
    showPage(description,
        methods.password && form({ id: "sign-in-form", fields: FIELDS, submit: "signIn.submit", send }),
        methods.password && el("p", { class: "aside" }, link("link-forgot-password", "signIn.forgot", visitUrl("forgot-password"))),
        providerButtons(methods),
        methods.password && el("p", { class: "other" },
            el("span", { text: "signIn.other" }), " ", link("link-sign-up", "signIn.toSignUp", visitUrl("sign-up"))));
    if (!methods.password && !methods.providers.length) sayError("error.noMethods");
    return undefined;
}

const FIELDS = [
    { id: "email", label: "field.email", type: "email", autocomplete: "username" },
    { id: "password", label: "field.password", type: "password", autocomplete: "current-password" },
];

async function send(values) {
    const answer = await EmailPassword.signIn({ formFields: formFields(values), shouldTryLinkingWithSessionUser: false });
    if (answer.status === "WRONG_CREDENTIALS_ERROR") return { error: "error.credentials", focus: "password" };
    return outcome(answer);
}

export function formFields(values) {
    return Object.entries(values).map(([id, value]) => ({ id, value }));
}

// What sign-in and sign-up have in common.
export function outcome(answer) {
    if (answer.status === "OK") return leave();
    if (answer.status === "FIELD_ERROR") return fieldErrors(answer);
    return { error: notAllowed(answer.reason) };
}

export function fieldErrors(answer) {
    return { fields: Object.fromEntries(answer.formFields.map(({ id, error }) => [id, fieldError(error)])) };
}

export function leave() {
    forgetCircle(sessionStorage);
    location.assign(targetPath());
    return LEAVING;
}

// Who is signed in already does not need to be here; unless the page that they come from does not agree.
export async function leaveWhenSignedIn() {
    try {
        if (!(await Session.doesSessionExist())) return;
    } catch {
        return;
    }
    if (!isCircle(targetPath(), sessionStorage, Date.now())) location.replace(targetPath());
}
