// damage.spec.mjs - files that are cut, flipped, replaced: `wangge verify`, or the
// start before it, finds each, says which it is, and nothing falls over.  A server
// that starts on it answers what it can and breaks nothing else.  Of rows that no
// counter covers `wangge verify --tables` says which table they stand in.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, copyFileSync, fstatSync, openSync, readSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Disk, Load, attempt, borrow, city, grids, long, of, random, report, run, serve, signIn, sleep, start, villages, worker } from "./fault.mjs";

const sql = (path, text) => execFileSync("sqlite3", [path, text], { encoding: "utf8", maxBuffer: 1 << 28 }).trim();
const [village] = villages(1).map((grid) => grid.slice(0, 12));
const PAGE = Number(sql(join(city, "wangge.db"), "PRAGMA page_size"));

// Bytes of a file, changed in place.
function patch(path, at, bytes) {
    const fd = openSync(path, "r+");
    writeSync(fd, bytes, 0, bytes.length, at < 0 ? fstatSync(fd).size + at : at);
    closeSync(fd);
}
function flip(path, at) {
    const fd = openSync(path, "r+"), byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, at);
    byte[0] ^= 0x10;
    writeSync(fd, byte, 0, 1, at);
    closeSync(fd);
}
// A leaf page of this table, filled with one byte.
function fill(path, table, byte) {
    const number = Number(sql(path, `SELECT pageno FROM dbstat WHERE name = '${table}' AND pagetype = 'leaf' LIMIT 1 OFFSET 3`));
    patch(path, (number - 1) * PAGE, Buffer.alloc(PAGE, byte));
}
const halve = (path, more) => truncateSync(path, Math.floor(statSync(path).size / 2) + more);
const here = `ledger = '${village}'`, at_end = `${here} AND position = (SELECT MAX(position) FROM ledger_record WHERE ${here})`;
const swapped = `body = replace(body, 'at_door', 'by_phon') WHERE ${here} AND body LIKE '%at_door%'`;
const turned = "CAST(substr(wrapped, 1, 30) || x'00' || substr(wrapped, 32) AS BLOB)";

// A file of another installation; made once, and only when asked for.
let other;
function stranger(ending) {
    if (!other) {
        other = borrow(null);
        const { code, said } = run(other.store, ["import", "data/divisions.csv", "--as", "divisions", "--apply"]);
        if (code) throw new Error(said);
    }
    return join(other.folder, `wangge.db${ending}`);
}

// A row of a table that no counter covers.
const turn = (table, set, key, which) => ({ db }) => sql(db, `UPDATE ${table} SET ${set} WHERE ${key} = (SELECT ${key} FROM ${table} WHERE ${which} LIMIT 1)`);
const in_table = (name) => new RegExp(`bad_counters 0 bad_pages 0[^]*bad_tables 1\nfirst: table ${name} of `);

