// sql.mjs - the rules of our SQL: one text for SQLite, PostgreSQL and Citus, and no scan of a village's data.
import { spawnSync } from "node:child_process";
import { isVillage, queries, schemas, statements, tables } from "./statements.mjs";
import { report } from "./report.mjs";

// ---- keys ----
report("tables with a ledger have it first in their key", tables
    .filter((t) => /\bledger\s+TEXT/.test(t.body) && !isVillage(t) && !/^(core_area|seal_|store_)/.test(t.name))
    .map((t) => `${t.where}: ${t.name} (${t.key.join(", ")})`));
report("every table has a primary key", tables.filter((t) => !t.key[0]).map((t) => `${t.where}: ${t.name}`));
report("tables bear their part's name", tables.filter((t) => !t.name.startsWith("installation_") && !t.where.includes(`/${t.name.split("_")[0]}/`)).map((t) => `${t.where}: ${t.name}`));
const village = new Set(tables.filter(isVillage).map((t) => t.name));
report("unique indexes of village tables contain the ledger", schemas.flatMap((s) =>
    [...s.sql.matchAll(/CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]*)\)/g)]
        .filter(([, table, columns]) => village.has(table) && !/\bledger\b/.test(columns)).map(([text]) => `${s.where}: ${text}`)));
const types = /^\w+\s+(TEXT|BLOB|BIGINT|INTEGER)\b/;
report("columns are TEXT, BLOB, BIGINT or INTEGER", tables.flatMap((t) =>
    t.body.replace(/\([^)]*\)/g, "").split(",").map((c) => c.trim()).filter((c) => c && !/^(PRIMARY KEY|UNIQUE|CHECK)/.test(c) && !types.test(c)).map((c) => `${t.where}: ${t.name}: ${c}`)));
report("times are BIGINT", tables.flatMap((t) => t.columns.filter((c) => /^(\w+_)?at\s+INTEGER/.test(c)).map((c) => `${t.where}: ${t.name}: ${c}`)));

// ---- words that one of the stores does not know, or knows otherwise ----
const foreign = /\b(LIKE|ILIKE|GLOB|MERGE|string_agg|group_concat|jsonb?_\w+|FOR UPDATE|REPLACE INTO|INSERT OR|AUTOINCREMENT|SERIAL|ifnull|datetime|strftime|NOW|RANDOM|CREATE TRIGGER|PRAGMA|rowid|TRUE(?! ON CONFLICT)|FALSE)\b|->|[^:]::[^:]|\?\d*/i;
report("statements use only what all stores share", statements.filter((s) => foreign.test(s.sql)).map((s) => `${s.where}: ${s.name}: ${s.sql.match(foreign)[0]}`));
report("INSERT … SELECT … ON CONFLICT has its WHERE", queries
    .filter((s) => /INSERT INTO[^;]*\bSELECT\b/i.test(s.sql) && /ON CONFLICT/i.test(s.sql) && !/\bWHERE\b.*ON CONFLICT/i.test(s.sql))
    .map((s) => `${s.where}: ${s.name}: WHERE true is missing`));
report("a statement is one statement", queries.filter((s) => /;\s*\S/.test(s.sql)).map((s) => `${s.where}: ${s.name}`));
report("parameters are numbered without holes", queries.flatMap((s) => {
    const used = new Set([...s.sql.matchAll(/\$(\d+)/g)].map((m) => +m[1]));
    const missing = Array.from({ length: Math.max(0, ...used) }, (_, i) => i + 1).filter((n) => !used.has(n));
    return missing.length ? [`${s.where}: ${s.name}: $${missing.join(" $")} is not used`] : [];
}));

// ---- query plans on SQLite ----
const script = [".bail off", ...schemas.map((s) => s.sql.endsWith(";") ? s.sql : `${s.sql};`)];
for (const [i, s] of queries.entries()) script.push(`.print @${i}`, `EXPLAIN QUERY PLAN ${s.sql.replace(/;$/, "")};`);
const said = spawnSync("sh", ["-c", "sqlite3 -batch :memory: 2>&1"], { input: script.join("\n"), encoding: "utf8", maxBuffer: 1 << 26 }).stdout;
const [before, ...plans] = said.split(/^@/m);
report("the schemas load in SQLite", before.split("\n").filter(Boolean));
// One row a village, or a queue that empties; and the key store, which is read whole when a master key is
// changed.  What `wangge verify` recounts with is called recount….
const small = /^(ledger_head|core_outbox|core_alarm|seal_\w+)$/;
const broken = [];
const scans = [];
for (const text of plans) {
    const [number, ...lines] = text.split("\n");
    const s = queries[+number];
    // FROM household_door AS d: the plan says d
    const names = new Map([...s.sql.matchAll(/\b(?:FROM|JOIN|,) ?(\w+)(?: AS)? (\w+)/gi)].filter(([, t]) => village.has(t)).map(([, t, alias]) => [alias, t]));
    for (const line of lines) {
        if (/error/i.test(line)) broken.push(`${s.where}: ${s.name}: ${line}`);
        const table = line.match(/\bSCAN (\w+)/)?.[1];
        const scanned = names.get(table) ?? table;
        if (table && village.has(scanned) && !small.test(scanned) && !s.whole && !s.name.startsWith("recount")) scans.push(`${s.where}: ${s.name}: ${line.trim().replace(/^[|`\- ]+/, "")}`);
    }
}
report(`${queries.length} statements prepare in SQLite`, broken);
report("no statement scans a village table (or it says -- whole: why)", scans);
