// sql.mjs - the rules of our SQL: one text for SQLite, PostgreSQL and Citus, and no scan of a village's data.
import { spawnSync } from "node:child_process";
import { queries, schemas, tables, village } from "./statements.mjs";
import { report } from "./report.mjs";

// ---- tables ----
const bad = (rule) => tables.filter(rule).map((t) => t.at);
const columns = (match) => tables.flatMap((t) => t.columns.filter((c) => match.test(c)).map((c) => `${t.at}: ${c}`));
const reference = /^(core_area|seal_\w+|store_\w+)$/;   // core_area names the ledger of each area
report("tables with a ledger have it first in their key",
    bad((t) => t.columns.some((c) => /^ledger /.test(c)) && !village.has(t.name) && !reference.test(t.name)));
report("every table has a primary key", bad((t) => !t.key[0]));
report("tables bear the name of their room or feature", bad((t) => !t.at.includes(`/${t.name.split("_")[0]}/`) && !/^installation_/.test(t.name)));
report("unique indexes of village tables contain the ledger", schemas.flatMap((s) =>
    [...s.sql.matchAll(/CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]*)\)/g)]
        .filter(([, table, key]) => village.has(table) && !/\bledger\b/.test(key)).map(([found]) => `${s.at}: ${found}`)));
report("columns are TEXT, BLOB, BIGINT or INTEGER", columns(/^\w+ (?!(TEXT|BLOB|BIGINT|INTEGER)\b)/));
report("times are BIGINT", columns(/^(\w+_)?at INTEGER/));

// ---- statements ----
const foreign = new RegExp([
    "\\b(I?LIKE|GLOB|MERGE|string_agg|group_concat|jsonb?_\\w+|FOR UPDATE|REPLACE INTO|INSERT OR|AUTOINCREMENT|SERIAL|ifnull)\\b",
    "\\b(datetime|strftime|NOW|RANDOM|CREATE TRIGGER|PRAGMA|rowid|FALSE|TRUE(?! ON CONFLICT))\\b", "->", "::", "\\?",
].join("|"), "i");
report("statements use only what all stores share",
    [...schemas, ...queries].filter((s) => foreign.test(s.sql)).map((s) => `${s.at}: ${s.sql.match(foreign)[0]}`));
report("INSERT … SELECT … ON CONFLICT has its WHERE", queries
    .filter((s) => /INSERT INTO.*\bSELECT\b.*ON CONFLICT/i.test(s.sql) && !/\bWHERE\b.*ON CONFLICT/i.test(s.sql)).map((s) => s.at));
report("a statement is one statement", queries.filter((s) => s.sql.includes(";")).map((s) => s.at));
report("parameters are numbered without holes", queries.flatMap((s) => {
    const used = new Set([...s.sql.matchAll(/\$(\d+)/g)].map((m) => Number(m[1])));
    const missing = Array.from({ length: Math.max(0, ...used) }, (_, i) => i + 1).filter((n) => !used.has(n));
    return missing.length ? [`${s.at}: $${missing.join(" $")} is not used`] : [];
}));

// ---- query plans ----
const script = [".bail off", ...schemas.map((s) => `${s.sql};`), ...queries.flatMap((s, i) => [`.print @${i}`, `EXPLAIN QUERY PLAN ${s.sql};`])];
const said = spawnSync("sh", ["-c", "sqlite3 -batch :memory: 2>&1"], { input: script.join("\n"), encoding: "utf8", maxBuffer: 1 << 26 }).stdout;
const [before, ...plans] = said.split(/^@/m);
// One row a village, or a queue that empties; and the key store, which is read whole when a master key is
// changed.  What `wangge verify` recounts with is called recount….
const small = /^(ledger_head|core_outbox|core_alarm|seal_\w+)$/;
const broken = [], scans = [];
for (const plan of plans) {
    const [number, ...steps] = plan.split("\n");
    const s = queries[Number(number)];
    // FROM household_door d: the plan says d
    const alias = new Map([...s.sql.matchAll(/\b(?:FROM|JOIN|,) ?(\w+)(?: AS)? (\w+)/gi)].map(([, table, name]) => [name, table]));
    for (const step of steps) {
        if (/error/i.test(step)) broken.push(`${s.at}: ${step}`);
        const name = step.match(/\bSCAN (\w+)/)?.[1];
        const table = village.has(name) ? name : alias.get(name);
        if (village.has(table) && !small.test(table) && !s.whole && !s.name.startsWith("recount"))
            scans.push(`${s.at}: ${step.replace(/^[|`\- ]+/, "")}`);
    }
}
report("the schemas load in SQLite", before.split("\n").filter(Boolean));
report(`${queries.length} statements prepare in SQLite`, broken);
report("no statement scans a village table, or it says -- whole: why", scans);
