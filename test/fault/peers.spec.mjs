// peers.spec.mjs - requests that are half sent, senders and readers that trickle, a
// thousand connections that say nothing: others are answered meanwhile, memory
// stays bounded, and each of them is closed when its time is over.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { Load, borrow, grids, report, serve, settle, signIn, sleep, worker } from "./fault.mjs";

const TIMEOUT = 1, HOLD = 4 * TIMEOUT;           // seconds: to the first line; from there to the last byte
const { store } = borrow(), load = new Load();
const server = await serve(store, { args: ["--timeout", String(TIMEOUT)] });
const { hostname, port } = new URL(server.url);
const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

// On a busy machine this very process may come too late with its own first line,
// or ask on a connection whose time is just over: as a phone does, it asks again.
let cut = 0;
const again = async (ask) => {
    for (;;)
        try {
            return await ask();
        } catch (error) {
            if (++cut > 5 || error.message !== "fetch failed") throw error;
        }
};
const phone = await signIn(server.url, ...worker(grids[0]));
const token = `Authorization: Bearer ${phone.session.token}\r\n`;
const head = (line, more = "") => `${line} HTTP/1.1\r\nHost: ${hostname}\r\n${more}`;
const post = head("POST /api/records", `${token}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n`);
const large = head("GET /api/area/shapes?area=4405", `${token}\r\n`);

// what each sends at once, what it goes on sending, whether it reads, and how long it may stay
const kinds = [
    { name: "connections that say nothing", count: 1000, first: "", stays: TIMEOUT },
    { name: "half-sent first lines", count: 100, first: "GET /api/me", stays: TIMEOUT },
    { name: "half-sent headers", count: 100, first: head("GET /api/meta", "Accept: applic"), stays: HOLD },
    { name: "half-sent bodies", count: 100, first: `${post}{"records":[`, stays: HOLD },
    { name: "headers that trickle", count: 50, first: head("GET /api/meta"), drip: "X-A: b\r\n", every: 250, stays: HOLD },
    { name: "bodies that trickle", count: 50, first: `${post}{"records":[`, drip: " ", every: 250, stays: HOLD },
    { name: "answers nobody reads", count: 20, first: large.repeat(40), deaf: true, stays: TIMEOUT },
    { name: "streams nobody reads", count: 16, first: head(`GET /api/stream?area=${grids[0]}`, `${token}\r\n`), deaf: true, stays: Infinity },
];

const open = (kind) => {
    const socket = connect(Number(port), hostname), it = { kind, closed: 0, began: Date.now() };
    const over = () => (it.closed ||= Date.now());
    socket.on("error", over).on("close", over).on("end", over);
    if (kind.deaf) socket.pause();
    else socket.resume();
    socket.write(kind.first);
    if (kind.drip) it.timer = setInterval(() => (it.closed ? clearInterval(it.timer) : socket.write(kind.drip)), kind.every);
    it.end = () => (clearInterval(it.timer), socket.destroy());
    return it;
};

await load.begin(server);
await sleep(300);
const rested = memory();
load.slowest = 0;
const all = [];
for (const kind of kinds)
    for (let n = 0; n < kind.count; n++) {
        all.push(open(kind));
        if (all.length % 50 === 0) await sleep(1);                             // others of this process have their turn
    }
let peak = 0, asked = 0, slowest = 0;
const until = Date.now() + (HOLD + 3) * 1000;
while (Date.now() < until) {
    const began = Date.now();
    const fresh = await again(() => signIn(server.url, ...worker(grids[1])));
    await again(() => fresh.ask("screening/rounds", { area: grids[1] }));
    slowest = Math.max(slowest, Date.now() - began);
    asked++;
    peak = Math.max(peak, memory());
    await sleep(100);
}
await load.stop();
const wrong = [];
if (slowest > 3000 || asked < 5) wrong.push(`others were answered ${asked} times, the slowest took ${slowest} ms`);
if (load.slowest > 3000) wrong.push(`a batch took ${load.slowest} ms`);
if (peak > rested + 128) wrong.push(`memory went from ${Math.round(rested)} to ${Math.round(peak)} MB`);
const figures = `slowest ${Math.max(slowest, load.slowest)} ms, ${Math.round(rested)} to ${Math.round(peak)} MB`;
report(`others are answered meanwhile, memory stays bounded (${figures})`, wrong);

// Who does not read does not hear that it is over: the server is asked.
const streams = kinds.find((kind) => kind.stays === Infinity).count;
const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
const open_now = async () => Number((await again(metrics)).match(/^wangge_http_connections (\d+)/m)[1]);
let connections = await open_now();
for (let i = 0; i < 100 && connections > streams + 12; i++) connections = await sleep(100).then(open_now);
report(`answers nobody reads are closed (${connections} connections are left)`, connections > streams + 12 ? [`${connections} connections`] : []);

for (const kind of kinds.filter((k) => !k.deaf)) {
    const own = all.filter((it) => it.kind === kind), late = [];
    // The sweep runs once a second.
    const end = Math.max(...own.map((it) => (it.closed || Date.now()) - it.began));
    const standing = own.filter((it) => !it.closed).length;
    if (standing || end > kind.stays * 1000 + 2500) late.push(`${standing} of ${kind.count} stand, the last was closed after ${end} ms`);
    report(`${kind.count} ${kind.name} are closed`, late);
}
all.forEach((it) => it.end());
await server.kill("SIGTERM");
await settle("idle, half and slow peers: everything is there once", store, load);
