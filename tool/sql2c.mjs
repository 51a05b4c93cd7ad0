// sql2c.mjs - turns features/watch/watch.sql into watch.sql.h.
// Each "-- name: add_reading" starts a statement that becomes
// static const struct sql sql_add_reading; comments stay behind.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const [, , input, output] = process.argv;
const part = basename(input, ".sql");

export function statements(text) {
    const found = [];
    for (const piece of text.split(/^-- name: /m).slice(1)) {
        const line = piece.indexOf("\n");
        const sql = piece
            .slice(line + 1)
            .replace(/--[^\n]*/g, "")
            .replace(/\s+/g, " ")
            .trim();
        found.push({ name: piece.slice(0, line).trim(), sql });
    }
    return found;
}

const c = (s) => JSON.stringify(s).replace(/\?\?/g, "?\\?");
const seen = new Set();
let text = `/* Made from ${part}.sql by tool/sql2c.mjs. */\n#include "store/store.h"\n`;
for (const { name, sql } of statements(readFileSync(input, "utf8"))) {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || seen.has(name) || !sql) {
        console.error(`${input}: statement "${name}" is badly named, double or empty`);
        process.exit(1);
    }
    seen.add(name);
    text += `static const struct sql sql_${name} = { ${c(`${part}.${name}`)}, ${c(sql)} };\n`;
}
writeFileSync(output, text);
