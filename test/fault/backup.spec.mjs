// backup.spec.mjs CITY - a backup made under load, killed, gone on with, restored
// elsewhere: what answers called safe is there, the tables and what people are
// found by are those of the source, and nobody who was erased comes back.
// FAULT_LONG=1: both are killed again and again, wherever it may be.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { report } from "../check/report.mjs";
import { accounts, borrow, newId, serve, signIn } from "../program.mjs";

const city = process.argv[2] ?? process.env.TEST_CITY;
const { folder, store } = borrow(city);
const at = (...names) => join(folder, ...names);
const busy = ["--requests", "1000000"];   // of one session in a minute
const passwords = new Map(accounts(city));
const grid = [...passwords.keys()].find((name) => name.startsWith("grid-")).slice("grid-".length), village = grid.slice(0, 12);
const enter = (url, name) => signIn(url, name, passwords.get(name));

const sqlite = (db, sql) => execFileSync("sqlite3", [db, sql], { encoding: "utf8", maxBuffer: 1 << 28 }).trim();
const exec = promisify(execFile);
// How it ended and what it said; never throws.
const run = (...args) => exec("build/wangge", args, { maxBuffer: 1 << 26 })
    .then(({ stdout }) => ({ code: 0, said: stdout }), ({ code, stdout, stderr }) => ({ code, said: `${stdout}${stderr}` }));
