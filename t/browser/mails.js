// SPDX-License-Identifier: Apache-2.0
//
// Mails of the development mode: a file for each in the directory MAILS.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const decode = (text) =>
    text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

// In the newest mail to ADDRESS; undefined when there is none.
function link_to(address) {
    const files = fs.readdirSync(process.env.MAILS).filter((name) => /^[^.].*\.eml$/.test(name));
    const texts = files.sort().map((name) => fs.readFileSync(path.join(process.env.MAILS, name), "utf8"));
    const mine = texts.filter((text) => new RegExp(`^To: .*${address}`, "m").test(text)).pop();
    return mine && (/https?:\/\/[^\s"<>]+\?token=[^\s"<>]+/.exec(decode(mine)) || [])[0];
}

module.exports = { link_to };
