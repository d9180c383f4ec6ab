// SPDX-License-Identifier: Apache-2.0
import { el, link } from "../dom.js";
import { form } from "../form.js";
import { focusFirst, showPage, turnPage } from "../frame.js";
import { notAllowed } from "../messages.js";
import { EmailPassword } from "../sdk.js";
import { fieldErrors, formFields } from "../signing-in.js";
import { visitUrl } from "../visit.js";

export function showForgotPassword() {
    showPage({ title: "forgot.title", lead: "forgot.lead" }, ...content(""));
    focusFirst();
}

function content(email) {
    return [
        form({
            id: "forgot-password-form",
            fields: [{ id: "email", label: "field.email", type: "email", autocomplete: "username", value: email }],
            submit: "forgot.submit",
            send,
        }),
        backLink(),
    ];
}

function backLink() {
    return el("p", { class: "other" }, link("link-sign-in", "forgot.back", visitUrl("")));
}

async function send(values) {
    const answer = await EmailPassword.sendPasswordResetEmail({ formFields: formFields(values) });
    if (answer.status === "FIELD_ERROR") return fieldErrors(answer);
    if (answer.status !== "OK") return { error: notAllowed(answer.reason) };
    const { email } = values;
    turnPage({ title: "forgot.sentTitle" },
        el("p", { id: "mail-sent", text: { key: "forgot.sent", email: email.trim() } }),
        el("button", { id: "send-again", type: "button", text: "forgot.again", on: { click: () => again(email) } }),
        backLink());
    return undefined;
}

function again(email) {
    turnPage({ title: "forgot.title", lead: "forgot.lead" }, ...content(email));
}
