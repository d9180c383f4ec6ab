// SPDX-License-Identifier: Apache-2.0
//
// One document for all pages; the address says which one is shown.
import { config } from "./config.js";
import { isReady, retryButton, sayError, sayStatus, showFrame, showPage } from "./frame.js";
import { failure } from "./messages.js";
import { showAccount } from "./pages/account.js";
import { showCallback } from "./pages/callback.js";
import { showForgotPassword } from "./pages/forgot-password.js";
import { showMissing } from "./pages/missing.js";
import { showResetPassword } from "./pages/reset-password.js";
import { showSignIn } from "./pages/sign-in.js";
import { showSignUp } from "./pages/sign-up.js";
import { showTryRefresh } from "./pages/try-refresh.js";
import { showVerifyEmail } from "./pages/verify-email.js";
import { startSdk } from "./sdk.js";
import { startLanguage } from "./text.js";
import { visit } from "./visit.js";

// nginx/pages.conf.in lists the same names.
const PAGES = {
    "": showSignIn,
    "sign-up": showSignUp,
    "forgot-password": showForgotPassword,
    "reset-password": showResetPassword,
    "verify-email": showVerifyEmail,
    "callback": showCallback,
    "try-refresh": showTryRefresh,
    "account": showAccount,
};

async function start() {
    startLanguage();
    showFrame();
    const obstacle = !config ? "error.config" : !navigator.cookieEnabled && "error.cookies";
    if (obstacle) {
        showPage({ title: "signIn.title" });
        sayError(obstacle);
        return;
    }
    const [name] = visit.page.split("/");
    const show = Object.hasOwn(PAGES, name) ? PAGES[name] : showMissing;
    try {
        startSdk();
        await show();
    } catch (error) {
        sayStatus(undefined);
        sayError(failure(error));
        document.getElementById("page").append(retryButton());
    }
}

start().finally(isReady);
