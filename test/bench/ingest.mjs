// ingest.mjs - visits accepted over HTTP and durable, against a bare loop that inserts the same rows.
//
// Ours and the bare store begin as copies of one store and end equal: after each
// load the bare loop writes the very rows ours wrote, in commits of as many
// records as ours reached, so that the next pair begins with equal stores again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { copyOf, drop, file, folder, full, load, people, roundsFor, say, serve, sessions, tool, workshop } from "./tools.mjs";

const script = join(folder, "script");
const PAIRS = Number(process.env.PAIRS ?? 3);
const loads = [
    { name: "ingest-1", per: 1, visits: 20000, how: "one", target: 0.8 },
    { name: "ingest-10", per: 10, visits: 40000, how: "one", target: 0.8 },
    { name: "ingest-100", per: 100, visits: 60000, how: "one", target: 0.5 },
    { name: "ingest-mixed", per: 10, visits: 20000, how: "mixed", target: null },
];

// The bare loop's settings are those with which the store writes, or the comparison is none.
function checkSettings() {
    const pragmas = (path, from, to) => {
        const text = readFileSync(path, "utf8"), at = text.indexOf(from);
        return text.slice(at, text.indexOf(to, at)).match(/PRAGMA \w+ = -?\w+/g) ?? [];
    };
    const source = "src/store/sqlite.c";
    const ours = [...pragmas(source, "[STORE_WRITE] = ", ";\"),"), ...pragmas(source, '"PRAGMA mmap_size', "\n")];
    if (ours.length < 7) throw new Error(`${source} says its settings otherwise than expected`);
    const bare = pragmas("test/bench/bare.c", "static void settings_set_up", "\n}");
    const missing = [...new Set(ours)].filter((p) => !bare.includes(p));
    if (missing.length) throw new Error(`bare.c lacks settings of ${source}: ${missing.join(", ")}`);
}

// The run's copy with rounds nobody has walked and this month's secrets of every village made; and a second copy of that.
async function prepare(visits) {
    const { at } = await workshop({ rounds: await roundsFor(visits) });
    const server = await serve(at);
    await tool("visits", file(at), join(at, "sessions"), script, server.address, 8, 1, sessions(at).length - 1, "mixed", 7);
    await load(server, script);
    await server.stop();
    return { ours: at, bare: copyOf(at, "bare") };
}

async function pair(server, { ours, bare }, { per, visits, how }, seed) {
    const small = people < full ? [100000] : [];         // whose grids fill no batch: of each grid every round at once
    const { records } = await tool("visits", file(ours), join(ours, "sessions"), script, server.address, 64, per, visits, how, seed, ...small);
    if (records < visits / 4) return null;
    const before = await server.metric("commit_seconds_count");
    const said = await load(server, script);
    const commits = await server.metric("commit_seconds_count") - before;
    if (said.stored !== records || said.records.bad) throw new Error(`of ${records} visits ${said.stored} were stored`);
    const again = await tool("repeat", file(ours), file(bare), Math.max(1, Math.round(records / commits)));
    if (again.records !== records) throw new Error(`the ledgers hold ${again.records} of ${records} acknowledged visits`);
    return { ours: records / said.seconds, base: records / again.seconds, group: records / commits, p99: said.records.p99 };
}

export default async function ingest(wanted, report) {
    const chosen = loads.filter(({ name }) => wanted(name));
    if (!chosen.length) return;
    checkSettings();
    const stores = await prepare(chosen.reduce((sum, { visits }) => sum + visits * PAIRS, 0));
    const server = await serve(stores.ours);
    say(`ours is process ${server.child.pid}`);      // for whoever profiles
    const pairs = new Map(chosen.map((l) => [l, []]));
    for (let n = 0; n < PAIRS; n++)
        for (const one of chosen) {
            const seen = await pair(server, stores, one, 100 * n + one.per);
            if (!seen) {
                say(`the city is too small for ${one.name}`);
                continue;
            }
            say(`${one.name} ${Math.round(seen.ours)}/s, bare ${Math.round(seen.base)}/s, ${seen.group.toFixed(1)} a commit, p99 ${seen.p99} ms`);
            pairs.get(one).push(seen);
        }
    await server.stop();
    for (const [{ name, target }, seen] of pairs) {
        if (!seen.length) continue;
        const middle = seen.sort((a, b) => a.ours / a.base - b.ours / b.base)[seen.length >> 1];
        report({ name, ours: middle.ours, base: middle.base, target, unit: "visits/s",
            note: `${middle.group.toFixed(0)} records a commit` });
    }
    drop(stores.bare);
}
