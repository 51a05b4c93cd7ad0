#!/usr/bin/env node
// bench.mjs - `make bench`: one line a measure, and the table in doc/benchmarks.md.
//
// ONLY="ingest find" runs the measures whose names begin so; PEOPLE=200000 a smaller city, whose table
// stays in build/bench; FRESH=1 makes the city again; PAIRS=5 more pairs of ours and base.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import city, { sizes } from "./city.mjs";
import ingest from "./ingest.mjs";
import questions from "./questions.mjs";
import shift from "./shift.mjs";
import sync from "./sync.mjs";
import { closeShop, folder, full, people, say, stopAll, tool } from "./tools.mjs";

const only = process.env.ONLY?.split(/[ ,]+/);
const wanted = (name) => !only || only.some((begin) => name.startsWith(begin));
const page = people === full ? "doc/benchmarks.md" : join(folder, "benchmarks.md");
const rows = new Map();
const facts = [];
const short = (n) => (n === null ? "-" : Math.abs(n) >= 1000 ? String(Math.round(n)) : String(Number(n.toPrecision(3))));

// The ratio must reach the target, with `most` stay below it; without a target it is shown only.  What has a
// `bound` is held against that.
function report({ name, ours, bound, base = bound, target = bound ? 1 : null, most = Boolean(bound), ratio = ours / base, unit, note }) {
    const ok = target === null || (most ? ratio <= target : ratio >= target);
    console.log(`bench ${name} ours=${short(ours)} base=${short(base)} ratio=${short(ratio)} target=${short(target)} ${ok ? "ok" : "short"}`);
    say(note);
    const aim = target === null ? "-" : `${most ? "≤" : "≥"} ${target}`;
    rows.set(name, `| \`${name}\` | ${short(ours)} | ${short(base)} | ${short(ratio)} | ${aim} | ${ok ? "ok" : "**short**"} | ${unit} | ${note} |`);
}

// ---- the page ----

const marks = ["<!-- made by make bench -->", "<!-- end -->"];
const grouped = (n) => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");
const gigabytes = (n) => `${(n / 1e9).toFixed(1)} GB`;

async function machine() {
    const sync = await tool("sync", folder);
    return `${cpus()[0].model}, ${cpus().length} cores, ${gigabytes(totalmem())}, Linux ${release()}, ` +
        `a sync of 4 kB takes ${sync.median} ms (p99 ${sync.p99}). Node ${process.version} drives it. ` +
        `${new Date().toISOString().slice(0, 10)}, a city of ${grouped(people)} people.`;
}

// Four rounds in three weeks are what the hardware is promised for.
async function whatItTakes() {
    const s = await sizes(), sum = (parts) => Object.values(parts).reduce((a, b) => a + b, 0);
    const parts = (all, count) => Object.entries(all).map(([name, n]) => `${name} ${grouped(n / count)}`).join(", ");
    const visit = sum(s.visit) / s.visits, later = 6e6 / 21 * 180;
    return [
        "| on disk | bytes | of these |", "|---|---|---|",
        `| a household with its people | ${grouped(sum(s.household) / s.households)} | ${parts(s.household, s.households)} |`,
        `| a person, of that | ${grouped(sum(s.household) / s.persons)} | ${(s.persons / s.households).toFixed(2)} in a household |`,
        `| a visit | ${grouped(visit)} | ${parts(s.visit, s.visits)} |`,
        `| the city as made | ${gigabytes(s.store + s.keys)} | store ${gigabytes(s.store)}, keys ${gigabytes(s.keys)}; ` +
            `${grouped(s.records)} records, ${grouped(s.households)} households, ${grouped(s.persons)} persons, ` +
            `${grouped(s.workers)} workers, ${grouped(s.visits)} visits |`,
        `| after 180 days | ${gigabytes(s.store + s.keys + (later - s.visits) * visit)} | six million visits in three weeks go on: ${grouped(later)} |`,
    ].join("\n");
}

// Rows of measures that did not run this time stay.
function writePage() {
    const text = existsSync(page) ? readFileSync(page, "utf8") : marks.join("\n");
    const [from, to] = marks.map((m) => text.indexOf(m));
    if (from < 0 || to < from) throw new Error(`${page} lacks its marks`);
    const old = text.slice(from, to), kept = new Map([...old.matchAll(/^\| `([a-z0-9-]+)` \|.*$/gm)].map(([row, name]) => [name, row]));
    for (const [name, row] of rows) kept.set(name, row);
    const table = ["| measure | ours | base | ratio | target | | unit | |", "|---|---|---|---|---|---|---|---|", ...kept.values()].join("\n");
    const takes = facts[1] ?? old.match(/^\| on disk [^]*?(?=\n\n|\n$)/m)?.[0];
    writeFileSync(page, text.slice(0, from) + [marks[0], facts[0], table, ...(takes ? [takes] : [])].join("\n\n") + "\n\n" + text.slice(to));
}

mkdirSync(folder, { recursive: true });
facts[0] = await machine();
let failed = false;
const part = async (run) => {
    try {
        await run();
        writePage();
    } catch (error) {
        failed = true;
        console.log(`bench failed: ${error.stack}`);
        await stopAll();
    }
};
for (const group of [city, questions, ingest, shift, sync]) await part(() => group(wanted, report));
if (wanted("sizes")) await part(async () => (facts[1] = await whatItTakes()));
await part(closeShop);
process.exitCode = failed ? 1 : 0;
