// memory.mjs CITY - what a server still holds when a password has been checked, given or refused: looked up in its own memory.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { report } from "./report.mjs";
import { accounts, borrow, serve } from "../program.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const server = await serve(store, "--threads", "2");
const { hostname, port } = new URL(server.url);

// How often each text stands in what the server may write to; null: only root may look.
function held(texts) {
    const counts = new Map(texts.map((t) => [t, 0])), longest = Math.max(...texts.map((t) => t.length)), piece = Buffer.alloc(1 << 20);
    let memory;
    try {
        memory = openSync(`/proc/${server.child.pid}/mem`, "r");
    } catch {
        return null;
    }
    for (const line of readFileSync(`/proc/${server.child.pid}/maps`, "latin1").split("\n")) {
        const [, from, to] = line.match(/^([0-9a-f]+)-([0-9a-f]+) rw/) ?? [];
        for (let at = parseInt(from, 16); at < parseInt(to, 16); at += piece.length - longest) {
            let n = 0;
            try {
                n = readSync(memory, piece, 0, Math.min(piece.length, parseInt(to, 16) - at), at);
            } catch {}
            for (const t of texts)
                for (let i = piece.indexOf(t); i >= 0 && i < n; i = piece.indexOf(t, i + 1)) counts.set(t, counts.get(t) + 1);
        }
    }
    closeSync(memory);
    return counts;
}

const fresh = () => `pass-${randomBytes(9).toString("hex")}`;
const send = (path, body, headers) =>
    fetch(server.url + path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
const raw = (...parts) => new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port }, async () => {
        for (const part of parts) {
            socket.write(part);
            await sleep(30);
        }
        socket.end();
    });
    socket.on("data", () => {}).on("error", () => {}).on("close", () => look().then(resolve));
});
const head = (length) => `POST /api/session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
const run = (...args) => spawnSync("build/wangge", [...args, "--store", store], { encoding: "utf8" }).stdout;

const words = {}, word = (what) => (words[what] = fresh()), left = {};
const boss = await (await send("/api/session", { name: "city", password: new Map(accounts(city)).get("city") })).json();
const auth = { Authorization: `Bearer ${boss.token}` };
const village = await (await send("/api/session", { name: "village-440513108001", password: new Map(accounts(city)).get("village-440513108001") })).json();
const wrong = [];
// Looked for after each, before another takes the same memory.
async function look() {
    await sleep(50);
    const found = held(Object.values(words));
    for (const [what, w] of Object.entries(words)) if (found?.get(w)) left[what] = Math.max(left[what] ?? 0, found.get(w));
}
async function is(what, answer, status) {
    if ((await answer).status !== status) wrong.push(`${what}: ${(await answer).status}`);
    await look();
}

await is("given", send("/api/account", { name: "memory", worker: village.worker, password: word("given by a person") }, auth), 200);
await is("right", send("/api/session", { name: "memory", password: words["given by a person"] }), 200);
const made = await (await send("/api/account", { name: "memory", worker: village.worker }, auth)).json();
words["made by the program"] = made.password;
await look();
await is("made", send("/api/session", { name: "memory", password: made.password }), 200);
await is("wrong", send("/api/session", { name: "memory", password: word("wrong") }), 401);
await is("unknown", send("/api/session", { name: "nobody", password: word("of an unknown name") }), 401);
await is("no name", send("/api/session", { password: word("without a name") }), 400);
await is("too long", send("/api/account", { name: "memory", worker: village.worker, password: word("longer than may be").repeat(20) }, auth), 400);
await is("not signed in", send("/api/account", { name: "memory", worker: village.worker, password: word("of somebody unknown") }), 401);
const whole = (what) => JSON.stringify({ name: "memory", password: word(what) });
const pieces = whole("in pieces"), broken = whole("in a body that breaks off").slice(0, -1), bad = `${whole("in no JSON").slice(0, -1)},}`;
await raw(head(`Content-Length: ${pieces.length}`), ...pieces.match(/[^]{1,40}/g));
await raw(head("Transfer-Encoding: chunked"), ...whole("in chunks").match(/[^]{1,40}/g).map((p) => `${p.length.toString(16)}\r\n${p}\r\n`), "0\r\n\r\n");
await raw(head(`Content-Length: ${bad.length}`) + bad);
await raw(head(`Content-Length: ${broken.length + 9}`) + broken);
if (!run("account", "add", "memory", "--worker", village.worker, "--password", word("by a command")).includes("account memory")) wrong.push("account add");
await look();
words["made by a command"] = run("account", "add", "memory", "--worker", village.worker).trim().split(" ").pop();
report("passwords right, wrong, given and cut off are answered as they should be", wrong);
await look();

const path = store.replace("sqlite:", ""), found = held([path]);
if (!found) {
    report("the memory of another process: only root may look, nothing was looked at", []);
} else {
    report("a text that must be there is found", found.get(path) > 0 ? [] : ["it is not"]);
    report(`none of ${Object.keys(words).length} passwords is in the server's memory`, Object.entries(left).map(([what, n]) => `${what}: ${n} times`));
}
await server.kill("SIGTERM");
