// tools.mjs - what the measures share: the city, copies of it, servers, scripts of requests, figures.
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { accounts, newId, serve as start, signIn, wangge } from "../program.mjs";

export { newId, signIn, wangge };
export const full = 5502031;
export const people = Number(process.env.PEOPLE ?? full);
export const folder = "build/bench";
export const city = join(folder, people === full ? "city" : `city-${people}`);
export const say = (words) => process.stderr.write(`  ${words}\n`);

// The program beside: its JSON.
const run = promisify(execFile);
export async function tool(...args) {
    const { stdout, stderr } = await run("build/test/bench", args.map(String), { maxBuffer: 1 << 28 });
    if (stderr.includes("went wrong")) say(stderr.trim());
    return JSON.parse(stdout);
}

// ---- stores ----

export const store = (at) => `sqlite:${at}/wangge.db`;
export const file = (at) => join(at, "wangge.db");
const secrets = [".keys", ".keys.master"];

// A copy of a made city in a folder of its own; the accounts come along.
export function copyOf(from, name) {
    const to = join(folder, name);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    for (const part of ["accounts", "sessions", "wangge.db", ...secrets.map((s) => `wangge.db${s}`)])
        if (existsSync(join(from, part))) copyFileSync(join(from, part), join(to, part));
    return to;
}
export const drop = (...folders) => folders.forEach((at) => rmSync(at, { recursive: true, force: true }));

// Makes a city aside, so that half a one is never taken for a whole one; the figures of the making stay beside it.
export async function makeCity(at, count, days = 2) {
    const making = `${at}.making`;
    drop(at, making);
    mkdirSync(making, { recursive: true });
    say(`making a city of ${count} people`);
    const words = ["drill", "--city", "4405", "--people", count, "--days", days, "--until", "2020-02-09", "--store", store(making)];
    const log = join(making, "said");
    const made = await tool("run", "sh", "-c", `exec "$0" "$@" > ${log} 2> /dev/null`, "build/wangge", ...words);
    if (made.code !== 0) throw new Error(`the drill ended with ${made.code}: see ${log}`);
    const lines = readFileSync(log, "utf8").match(/^account .*$/gm).map((l) => l.slice("account ".length));
    writeFileSync(join(making, "accounts"), lines.join("\n") + "\n");
    writeFileSync(join(making, "made.json"), JSON.stringify(made));
    renameSync(making, at);
    return at;
}
export async function theCity() {
    if (process.env.FRESH || !existsSync(join(city, "accounts"))) await makeCity(city, people);
    delete process.env.FRESH;
    return city;
}

export async function smallCity() {
    const at = join(folder, "city-200000");
    return existsSync(join(at, "accounts")) ? at : makeCity(at, 200000);
}

// The copy of the city on which a run works: everybody is signed in.  Opens as many further rounds as are asked for.
let shop = null;
export async function workshop({ rounds = 0 } = {}) {
    const at = shop ?? copyOf(await theCity(), "ours");
    if (shop && !rounds) return { at };
    const server = await serve(at);
    if (!shop) await signInAll(server, at);
    if (rounds) await openRounds(server, at, rounds);
    await server.stop();
    shop = at;
    return { at };
}

// At the end of a run: everything that was acknowledged counts once, ledgers and counters verify.
export function closeShop() {
    if (!shop) return;
    say("verify");
    wangge("verify", "--store", store(shop));
    drop(shop);
}

// ---- servers ----

const running = new Set();
// After a measure that failed half way.
export const stopAll = () => Promise.all([...running].map((server) => server.kill("SIGTERM")));

export async function serve(at, ...more) {
    const server = await start(store(at), "--requests", "1000000", "--streams", "20000", ...more);
    const address = new URL(server.url).host;
    running.add(server);
    server.child.once("exit", () => running.delete(server));
    return {
        ...server, address,
        metric: async (name) => {
            const text = await (await fetch(`${server.url}/metrics`)).text();
            const found = text.match(new RegExp(`^wangge_${name} (\\S+)`, "m"));
            if (!found) throw new Error(`no ${name} in /metrics: ${text.slice(0, 200)}`);
            return Number(found[1]);
        },
        megabytes: () => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]) / 1024,
        async stop() {
            const code = await server.kill("SIGTERM");
            if (code !== 0) throw new Error(`the server ended with ${code}`);
        },
    };
}

// ---- scripts ----

export const ASK = 1, SIGN_IN = 2, STREAM = 3;         // 0: records
const head = 16;

