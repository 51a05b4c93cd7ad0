// words.mjs - every word key the program can refuse with has words, in Chinese
// and in English, and no language knows a word the other does not.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { below, features, text } from "./files.mjs";
import { report } from "./report.mjs";

// "both" and each face's own: key → word, the feature's name before its keys as the pages see them.
const tables = (language) => {
    const all = new Map();
    for (const [feature, file] of [["", `web/app/${language}.ts`], ...features.map((f) => [`${f}.`, `features/${f}/ui/${language}.ts`])]) {
        const source = below(file.slice(0, file.lastIndexOf("/")), /\.ts$/).includes(file) ? text(file) : "";
        for (const [, , body] of source.matchAll(/^export const (\w+): Words = \{\n(.*?)^\};/gms))
            for (const [, quoted, plain, word] of body.matchAll(/(?:"([\w.]+)"|(\w+)):\s+"((?:\\.|[^"\\])*)"/g)) all.set(feature + (quoted ?? plain), word);
    }
    return all;
};
const zh = tables("zh"), en = tables("en");
report(`${zh.size} words in two languages`, [...[...zh.keys()].filter((k) => !en.has(k)).map((k) => `${k}: no English`),
    ...[...en.keys()].filter((k) => !zh.has(k)).map((k) => `${k}: no Chinese`), ...(zh.size > 300 ? [] : ["the words were not read"])]);

// The keys, from the calls that set them.
const folder = mkdtempSync(join(tmpdir(), "words."));
execFileSync("node", ["tool/keys.mjs", join(folder, "keys.c"), ...below("src", /\.c$/), ...below("features", /\.c$/)]);
const keys = [...readFileSync(join(folder, "keys.c"), "utf8").matchAll(/\{ "([a-z_.]+)", ERR_(\w+) \}/g)].map(([, key, kind]) => ({ key, kind }));
rmSync(folder, { recursive: true });

// As troubleWord in web/kit/words.ts looks them up, without the last resort.
const found = (table, key) => {
    const [part] = key.split(".");
    return [`trouble.${key}`, `${part}.refused_${key.replace(".", "_")}`, `trouble.${part}`].find((w) => table.has(w));
};
// What only an operator meets, or what nobody can mend: these share the words for that.
const shared = /^(json|body|query|find|keys|ledger|seal|backup|restore|setting|device|file|store)\./;
const wordless = keys.filter(({ key, kind }) => kind !== "BROKEN" && !shared.test(key) && !(found(zh, key) && found(en, key)));
report(`${keys.length} word keys: what people meet has words`, [...wordless.map(({ key }) => key), ...(keys.length > 150 ? [] : ["the keys were not read"])]);
const own = keys.filter(({ key, kind }) => kind !== "BROKEN" && features.includes(key.split(".")[0]));
report("a feature's refusals have words of their own", own.filter(({ key }) => found(zh, key) === `trouble.${key.split(".")[0]}` &&
    !/\.(unknown|shape)$/.test(key)).map(({ key }) => key));