// Killed at a moment; true when it had ended well before.
async function killed(moment, ...args) {
    const child = spawn("build/wangge", args, { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const code = await Promise.race([ended, moment]);
    child.kill("SIGKILL");
    await ended;
    return code === 0;
}
// When a file has grown so far, on however slow a disk.
async function grown(bytes, ...names) {
    for (let i = 0; i < 6000 && (statSync(at(...names), { throwIfNoEntry: false })?.size ?? 0) < bytes; i++) await sleep(5);
}
const backup = (to) => run("backup", "--to", at(to), "--store", store);
const url = (name) => `sqlite:${at(name, "wangge.db")}`;
// Another machine: an empty folder, the master key file, and what else stood beside it.
function machine(name, ...more) {
    mkdirSync(at(name));
    for (const part of ["wangge.db.keys.master", ...more]) cpSync(at(part), at(name, part));
    return url(name);
}
const restore = (from, name, ...more) => run("restore", "--from", at(from), "--store", machine(name, ...more));
const tables = async (where) => (await run("rebuild", "--store", where)).said.match(/tables (\w+ \w+)/)?.[1];
const verify = async (where) => (await run("verify", "--store", where)).said;
const expect = (name, { code, said }, wanted, ...texts) =>
    report(name, code === wanted && texts.every((t) => said.includes(t)) ? [] : [`ended with ${code}`, said.slice(-400)]);
const same = (name, ours, theirs) => report(name, ours && ours === theirs ? [] : [`${ours}`, `${theirs}`]);
const found = (where) => createHash("sha256").update(sqlite(`${where}.keys`,
    "SELECT hex(token), hex(subject), ledger FROM seal_token ORDER BY 1, 2, 3")).digest("hex");
const heads = (db, position) =>
    new Map(sqlite(db, `SELECT ledger, ${position} FROM ledger_head`).split("\n").map((l) => l.split("|")).map(([l, p]) => [l, Number(p)]));

// ---- under load: a first one, a second one, a kill in the middle of a third ----
let server = await serve(store, ...busy);
const acknowledged = [];
let working = true;
async function load() {
    const phone = await enter(server.url, `grid-${grid}`);
    const doors = (await phone.ask("household/doors", { area: grid })).map((d) => d.door);
    const { round } = (await phone.ask("screening/rounds", { area: grid })).find((r) => r.current);
    for (let n = 0; working; n++) {
        const visit = (i) => ({ id: newId(), type: "screening.visit", area: grid, at: Date.now(),
            body: { round, door: doors[(4 * n + i) % doors.length], method: "at_door", outcome: i % 2 ? "completed" : "no_answer" } });
        const said = await phone.post(Array.from({ length: 4 }, (_, i) => visit(i))).catch(() => null);
        if (!said) return;   // gone
        acknowledged.push(...said.results.filter((r) => r.status === "stored"));
    }
}
const phones = Array.from({ length: 4 }, load);
const rate = async (wait) => {
    const [before, began] = [acknowledged.length, Date.now()];
    const result = await wait;
    return { result, rate: Math.round((1000 * (acknowledged.length - before)) / (Date.now() - began)) };
};
const alone = await rate(sleep(700));
const first = await rate(backup("safe"));
await sleep(300);
const second = await backup("safe");
expect(`a first backup beside ${first.rate} visits a second (${alone.rate} without)`, first.result, 0, "The master key file is not in it");
const [, all, fresh] = second.said.match(/records (\d+) new (\d+)/)?.map(Number) ?? [];
report(`the second takes only what came since (${fresh} of ${all})`, second.code === 0 && fresh > 0 && fresh < all / 2 ? [] : [second.said]);
await sleep(200);
const cut = [backup("half"), backup("safe")];
await grown(4 << 20, "half", "ledger.db");
await server.kill("SIGKILL");
working = false;
await Promise.all([...phones, ...cut]);
expect("one that was never finished is not restored", await restore("half", "a"), 1, "backup.unfinished");

expect("a killed one leaves what was finished before", await restore("safe", "b"), 0, "records ");
const have = heads(at("b", "wangge.db"), "position"), told = acknowledged.filter((r) => r.position <= r.safe);
const ids = new Set(sqlite(at("b", "wangge.db"), `SELECT lower(hex(id)) FROM ledger_record WHERE ledger = '${village}'`).split("\n"));
const missing = acknowledged.filter((r) => r.position <= have.get(r.ledger) && !ids.has(r.id.replaceAll("-", "")));
const most = Math.max(...acknowledged.map((r) => r.safe));
report(`what answers called safe is there (up to ${most} of ${have.get(village)}, ${acknowledged.length} acknowledged)`,
    [...missing.map((r) => `${r.id} at ${r.position} is not there`), ...told.map((r) => `${r.id} before it was written`),
        ...(most > 0 && most <= have.get(village) ? [] : ["never safe"])]);
report("it verifies", (await verify(url("b"))).match(/bad_ledgers 0 bad_counters 0[^]* lost 0\n/) ? [] : [await verify(url("b"))]);
mkdirSync(at("c"));
for (const part of ["", "-wal", ".keys", ".keys-wal", ".keys.master"]) cpSync(at(`wangge.db${part}`), at("c", `wangge.db${part}`));
sqlite(at("c", "wangge.db"), `ATTACH '${at("safe", "ledger.db")}' AS b;
    DELETE FROM ledger_record WHERE position > (SELECT h.safe FROM b.ledger_head h WHERE h.ledger = ledger_record.ledger);
    UPDATE ledger_head SET position = (SELECT h.safe FROM b.ledger_head h WHERE h.ledger = ledger_head.ledger);
    UPDATE ledger_head SET digest = (SELECT r.digest FROM ledger_record r WHERE r.ledger = ledger_head.ledger AND r.position = ledger_head.position)`);
same("its tables are those of the source's ledgers up to there", await tables(url("b")), (await tables(url("c")))?.replace("changed", "unchanged"));

// ---- the source goes on; a household is erased after a backup that has its secret ----
server = await serve(store, ...busy);
const phone = await enter(server.url, `grid-${grid}`);
const { household, phone: number } = (await phone.ask("household/list", { area: grid })).find((h) => h.household && /^\d{11}$/.test(h.phone));
const others = (await phone.ask("household/list", { area: grid })).find((h) => /^\d{11}$/.test(h.phone) && h.phone !== number).phone;
const whoHas = async (who, text) => JSON.stringify(await who.ask("household/find", { area: grid, kind: "phone", text }));
const before = await whoHas(phone, others);
cpSync(at("safe"), at("older"), { recursive: true });
const says = async (name, type, area, body) => {
    const record = { id: newId(), type, area, at: Date.now(), body };
    const [result] = (await (await enter(server.url, name)).post([record])).results;
    return result.status === "stored" ? record.id : report(`${type}`, [JSON.stringify(result)]);
};
const erase = await says(`village-${village}`, "household.erase", grid, { household, classes: ["all"], reason: "本人要求" });
await says("approver", "household.erase_approve", village, { erase });
expect("one that was cut goes on", await backup("half"), 0, "records ");
const secretOf = (db) => sqlite(db, `SELECT count(*) FROM seal_subject WHERE hex(subject) = upper('${household.replaceAll("-", "")}')`);
await server.kill("SIGTERM");
expect("without a server it takes the lock", await backup("safe"), 0, "records ");
report("an erased secret leaves the backup", secretOf(at("older", "keys.db")) === "1" && secretOf(at("safe", "keys.db")) === "0" ? [] : ["it does not"]);

// ---- on another machine, cut and run again ----
const there = machine("d");
await killed(grown(1 << 20, "d", "wangge.db-wal"), "restore", "--from", at("safe"), "--store", there);
expect("nobody serves what is half restored", await run("verify", "--store", there), 1, "restore.unfinished");
expect("a restore that was cut goes on", await run("restore", "--from", at("safe"), "--store", there), 0, "erased 1 ");
expect("where a store stands nothing is restored", await run("restore", "--from", at("safe"), "--store", there), 1, "restore.exists");
same("the tables are those of the source", await tables(there), await tables(store));
same("what people are found by is that of the source", found(at("d", "wangge.db")), found(at("wangge.db")));
expect("it is another store from now on", await run("backup", "--to", at("safe"), "--store", there), 1, "backup.other");
const elsewhere = await serve(there, ...busy);
const again = await enter(elsewhere.url, `grid-${grid}`);
const stale = await fetch(`${elsewhere.url}/api/session`, { headers: { Authorization: `Bearer ${phone.session.token}` } });
report("incarnation is renewed, sessions are gone", again.session.incarnation !== phone.session.incarnation && stale.status === 401 ? []
    : [`${again.session.incarnation} ${phone.session.incarnation} ${stale.status}`]);
report("people are found again, but for the erased", before.includes("household") && (await whoHas(again, others)) === before &&
    (await whoHas(again, number)) === "[]" ? [] : [before, await whoHas(again, others), await whoHas(again, number)]);
await elsewhere.kill("SIGTERM");

// ---- an older backup brings nobody back, as long as the list of the erased is kept ----
expect("an older backup beside the list of the erased", await restore("older", "e", "wangge.db.keys.master.tombstones"), 0, "erased 1 ");
report("leaves the household erased", secretOf(at("e", "wangge.db.keys")) === "0" && /erased [1-9]\d* lost 0/.test(await verify(url("e"))) ? []
    : [secretOf(at("e", "wangge.db.keys")), await verify(url("e"))]);

// ---- cut wherever it may be ----
for (let round = 0; round < (process.env.FAULT_LONG ? 12 : 0); round++) {
    const to = `round${round}`, where = machine(`${to}.d`);
    let cuts = 0;
    const through = async (over, ...args) => {
        while (!(await killed(sleep(20 + Math.random() * 200 * ++cuts), ...args)) && !over());
    };
    // Killed between its last commit and its end, it is over, too.
    const db = at(`${to}.d`, "wangge.db"), one = (sql) => sqlite(db, sql) === "1";
    const whole = () => existsSync(db) && one("SELECT count(*) FROM sqlite_schema WHERE name = 'ledger_fact'") &&
        one("SELECT count(*) FROM ledger_fact");
    await through(() => false, "backup", "--to", at(to), "--store", store);
    await through(whole, "restore", "--from", at(to), "--store", where);
    same(`after ${cuts} cuts the tables are those of the source`, await tables(where), await tables(store));
    same("and what people are found by", found(at(`${to}.d`, "wangge.db")), found(at("wangge.db")));
    for (const gone of [to, `${to}.d`]) rmSync(at(gone), { recursive: true });
}

// ---- a rewritten ledger, another master ----
const bytes = () => ["ledger.db", "keys.db"].map((f) => createHash("sha256").update(readFileSync(at("safe", f))).digest("hex")).join();
const untouched = bytes();
sqlite(at("wangge.db"), `UPDATE ledger_record SET digest = zeroblob(32) WHERE ledger = '${village}' AND position =
    (SELECT position FROM ledger_head WHERE ledger = '${village}')`);
expect("a rewritten ledger is refused by its name", await backup("safe"), 1, "backup.fork", village);
same("and the backup stays as it was", bytes(), untouched);
expect("a new master key", await run("keys", "rotate", "--store", store), 0, "Backups made so far open nothing");
same("makes nothing safe any more", sqlite(at("wangge.db"), "SELECT sum(safe) FROM ledger_head"), "0");
expect("and opens no former backup", await restore("safe", "f"), 1, "keys.master_wrong");
