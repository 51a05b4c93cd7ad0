// damage.spec.mjs - files that are cut, flipped, replaced: `wangge verify`, or the
// start before it, finds each, says which it is, and nothing falls over.  A server
// that starts on it answers what it can and breaks nothing else.
import { execFileSync } from "node:child_process";
import { closeSync, copyFileSync, fstatSync, openSync, readSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Load, attempt, borrow, city, grids, long, random, report, run, serve, signIn, sleep, villages, worker } from "./fault.mjs";

const sql = (path, text) => execFileSync("sqlite3", [path, text], { encoding: "utf8" }).trim();
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

const in_ledger = new RegExp(`first: ledger ${village} \\d+`);
const damages = [
    { name: "bytes in records' bodies", do: ({ db }) => sql(db, `UPDATE ledger_record SET ${swapped}`), verify: in_ledger },
    { name: "a record taken out", do: ({ db }) => sql(db, `DELETE FROM ledger_record WHERE ${here} AND position = 5`), verify: in_ledger },
    { name: "the last record taken out", do: ({ db }) => sql(db, `DELETE FROM ledger_record WHERE ${at_end}`), verify: in_ledger },
    { name: "a ledger's head", do: ({ db }) => sql(db, `UPDATE ledger_head SET position = position + 1 WHERE ${here}`), verify: in_ledger },
    { name: "a counter", do: ({ db }) => sql(db, `UPDATE screening_count SET entered = entered + 1 WHERE ${here}`),
      verify: /bad_counters [1-9][^]*first: counter screening/ },
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
    { name: "a key store that is gone", do: ({ keys }) => rmSync(keys), start: /keys\.missing/, verify: /the keys are missing/, keyless: true },
    { name: "the master of another installation", do: ({ master }) => copyFileSync(stranger(".keys.master"), master), start: /keys\.master_wrong/ },
    { name: "keys and master of another installation", start: /keys\.other/,
      do: ({ keys, master }) => (copyFileSync(stranger(".keys"), keys), copyFileSync(stranger(".keys.master"), master)) },
    { name: "a byte of the master", do: ({ master }) => patch(master, 3, Buffer.from("x")), start: /keys\.master_wrong/ },
];

const fallen = ({ code, signal }) => signal !== null || code === 139 || code === 134;

for (const { name, do: spoil, verify: finds, start: refuses, keyless, page } of damages) {
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
    const found = run(store, ["verify"]), said = found.out + found.said;
    if (fallen(found)) wrong.push(`verify fell over: ${found.signal ?? found.code}`);
    if (!(finds ?? refuses ?? /./).test(said) || (found.code === 0) !== Boolean(keyless)) wrong.push(`verify says ${found.code} ${said}`);
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

// Bytes turned over anywhere: whatever is said, nothing falls over, and what is found is said with a word key.
{
    const wrong = [], flips = long ? 300 : 4;
    for (let n = 0; n < flips; n++) {
        const { folder, store, done } = borrow();
        const file = ["wangge.db", "wangge.db.keys"][n % 2], path = join(folder, file), at = random(0, statSync(path).size - 1);
        flip(path, at);
        const found = run(store, ["verify"]);
        if (fallen(found) || (found.code !== 0 && !/^wangge: (verify|store|keys|ledger)\./m.test(found.said)))
            wrong.push(`byte ${at} of ${file}: verify says ${found.signal ?? found.code} ${found.said}`);
        const server = await attempt(store);
        const grid = grids[n % grids.length];
        if (server.url) await signIn(server.url, ...worker(grid)).then((phone) => phone.ask("household/doors", { area: grid })).catch(() => null);
        const end = await (server.url ? server.kill("SIGTERM") : server.ended);
        if (typeof end !== "number" || end > 1) wrong.push(`byte ${at} of ${file}: the server ended with ${end}: ${server.said}`);
        done();
    }
    report(`${flips} bytes turned over anywhere: nothing falls over`, wrong);
}
