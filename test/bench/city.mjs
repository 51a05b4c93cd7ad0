// city.mjs - making the whole city and making its tables again, against bare SQLite inserting the same rows; what it all takes on disk.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { city, copyOf, drop, file, folder, people, say, store, theCity, tool } from "./tools.mjs";

// All rows of a store into an empty one, by a bare loop.
async function bare(from, what) {
    const to = join(folder, "copy.db");
    const clear = () => drop(to, `${to}-wal`, `${to}-shm`);
    clear();
    const said = await tool("copy", from, to, what);
    clear();
    return said;
}

async function make(report) {
    const fresh = Boolean(process.env.FRESH) || !existsSync(join(city, "made.json"));
    const at = await theCity();
    const made = JSON.parse(readFileSync(join(at, "made.json"), "utf8"));
    say("the bare loop inserts the same rows");
    const rows = await bare(file(at), "all"), secrets = await bare(`${file(at)}.keys`, "all");
    const base = rows.seconds + secrets.seconds;
    report({ name: "city-make", ours: people / made.seconds, base: people / base, target: 0.3, unit: "people/s",
        note: `${Math.round(made.seconds)} s against ${Math.round(base)} s for ${rows.rows + secrets.rows} rows${fresh ? "" : "; made in an earlier run"}` });
    return made.megabytes;
}

async function rebuild(report) {
    const at = copyOf(await theCity(), "rebuilt");
    say("rebuilding");
    const said = await tool("run", "build/wangge", "rebuild", "--store", store(at));
    if (said.code !== 0) throw new Error(`rebuild ended with ${said.code}`);
    drop(at);
    say("the bare loop inserts the same rows");
    const base = await bare(file(city), "derived");
    report({ name: "city-rebuild", ours: people / said.seconds, base: people / base.seconds, target: 0.3, unit: "people/s",
        note: `${Math.round(said.seconds)} s against ${Math.round(base.seconds)} s for ${base.rows} rows` });
    return said.megabytes;
}

// What a household, a person and a visit take: their tables, indexes, secrets and search tokens, and their share of the ledger.
export async function sizes() {
    const at = await theCity();
    const count = await tool("count", file(at)), open = await tool("sizes", file(at)), sealed = await tool("sizes", `${file(at)}.keys`);
    const of = (tables, begin) => Object.entries(tables).filter(([name]) => name.startsWith(begin)).reduce((sum, [, n]) => sum + n, 0);
    const ledger = of(open.tables, "ledger_record"), all = Object.values(open.types).reduce((sum, t) => sum + t.bytes, 0);
    const share = (begin) => ledger * Object.entries(open.types).filter(([type]) => type.startsWith(begin)).reduce((sum, [, t]) => sum + t.bytes, 0) / all;
    const total = (tables) => Object.values(tables).reduce((sum, n) => sum + n, 0);
    return {
        ...count, store: total(open.tables), keys: total(sealed.tables),
        household: { ledger: share("household."), tables: of(open.tables, "household_") - of(open.tables, "household_member"),
            members: of(open.tables, "household_member"), secrets: of(sealed.tables, "seal_subject"), tokens: of(sealed.tables, "seal_token") },
        visit: { ledger: share("screening.visit"), history: of(open.tables, "screening_visit"), slots: of(open.tables, "screening_slot") },
    };
}

export default async function wholeCity(wanted, report) {
    const memory = [];
    if (wanted("city-make")) memory.push(await make(report));
    if (wanted("city-rebuild")) memory.push(await rebuild(report));
    if (memory.length)
        report({ name: "city-memory", ours: Math.max(...memory), bound: 300, unit: "MB resident", note: "the most that making or rebuilding took" });
}
