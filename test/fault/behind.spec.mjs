// behind.spec.mjs - somebody reads for long: commits go on, the log stops growing
// once the reader is gone, and an erase that cannot overwrite meanwhile says so
// and succeeds when it is asked again.
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Load, borrow, grids, long, report, run, serve, settle, sleep } from "./fault.mjs";

// A transaction that sees the state of now until end() is called.
async function reader(path) {
    const child = spawn("sqlite3", ["-readonly", path], { stdio: ["pipe", "pipe", "inherit"] });
    process.once("exit", () => child.kill("SIGKILL"));
    child.stdin.write("BEGIN; SELECT 'reads', COUNT(*) FROM sqlite_schema;\n");
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return { end: () => new Promise((resolve) => (child.once("exit", resolve), child.stdin.end("COMMIT;\n"))) };
}

const { folder, store } = borrow(), db = join(folder, "wangge.db"), wrong = [];
const size = () => statSync(`${db}-wal`).size;
const load = new Load();
const server = await serve(store);
await load.begin(server);
await sleep(300);

const behind = await reader(db);
const before = load.acknowledged.size, begun = size();
load.slowest = 0;
await sleep(long ? 20000 : 1200);
if (load.acknowledged.size < before + 100) wrong.push(`${load.acknowledged.size - before} records while somebody reads`);
if (load.slowest > 2000) wrong.push(`an answer took ${load.slowest} ms`);
if (size() <= begun) wrong.push("the log did not have to wait: this proves nothing");
await behind.end();
await sleep(300);                                    // a checkpoint, and the log begins anew
const most = size();
await sleep(long ? 20000 : 1200);
if (size() > Math.max(most, 64 << 20) + (16 << 20)) wrong.push(`the log grows on, from ${most} to ${size()}`);
if (size() > most + (most - begun) / 2 + (8 << 20)) wrong.push(`the log is not used again: ${begun}, ${most}, ${size()}`);
await load.stop();
report(`a reader for long: commits go on, the log is used again (${Math.round(most / 1024)} KB)`, wrong);

const scrub = [], erase = ["erase", "--area", grids[0].slice(0, 12), "--class", "health", "--month", "2020-02", "--reason", "试验"];
const keys = await reader(`${db}.keys`);
await load.begin(server);
await sleep(100);
await load.stop();                                   // so that the key store's log holds something the reader does not see
const busy = run(store, erase);
if (busy.code === 0 || !/store\.busy/.test(busy.said)) scrub.push(`behind a reader it says ${busy.code} ${busy.said}`);
await keys.end();
const done = run(store, erase);
if (done.code !== 0 || !/in 1 villages/.test(done.out)) scrub.push(`without one it says ${done.code} ${done.out} ${done.said}`);
report("an erase behind a reader says store.busy, and succeeds when asked again", scrub);
await server.kill("SIGTERM");
await settle("readers: everything is there once", store, load);
