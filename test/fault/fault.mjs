// fault.mjs - what tests of faults share: a disk and a clock that obey, phones
// that remember what was acknowledged, and the question whether all of it is
// there once and proves itself.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { accounts, newId, signIn } from "../program.mjs";
import { report } from "../check/report.mjs";

export { newId, report, signIn, sleep };
export const program = process.env.TEST_PROGRAM ?? "build/wangge";
export const carried = ["--log_pages", "100"];              // a short log: its pages go into the file all the time, beside the load
export const long = Boolean(process.env.FAULT_LONG);          // make fault
export const city = process.argv[2] ?? process.env.TEST_CITY;

const scratch = mkdtempSync(join(tmpdir(), "fault."));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
setTimeout(() => (report("it comes to its end", ["it was still at it"]), process.exit(1)), (long ? 60 : 8) * 60000).unref();

// A copy of the made city that a test may spoil; done() when it needs it no more.
let copies = 0;
export function borrow(from = city) {
    const folder = join(scratch, `store.${copies++}`);
    mkdirSync(folder);
    if (from) cpSync(from, folder, { recursive: true });
    return { folder, store: `sqlite:${folder}/wangge.db`, done: () => rmSync(folder, { recursive: true, force: true }) };
}

// ---- the disk and the clock ------------------------------------------------------

const shim = join(scratch, "fault.so");
execFileSync("cc", ["-std=gnu17", "-O2", "-shared", "-fPIC", "-o", shim, join(dirname(new URL(import.meta.url).pathname), "fault.c"), "-ldl"]);

// In the order of struct control in fault.c.
const slots = ["room", "room_of", "slow", "bad_writes", "bad_syncs", "bad_of", "lie", "cut", "torn", "clock", "changes", "failures"];
export const of = { store: 1, storeWal: 2, keys: 4, keysWal: 8, other: 16, shm: 32 };
let controls = 0;

export class Disk {
    constructor(folder) {
        this.path = join(scratch, `control.${controls++}`);
        this.folder = folder;
        writeFileSync(this.path, Buffer.alloc(8 * slots.length));
        this.fd = openSync(this.path, "r+");
        this.set({ room: -1 });
    }
    set(numbers) {
        for (const [name, n] of Object.entries(numbers)) {
            if (!slots.includes(name)) throw new Error(`no ${name}`);
            const bytes = Buffer.alloc(8);
            bytes.writeBigInt64LE(BigInt(n));
            writeSync(this.fd, bytes, 0, 8, 8 * slots.indexOf(name));
        }
    }
    get(name) {
        const bytes = Buffer.alloc(8);
        readSync(this.fd, bytes, 0, 8, 8 * slots.indexOf(name));
        return Number(bytes.readBigInt64LE());
    }
    // As good as new.
    heal() {
        this.set({ room: -1, slow: 0, bad_writes: 0, bad_syncs: 0, lie: 0, cut: 0, torn: 0, clock: 0 });
    }
    get env() {
        return { LD_PRELOAD: shim, FAULT_FOLDER: this.folder, FAULT_CONTROL: this.path };
    }
}

// ---- the program -----------------------------------------------------------------------

const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));
function born(args, store, disk) {
    const child = spawn(program, [...args, "--store", store], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...disk?.env } });
    const it = { child, out: "", said: "" };
    children.add(child);
    child.stdout.on("data", (bytes) => (it.out += bytes));
    child.stderr.on("data", (bytes) => (it.said += bytes));
    it.ended = new Promise((resolve) => child.once("close", (code, signal) => (children.delete(child), resolve(signal ?? code))));
    it.kill = (signal) => (child.kill(signal), it.ended);
    // How it ended, "standing" when it did not.
    it.within = (ms) => Promise.race([it.ended, sleep(ms, "standing", { ref: false })]);
    return it;
}