const in_ledger = new RegExp(`first: ledger ${village} \\d+`);
const damages = [
    { name: "bytes in records' bodies", do: ({ db }) => sql(db, `UPDATE ledger_record SET ${swapped}`), verify: in_ledger },
    { name: "a record taken out", do: ({ db }) => sql(db, `DELETE FROM ledger_record WHERE ${here} AND position = 5`), verify: in_ledger },
    { name: "the last record taken out", do: ({ db }) => sql(db, `DELETE FROM ledger_record WHERE ${at_end}`), verify: in_ledger },
    { name: "a ledger's head", do: ({ db }) => sql(db, `UPDATE ledger_head SET position = position + 1 WHERE ${here}`), verify: in_ledger },
    { name: "a counter", do: ({ db }) => sql(db, `UPDATE screening_count SET entered = entered + 1 WHERE ${here}`),
      verify: /bad_counters [1-9][^]*first: counter screening/ },
    { name: "a grid worker made commander of the city", tables: true, verify: in_table("core_duty"),
      do: turn("core_duty", "role = 'commander', area = '4405'", "duty", "role = 'grid_worker' AND ended_at IS NULL") },
    { name: "a duty taken out", tables: true, verify: in_table("core_duty"),
      do: ({ db }) => sql(db, "DELETE FROM core_duty WHERE duty = (SELECT duty FROM core_duty WHERE role = 'secretary' LIMIT 1)") },
    { name: "a household said to be vacant", tables: true, verify: in_table("household_household"),
      do: turn("household_household", "kind = 'vacant'", "household", `${here} AND until IS NULL AND kind <> 'vacant'`) },
    { name: "a page of the ledgers", do: ({ db }) => fill(db, "ledger_record", 0x5a), page: true,
      verify: /bad_ledgers [1-9][^\n]*bad_pages [1-9][^]*first: damaged ledger \d+|store\.damaged/ },
    { name: "a page of a table no counter reads", do: ({ db }) => fill(db, "duty_organisation", 0x5a), page: true,
      verify: /bad_pages [1-9][^]*first: page|store\.damaged/ },
    { name: "a page of zeros", do: ({ db }) => fill(db, "household_household", 0), page: true, verify: /bad_pages [1-9]|store\.damaged/ },
    { name: "the first page", do: ({ db }) => patch(db, 0, Buffer.alloc(100, 0x41)), start: /store\.damaged: .*wangge\.db/ },
    { name: "a store cut in the middle of a page", do: ({ db }) => halve(db, 100), start: /store\.damaged: .*wangge\.db/ },
    { name: "a store cut to nothing", do: ({ db }) => truncateSync(db, 0), start: /store\.behind/, verify: /store\.(missing|behind)/ },
    { name: "a store that is gone", do: ({ db }) => rmSync(db), start: /store\.behind/, verify: /store\.missing/ },
    { name: "a store that is another kind of file", do: ({ db }) => writeFileSync(db, "not a store\n".repeat(1000)),
      start: /store\.damaged: .*wangge\.db/ },
    { name: "yesterday's store", do: async ({ work, yesterday }) => (await work("SIGTERM"), yesterday()),
      start: /store\.behind: \d+ records here, \d+ were acknowledged/ },
    { name: "a log that is lost", do: async ({ db, work }) => (await work("SIGKILL"), rmSync(`${db}-wal`)), start: /store\.behind/ },
    { name: "a byte in the log", do: async ({ db, work }) => (await work("SIGKILL"), flip(`${db}-wal`, 32 + 24 + 200)), start: /store\.behind/ },
    { name: "a log of another time", do: async ({ work, yesterday }) => (await work("SIGTERM"), await work("SIGKILL"), yesterday()),
      verify: /verify\.bad|store\.(behind|damaged)/, page: true },
    { name: "a page of the key store", do: ({ keys }) => fill(keys, "seal_subject", 0x5a), page: true,
      verify: /store\.damaged|bad_pages [1-9]|lost [1-9]/ },
    { name: "a byte of wrapped secrets", do: ({ keys }) => sql(keys, `UPDATE seal_subject SET wrapped = ${turned} WHERE ${here}`),
      verify: /lost [1-9][^]*first: keys\.damaged/ },
    { name: "secrets taken out", do: ({ keys }) => sql(keys, `DELETE FROM seal_subject WHERE ${here}`), verify: /lost [1-9]/ },
    { name: "a key store cut", do: ({ keys }) => halve(keys, 0), start: /store\.damaged: .*wangge\.db\.keys/ },
    { name: "a key store that is gone", do: ({ keys }) => rmSync(keys), start: /keys\.missing/, verify: /the keys are missing[^]*keys\.missing/ },
    { name: "the master of another installation", do: ({ master }) => copyFileSync(stranger(".keys.master"), master), start: /keys\.master_wrong/ },
    { name: "keys and master of another installation", start: /keys\.other/,
      do: ({ keys, master }) => (copyFileSync(stranger(".keys"), keys), copyFileSync(stranger(".keys.master"), master)) },
    { name: "a byte of the master", do: ({ master }) => patch(master, 3, Buffer.from("x")), start: /keys\.master_wrong/ },
];

const fallen = ({ code, signal }) => signal !== null || code === 139 || code === 134;

for (const { name, do: spoil, verify: finds, start: refuses, tables, page } of damages) {
    const { folder, store, done } = borrow(), wrong = [];
    const db = join(folder, "wangge.db"), keys = `${db}.keys`, master = `${keys}.master`;
    // Some work since yesterday, ended in good order or by a crash.
    const work = async (end) => {
        const load = new Load(1), server = await serve(store);
        await load.begin(server);
        await sleep(150);
        if (end === "SIGTERM") await load.stop();
        await server.kill(end);
        await load.going;
    };
    await spoil({ db, keys, master, work, yesterday: () => copyFileSync(join(city, "wangge.db"), db) });
    const found = run(store, ["verify", ...(tables ? ["--tables"] : [])]), said = found.out + found.said;
    if (fallen(found)) wrong.push(`verify fell over: ${found.signal ?? found.code}`);
    if (!(finds ?? refuses ?? /./).test(said) || found.code === 0) wrong.push(`verify says ${found.code} ${said}`);
    const server = await attempt(store);
    if (server.url) {
        if (refuses) wrong.push("it is served");
        const [, elsewhere] = villages(2), phone = await signIn(server.url, ...worker(elsewhere)).catch(() => null);
        const rows = await phone?.ask("household/doors", { area: elsewhere }).catch(() => null);
        if (finds && !page && !rows?.length) wrong.push("another village has no answer");
        const end = await server.kill("SIGTERM");
        if (end !== 0) wrong.push(`the server ended with ${end}: ${server.said}`);
    } else {
        const end = await server.ended;
        if (end !== 1) wrong.push(`the start ended with ${end}: ${server.said}`);
        if (refuses && !refuses.test(server.said)) wrong.push(`the start says ${server.said}`);
    }
    report(`${name}: found, and said`, wrong);
    done();
}

// Without its keys a store proves itself to whoever says that he has none.
{
    const { folder, store, done } = borrow();
    rmSync(join(folder, "wangge.db.keys"));
    const { code, out, said } = run(store, ["verify", "--tables", "--keyless"]);
    report("asked to look without keys, it says all is well", code === 0 && /bad_tables 0/.test(out) ? [] : [`${code} ${out} ${said}`]);
    done();
}

