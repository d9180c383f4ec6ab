// SPDX-License-Identifier: Apache-2.0
import { link } from "../dom.js";
import { showPage } from "../frame.js";
import { visitUrl } from "../visit.js";

export function showMissing() {
    showPage({ title: "missing.title" }, link("link-sign-in", "missing.back", visitUrl(""), "button"));
}