// Serves on a free port; url is null when it ended before it listened.
export async function attempt(store, { disk, args = [] } = {}) {
    const server = born(["serve", "--listen", "127.0.0.1:0", "--requests", "1000000", ...args], store, disk);
    server.url = null;
    await Promise.race([server.ended, new Promise((resolve) => server.child.stdout.on("data", () => {
        server.url = server.out.match(/^listening (\S+)/m)?.[1] ?? null;
        if (server.url) resolve();
    }))]);
    return server;
}

export async function serve(store, options) {
    const server = await attempt(store, options);
    if (!server.url) throw new Error(`it does not start: ${server.said}`);
    return server;
}

// A command to its end: { code, signal, out, said }.
export function run(store, args, { disk, ms = 60000 } = {}) {
    const how = { env: { ...process.env, ...disk?.env }, encoding: "utf8", maxBuffer: 1 << 28, timeout: ms };
    const done = spawnSync(program, [...args, "--store", store], how);
    return { code: done.status, signal: done.signal, out: done.stdout, said: done.stderr };
}

// The same, not waited for.
export const start = (store, args, { disk } = {}) => born(args, store, disk);

// ---- phones ----------------------------------------------------------------------------------

const password = accounts(city)[0][1];
const workers = accounts(city).map(([name]) => name).filter((name) => name.startsWith("grid-"));
export const record = (grid, type, body) => ({ id: newId(), type, area: grid, at: Date.now(), body });
export const door = (grid) => record(grid, "household.door", { door: newId(), order: 9000, building: "试验楼", use: "self" });
export const grids = workers.map((name) => name.slice("grid-".length));
export const worker = (grid) => [`grid-${grid}`, password];
export const villages = (count) => {
    const found = new Map(grids.map((grid) => [grid.slice(0, 12), grid]));
    return [...found.values()].slice(0, count);
};

// As a phone hands in: with its own clock, so that the server's may be wrong.
export async function hand_in(url, token, records) {
    const said = await fetch(`${url}/api/records`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
                                                    body: JSON.stringify({ now: Date.now(), records }) });
    return { status: said.status, ...(await said.json()) };
}