// Beside a server at work the tables are held against ledgers that go on growing; what is made for it is for nobody else, and goes.
{
    const { folder, store, done } = borrow(), disk = new Disk(folder), load = new Load(), wrong = [];
    const beside = () => readdirSync(folder).filter((file) => file.startsWith("wangge.db.tables"));
    const server = await serve(store, { disk });
    await load.begin(server);
    while (!load.acknowledged.size) await sleep(20);
    const before = load.acknowledged.size, look = start(store, ["verify", "--tables"]), modes = new Set();
    for (let end = "standing"; end === "standing"; end = await look.within(5))
        for (const file of beside()) modes.add(((statSync(join(folder, file), { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777).toString(8));
    if ((await look.ended) !== 0 || !/tables [1-9]\d* bad_tables 0\n/.test(look.out)) wrong.push(`it says ${look.out} ${look.said}`);
    if (load.acknowledged.size === before) wrong.push("nothing was written meanwhile");
    if ([...modes].join() !== "600") wrong.push(`modes beside the store: ${[...modes]}`);
    await load.stop();
    if (beside().length) wrong.push(`left behind: ${beside()}`);
    disk.set({ room: 100000, room_of: of.other | of.storeWal });
    const { code, out, said } = run(store, ["verify", "--tables"]);
    if (code !== 1 || !/tables not compared/.test(out) || !/store\.full/.test(said)) wrong.push(`without room it says ${code} ${out} ${said}`);
    if (beside().length) wrong.push(`left behind without room: ${beside()}`);
    disk.heal();
    if ((await server.kill("SIGTERM")) !== 0) wrong.push(`a stop was not clean: ${server.said}`);
    report("beside a server at work the tables are held against the ledgers", [...wrong, ...load.wrong]);
    done();
}

// Bytes turned over, half of them anywhere, half in pages of the ledgers: whatever is said, nothing falls over, and what is found is said
// with a word key.  Of the ledgers nothing is missed: when all is said to be well, every row is what it was.
{
    const wrong = [], flips = long ? 300 : 4;
    const rows = (path) => createHash("sha256").update(sql(path, "SELECT quote(ledger), position, quote(id), quote(type), quote(area), at, received_at, " +
        "quote(maker), quote(author), quote(for_whom), proof, quote(body), quote(given), quote(boxes), quote(digest) FROM ledger_record " +
        "ORDER BY ledger, position")).digest("hex");
    const pages = sql(join(city, "wangge.db"), "SELECT pageno FROM dbstat WHERE name = 'ledger_record'").split("\n").map(Number);
    let whole, found_there = 0;
    for (let n = 0; n < flips; n++) {
        const { folder, store, done } = borrow(), ledgers = n % 2 === 0;
        const file = ledgers || n % 4 === 1 ? "wangge.db" : "wangge.db.keys", path = join(folder, file);
        const at = ledgers ? (pages[random(0, pages.length - 1)] - 1) * PAGE + random(0, PAGE - 1) : random(0, statSync(path).size - 1);
        flip(path, at);
        const found = run(store, ["verify"]);
        if (fallen(found) || (found.code !== 0 && !/^wangge: (verify|store|keys|ledger)\./m.test(found.said)))
            wrong.push(`byte ${at} of ${file}: verify says ${found.signal ?? found.code} ${found.said}`);
        if (ledgers && found.code !== 0) found_there++;
        if (ledgers && found.code === 0 && rows(path) !== (whole ??= rows(join(city, "wangge.db")))) wrong.push(`byte ${at} of the ledgers was missed`);
        const server = await attempt(store);
        const grid = grids[n % grids.length];
        if (server.url) await signIn(server.url, ...worker(grid)).then((phone) => phone.ask("household/doors", { area: grid })).catch(() => null);
        const end = await (server.url ? server.kill("SIGTERM") : server.ended);
        if (typeof end !== "number" || end > 1) wrong.push(`byte ${at} of ${file}: the server ended with ${end}: ${server.said}`);
        done();
    }
    if (long && !found_there) wrong.push("none of the ledgers' was found");
    report(`${flips} bytes turned over: nothing falls over, and of the ledgers ${found_there} of ${flips / 2} were found, the others held nothing`, wrong);
}

// ---- what people are found by is gone, or an earlier version made it: the start says so, and it can be made again ----
{
    const { folder, store, done } = borrow(), keys = join(folder, "wangge.db.keys");
    const found = () => createHash("sha256").update(sql(keys, "SELECT hex(ledger), hex(token), hex(subject) FROM seal_token ORDER BY 1, 2, 3")).digest("hex");
    const before = found(), none = sql(keys, "DELETE FROM seal_token; SELECT COUNT(*) FROM seal_token");
    const server = await serve(store), made = run(store, ["keys", "tokens"]);
    await server.kill("SIGTERM");
    const well = none === "0" && server.said.includes("event=search.empty mend=") && made.code === 0 && found() === before;
    report("a key store without search tokens says so and gets all of them again", well ? [] : [none, server.said.slice(-300), made.said]);
    done();
}
