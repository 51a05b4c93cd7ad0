// operator.mjs - the command line of somebody who runs an installation: first
// store, the official list and its reorganisation, accounts beside a running
// server, and what is said when a file, a key or a lock is in the way.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { report } from "../check/report.mjs";
import { borrow, serve, signIn } from "../program.mjs";

const { folder, store } = borrow();
const run = (...args) => spawnSync("build/wangge", [...args, "--store", store], { encoding: "utf8", maxBuffer: 1 << 26 });
function expect(name, { status, stdout, stderr }, code, ...texts) {
    const right = status === code && texts.every((t) => (stdout + stderr).includes(t));
    report(name, right ? [] : [`ended with ${status}`, stdout.slice(-600), stderr.slice(-600)]);
}
const list = (name, ...more) => run("import", name, "--as", "divisions", ...more);
const file = (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
};

// ---- the official list, and what changed in June ----
expect("a dry run writes nothing", list("data/divisions.csv"), 0, "rows 1159", "stored 0", "dry run");
expect("and then it is written", list("data/divisions.csv", "--apply"), 0, "rows 1159", "bad 0", "refused 0");
expect("twice is once", list("data/divisions.csv", "--apply"), 0, "stored 0");
expect("the reorganisation is told before it happens", list("data/divisions_2020-06.csv"), 0, "stored 0", "37");
expect("and happens", list("data/divisions_2020-06.csv", "--apply"), 0, "bad 0", "refused 0");

// ---- files that are not right change nothing ----
const head = "code,name,level,parent_code,type,short_name\n";
const row = file("row.csv", `${head}440513108999,新村,hamlet,440513108000,village,新村\n`);
expect("a broken row", list(row, "--apply"), 2, "1 of 1 rows", "divisions.field level");
expect("a wrong column", list(file("column.csv", "number,name\n1,新村\n"), "--apply"), 2);
expect("an open quote", list(file("quote.csv", `${head}"440513108999,新村,village\n`), "--apply"), 2);
const village = [`${head}440513108999,`, [0xd0, 0xc2, 0xb4, 0xe5], ",village,440513108000,village,\n"];   // 新村 in GBK
const gbk = file("gbk.csv", Buffer.concat(village.map((part) => Buffer.from(part))));
expect("GBK is recognised", list(gbk, "--apply"), 2, "import.encoding");
expect("and read when one says so", list(gbk, "--gbk"), 0, "bad 0", "rows 1");
expect("a file that is not there", list(join(folder, "nothing.csv")), 1, "file.missing");
expect("an unknown option", run("verify", "--frobnicate", "1"), 2, "command.option");

// ---- accounts, beside a running server ----
const add = (name, account, role, area, ...more) =>
    run("worker", "add", "--name", name, "--account", account, "--role", role, "--area", area, "--phone", "10090000009", ...more);
expect("the first account", add("林立秋", "lin", "secretary", "440513108216", "--password", "grid-2020-lin"), 0, "account lin grid-2020-lin");
const server = await serve(store);
expect("a second server is refused", run("serve", "--listen", "127.0.0.1:0"), 1, "store.locked");
const more = add("陈大暑", "chen", "commander", "4405");
expect("a second account goes through the running server, its password is made", more, 0, "account chen ");
const lin = await signIn(server.url, "lin", "grid-2020-lin");
report("the secretary signs in", lin.session.duties?.[0]?.area === "440513108216" ? [] : [JSON.stringify(lin.session)]);
const chen = await signIn(server.url, "chen", more.stdout.trim().split(" ").pop());
const villages = (await chen.ask("area/tree", { area: "4405" })).filter((a) => a.level === 4 && a.open);
report("1,087 villages after the reorganisation", villages.length === 1087 ? [] : [`${villages.length}`]);
const codes = (name) => new Set(readFileSync(name, "utf8").split("\n").filter((l) => /,village,/.test(l)).map((l) => l.split(",")[0]));
const old = codes("data/divisions.csv"), now = codes("data/divisions_2020-06.csv");
const gone = [...old].filter((c) => !now.has(c)), wrong = [];
for (const code of gone) {
    const [found] = await chen.ask("area/search", { text: code }).catch(() => []);
    if (!found || !now.has(found.code)) wrong.push(`${code}: ${JSON.stringify(found)}`);
}
report(`the ${gone.length} former codes are still found, under their new ones`, gone.length === 37 ? wrong : [`${gone.length}`]);

// ---- an output longer than a part, than a request, than what either side has ----
const big = 72, sqlite = (sql) => spawnSync("sqlite3", ["-cmd", ".timeout 5000", join(folder, "wangge.db"), sql]);
sqlite(`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ${big})
    INSERT INTO ledger_record SELECT ledger, 100000 + i, randomblob(16), type, area, at, received_at, maker, author, for_whom, proof,
    printf('%.*c', 1000000, 'x'), given, boxes, digest FROM (SELECT * FROM ledger_record WHERE ledger = '4405' LIMIT 1), n`);
const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]) / 1024;
function exported(limit) {
    const name = join(folder, "exported"), to = openSync(name, "w");
    const words = ["export", "--as", "ledger", "--area", "4405", "--store", store];
    const limited = ["-c", `ulimit -v ${limit}; exec build/wangge "$@"`, "-", ...words];
    const { status, stderr } = spawnSync("bash", limited, { stdio: ["ignore", to, "pipe"], encoding: "utf8" });
    closeSync(to);
    return { status, stderr, size: statSync(name).size, hash: createHash("sha256").update(readFileSync(name)).digest("hex") };
}
const before = memory(), large = exported(100000), grown = memory() - before;
report(`${big} MB leave through the running server, whose memory grows by ${grown.toFixed(0)} MB`,
    large.status === 0 && large.size > big * 1e6 && grown < 40 ? [] : [JSON.stringify(large)]);
const idle = spawn("build/wangge", ["export", "--as", "ledger", "--area", "4405", "--store", store], { stdio: ["ignore", "pipe", "ignore"] });
await new Promise((resolve) => idle.stdout.once("readable", resolve));     // and reads no further
expect("who stops in the middle of an answer keeps no other command", add("何谷雨", "he", "secretary", "440513108216"), 0, "account he ");
idle.kill("SIGKILL");
report("a stop is clean", (await server.kill("SIGTERM")) === 0 ? [] : ["it was not"]);
report("without a server it is the same", exported("unlimited").hash === large.hash ? [] : ["another"]);
sqlite("DELETE FROM ledger_record WHERE ledger = '4405' AND position > 100000");

// ---- keys ----
const master = join(folder, "wangge.db.keys.master");
renameSync(master, `${master}.away`);
expect("without its master key the store does not open, and says why", run("serve", "--listen", "127.0.0.1:0"), 1, "keys.master_missing");
renameSync(`${master}.away`, master);
chmodSync(master, 0o644);
expect("a master key that others may read is refused", run("verify"), 1, "keys.master_mode");
chmodSync(master, 0o600);
const part = (more) => sqlite(`UPDATE store_part SET version = version + ${more} WHERE part = 'ledger'`);
part(1);
expect("a store of a newer program is left alone", run("serve", "--listen", "127.0.0.1:0"), 1, "store.newer");
part(-1);
expect("a new master key", run("keys", "rotate"), 0, "new master key");
expect("everything verifies", run("verify"), 0, "bad_ledgers 0 bad_counters 0");
