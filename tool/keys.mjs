// keys.mjs OUTPUT SOURCE… - lists the word keys the program refuses with, from the calls that set them, for /api/openapi.json.
import { readFileSync, writeFileSync } from "node:fs";

const [, , output, ...sources] = process.argv;
const said = { field: "INVALID", missing: "MISSING", broken: "BROKEN" };   // err_field(e, "key", …) says its kind itself
const keys = new Map();
for (const source of sources.filter((s) => /\/(base|store|seal|ledger|core|http)\/|features\//.test(s))) {
    const text = readFileSync(source, "utf8");
    for (const [, kind, key] of text.matchAll(/\bERR_([A-Z]+)\b[^"\n]*"([a-z_]+\.[a-z_]+)"/g)) keys.set(key, kind);
    for (const [, call, key] of text.matchAll(/\berr_(field|missing|broken)\([^;{}]*?"([a-z_]+\.[a-z_]+)"/g)) if (!keys.has(key)) keys.set(key, said[call]);
    for (const [, key] of text.matchAll(/\bwrong\([^;{}"]*"([a-z_]+\.[a-z_]+)"/g)) if (!keys.has(key)) keys.set(key, "INVALID");
}
const rows = [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, kind]) => `    { "${key}", ERR_${kind} },\n`);
const head = `/* Made from the sources by tool/keys.mjs. */\n#include "core/core.h"\n\nconst struct core_key core_keys[] = {\n`;
writeFileSync(output, `${head}${rows.join("")}    { 0 },\n};\n`);
