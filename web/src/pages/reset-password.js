// SPDX-License-Identifier: Apache-2.0
import { config, pageUrl } from "../config.js";
import { el, link } from "../dom.js";
import { form } from "../form.js";
import { focusFirst, showPage, turnPage } from "../frame.js";
import { EmailPassword } from "../sdk.js";
import { fieldErrors, formFields } from "../signing-in.js";
import { visit, visitUrl } from "../visit.js";
import { newPasswordField } from "./sign-up.js";

export function showResetPassword() {
    if (!visit.token) {
        showInvalid(showPage);
        return;
    }
    showPage({ title: "reset.title", lead: { key: "reset.lead", app: config.appName } },
        form({ id: "reset-password-form", fields: [newPasswordField("field.newPassword")], submit: "reset.submit", send }));
    focusFirst();
}

async function send(values) {
    const answer = await EmailPassword.submitNewPassword({ formFields: formFields(values) });
    if (answer.status === "FIELD_ERROR") return fieldErrors(answer);
    history.replaceState(null, ""); // the token is used up
    if (answer.status === "OK") showDone();
    else showInvalid(turnPage);
    return undefined;
}

function showDone() {
    turnPage({ title: "reset.doneTitle" },
        el("p", { id: "password-changed", text: "reset.done" }),
        link("link-sign-in", "reset.toSignIn", pageUrl("", { tenantId: visit.tenantId }), "button"));
}

function showInvalid(show) {
    show({ title: "reset.invalidTitle" },
        el("p", { id: "link-invalid", text: "reset.invalid" }),
        link("link-forgot-password", "reset.newLink", visitUrl("forgot-password"), "button"));
}