export function request(address, method, path, { token, body, gzip } = {}) {
    const text = body === undefined ? "" : JSON.stringify(body);
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${address}`];
    if (gzip) lines.push("Accept-Encoding: gzip");
    if (token) lines.push(`Authorization: Bearer ${token}`);
    if (text) lines.push("Content-Type: application/json", `Content-Length: ${Buffer.byteLength(text)}`);
    return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

// Steps {connection, due (ms), kind, bytes} in order of due.
export function writeScript(path, steps) {
    const ordered = [...steps].sort((a, b) => (a.due ?? 0) - (b.due ?? 0));
    writeFileSync(path, Buffer.concat(ordered.flatMap(({ connection, due = 0, kind, bytes }) => {
        const h = Buffer.alloc(head);
        [connection, Math.round(due), kind, bytes.length].forEach((n, i) => h.writeUInt32LE(n, 4 * i));
        return [h, bytes];
    })));
    return path;
}
export function readScript(path) {
    const all = readFileSync(path), steps = [];
    for (let at = 0, n; at < all.length; at += head + n) {
        const [connection, due, kind] = [0, 4, 8].map((i) => all.readUInt32LE(at + i));
        n = all.readUInt32LE(at + 12);
        steps.push({ connection, due, kind, bytes: all.subarray(at + head, at + head + n) });
    }
    return steps;
}
export const load = (server, script, ...more) => tool("load", server.address, script, ...more);

// ---- people ----

export const password = (at, name) => accounts(at).find(([account]) => account === name)[1];
export const as = (server, at, name) => signIn(server.url, name, password(at, name));

// Signs in the workers of two thousand grids all over the city, and somebody who may visit everywhere; "area token" lines
// stay beside the store.
const SIGNED_IN = 2000;
const workersOf = (at) => {
    const grids = accounts(at).filter(([name]) => name.startsWith("grid-")), step = Math.max(1, grids.length / SIGNED_IN);
    return Array.from({ length: Math.floor(grids.length / step) }, (_, i) => grids[Math.floor(i * step)]);
};
export async function signInAll(server, at) {
    const grids = workersOf(at);
    const police = newId(), account = "bench-police";
    const commander = await as(server, at, "city"), keeper = await as(server, at, "keeper");
    const since = Date.now() - 3600000;
    const said = await commander.post([
        { id: newId(), type: "duty.worker", area: "4405", at: since, body: { worker: police, name: "机动民警", phone: "10000000001", category: "police" } },
        { id: newId(), type: "duty.assign", area: "4405", at: since, body: { duty: newId(), worker: police, role: "police", since } },
    ]);
    if (!said.results?.every(({ status }) => status === "stored")) throw new Error(JSON.stringify(said));
    const given = await (await fetch(`${server.url}/api/account`, {
        method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${keeper.session.token}` },
        body: JSON.stringify({ name: account, worker: police }),
    })).json();
    const people = [...grids, [account, given.password]];
    const steps = people.map(([name, password], i) =>
        ({ connection: i % 8, kind: SIGN_IN, bytes: request(server.address, "POST", "/api/session", { body: { name, password } }) }));
    const script = writeScript(join(folder, "script"), steps), tokens = join(folder, "tokens");
    say(`signing in ${steps.length} workers`);
    const figures = await load(server, script, 0, tokens);
    if (figures.sign_in.bad) throw new Error(`${figures.sign_in.bad} cannot sign in`);
    const lines = readFileSync(tokens, "utf8").trim().split("\n").map((line) => line.split(" ")).map(([i, token]) =>
        `${i < grids.length ? people[i][0].slice("grid-".length) : "4405"} ${token}`);
    writeFileSync(join(at, "sessions"), lines.join("\n") + "\n");
    return figures;
}
export const sessions = (at) => readFileSync(join(at, "sessions"), "utf8").trim().split("\n").map((line) => line.split(" "));

// How many rounds hold so many visits to the doors of those who are signed in, and a hundred of each grid.
export async function roundsFor(visits) {
    const at = await theCity(), { doors, grids } = await tool("count", file(at));
    return Math.ceil(Math.max(1.2 * visits / (doors * workersOf(at).length / grids), 100 * grids / doors));
}

// Rounds of the whole city, frozen in every village before this returns.
export async function openRounds(server, at, count) {
    const commander = await as(server, at, "city");
    const measures = ["mobilise", "educate", "notify", "manage_returnee", "sanitise", "supply"];
    for (let n = 0; n < count; n++) {
        const said = await commander.post([{ id: newId(), type: "screening.round", area: "4405", at: Date.now(),
            body: { round: newId(), name: `压力测试 第${n + 1}轮`, trigger: "new_key_area", measures, questionnaire: "round" } }]);
        if (said.results?.[0]?.status !== "stored") throw new Error(JSON.stringify(said));
    }
    say(`freezing ${count} rounds`);
    for (;;) {
        const rounds = await commander.ask("screening/rounds", { area: "4405" });
        if (rounds.every((r) => r.villages_frozen === r.villages)) return rounds;
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
}

// ---- figures ----

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