// Phones of several villages, and what they were told.
export class Load {
    constructor(phones = long ? 4 : 2, doors = 1) {
        this.doors = doors;                 // new ones in a batch, each with a secret of its own
        this.grids = villages(phones);
        this.acknowledged = new Map();      // id -> record
        this.unanswered = new Map();
        this.wrong = [];
        this.keys = new Map();              // word key -> times it was said with "again"
        this.slowest = 0;
    }
    said(key) {
        this.keys.set(key, (this.keys.get(key) ?? 0) + 1);
    }
    // true: some of it has to wait.
    take(said) {
        const before = this.wrong.length;
        if (!said.results) {
            if (said.status === 503 && said.again) this.said(said.key);
            else this.wrong.push(JSON.stringify(said));
        }
        for (const { id, status, error } of said.results ?? []) {
            if (status === "refused" && error.again) {
                this.said(error.key);
            } else if (status === "refused") {
                this.wrong.push(`${id}: ${error.key}`);
                this.unanswered.delete(id);
            } else {
                if (this.unanswered.has(id)) this.acknowledged.set(id, this.unanswered.get(id));
                this.unanswered.delete(id);
            }
        }
        if (this.wrong.length > before) this.ending = true;
        return !said.results || said.results.some(({ status }) => status === "refused");
    }
    // Somebody signed in, who knows his doors and the round.
    async prepare(url, grid) {
        const phone = await signIn(url, ...worker(grid));
        phone.post = (records) => hand_in(url, phone.session.token, records);
        const doors = (await phone.ask("household/doors", { area: grid })).map((d) => d.door);
        const { round } = (await phone.ask("screening/rounds", { area: grid })).find((r) => r.current);
        return { grid, phone, doors, round };
    }
    async send({ grid, phone, doors, round }) {
        for (let n = 0; !this.ending; n++) {
            const records = Array.from({ length: this.doors }, () => door(grid));
            for (let i = 0; i < 4; i++)
                records.push(record(grid, "screening.visit", { round, door: doors[(4 * n + i) % doors.length], method: "at_door",
                                                               outcome: Math.random() < 0.5 ? "completed" : "no_answer" }));
            for (const r of records) this.unanswered.set(r.id, r);
            while (!this.ending && records.some((r) => this.unanswered.has(r.id))) {      // what is told to come again does
                const began = Date.now();
                const wait = this.take(await phone.post(records));
                await sleep(wait ? 30 : 4);
                this.slowest = Math.max(this.slowest, Date.now() - began);
            }
        }
    }
    // All of them send until the server is gone, or stop() is called.
    async begin(server) {
        this.ending = false;
        const gone = (error) => {
            if (!/fetch failed|terminated|closed/.test(String(error))) this.wrong.push(String(error));
        };
        const phones = await Promise.all(this.grids.map((grid) => this.prepare(server.url, grid).catch(gone)));
        this.going = Promise.all(phones.filter(Boolean).map((phone) => this.send(phone).catch(gone)));
    }
    async stop() {
        this.ending = true;
        await this.going;
    }
    // What was acknowledged is repeated, what was not is taken now.
    async offer(url) {
        const lost = [];
        for (const grid of this.grids) {
            const phone = await signIn(url, ...worker(grid));
            const again = async (records, each) => {
                const own = [...records.values()].filter((r) => r.area === grid);
                for (let i = 0; i < own.length; i += 200)
                    for (const result of (await phone.post(own.slice(i, i + 200))).results ?? [{ id: "a batch", status: "not answered" }]) each(result);
            };
            await again(this.acknowledged, ({ id, status, error }) => {
                if (status !== "repeated") lost.push(`${id} was acknowledged and is ${status} ${error?.key ?? ""}`);
            });
            await again(this.unanswered, ({ id, status, error }) => {
                if (status !== "stored" && status !== "repeated") lost.push(`${id}: ${status} ${error?.key}`);
            });
        }
        return lost;
    }
    // How often each record stands in the ledgers.
    count(store) {
        const times = new Map(), wrong = [];
        for (const grid of this.grids)
            for (const line of run(store, ["export", "--as", "ledger", "--area", grid.slice(0, 12)]).out.trim().split("\n")) {
                const { id } = JSON.parse(line);
                times.set(id, (times.get(id) ?? 0) + 1);
            }
        for (const id of [...this.acknowledged.keys(), ...this.unanswered.keys()])
            if (times.get(id) !== 1) wrong.push(`${id} is ${times.get(id) ?? 0} times in the ledger`);
        return wrong;
    }
}

// The next start works by itself, everything acknowledged is there once, all is proven.
export async function settle(name, store, load, { args } = {}) {
    const server = await attempt(store, { args });
    if (!server.url) {
        report(name, [`it does not start: ${server.said}`]);
        return;
    }
    const lost = await load.offer(server.url);
    const code = await server.kill("SIGTERM");
    if (code !== 0) lost.push(`a stop ended with ${code}: ${server.said}`);
    lost.push(...load.count(store));
    if (!load.acknowledged.size) lost.push("there was no load");
    report(`${name} (${load.acknowledged.size} acknowledged, ${load.unanswered.size} not)`, [...lost, ...load.wrong, ...verify(store)]);
}

// [] when chains, counters, pages and boxes are proven.
export function verify(store) {
    const { code, out, said } = run(store, ["verify"]);

    return code === 0 ? [] : [`verify: ${code} ${out} ${said}`];
}
// What may be said while it lasts: the same bytes are taken later.
export const waits = new Set(["store.full", "store.io", "store.undone", "keys.undone", "busy.rebuilding", "busy.stopping"]);
export const random = (low, high) => low + Math.floor(Math.random() * (high - low + 1));
