// SPDX-License-Identifier: Apache-2.0
//
// build.mjs NODE_MODULES OUT: the pages as they are served. One document for all pages; those that stand one folder deeper
// get one with other paths, so that everything works under any websiteBasePath.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(modules, "x.js"))("esbuild");

const DOCUMENTS = { "index.html": "", "callback.html": "../" };

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
esbuild.buildSync({
    entryPoints: { pages: join(here, "src/main.js") },
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2020"],
    charset: "utf8",
    legalComments: "linked",
    nodePaths: [modules],
    outdir: out,
    logLevel: "warning",
});
const page = readFileSync(join(here, "page.html"), "utf8");
for (const [name, root] of Object.entries(DOCUMENTS)) writeFileSync(join(out, name), page.replaceAll("@ROOT@", root));
cpSync(join(here, "pages.css"), join(out, "pages.css"));
cpSync(join(here, "icon.svg"), join(out, "icon.svg"));
