// sessions.mjs CITY - signing in as an attacker meets it: fixation, a stolen
// cookie, requests of foreign pages, guessing at names and from addresses, what a
// lockout does to its owner, how long an unknown name takes, and how it all ends.
import { createHash, createHmac, webcrypto } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { compare as check, report } from "./report.mjs";
import { accounts, borrow, newId, serve, wangge } from "../program.mjs";

const { subtle } = webcrypto;

const [, , city] = process.argv;
const { folder, store } = borrow(city);
const password = new Map(accounts(city));
let server = await serve(store);
const V = "440513108001";
const account = `village-${V}`;
const right = password.get(account);
let address = 0;
const elsewhere = () => ({ "X-Forwarded-For": `198.51.100.${++address % 250}` });   // as a proxy on this machine says it

async function send(method, path, { body, cookie, headers } = {}) {
    const answer = await fetch(`${server.url}${path}`, {
        method, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
        headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...(cookie && { Cookie: cookie }), ...headers },
    });
    const text = await answer.text();
    const cookies = (answer.headers.get("set-cookie") ?? "").split(/, (?=\w+=)/).filter(Boolean);      // Debian's Node 18 has no getSetCookie
    return { status: answer.status, text, headers: answer.headers, cookies, json: text.startsWith("{") ? JSON.parse(text) : {},
        session: cookies.find((c) => c.startsWith("wangge="))?.split(";")[0], device: cookies.find((c) => c.startsWith("wangge_device="))?.split(";")[0] };
}
const signIn = (name, word, more = {}) =>
    send("POST", "/api/session", { body: { name, password: word }, ...more, headers: { ...elsewhere(), ...more.headers } });
const enter = (name, word, more) => signIn(name, word, more).then((said) => said.status);
const known = async (cookie) => (await send("GET", "/api/session", { cookie })).status;
const marked = { "X-Wangge": "1" };

// ---- cookies ------------------------------------------------------------------------
const first = await signIn(account, right), tls = await signIn(account, right, { headers: { "X-Forwarded-Proto": "https" } });
const flags = (r) => r.cookies.map((c) => c.replace(/^(\w+)=[\w-]{43,64};/, "$1;").replace(/Max-Age=(\d+)/, (_, s) => `days ${Math.round(s / 86400)}`));
check("cookies: no script reads them, no foreign page sends them, over TLS they stay there",
    ["flags", flags(first), ["wangge; Path=/; HttpOnly; SameSite=Strict; days 7",
        "wangge_device; Path=/api/session; HttpOnly; SameSite=Strict; days 366"]],
    ["flags over TLS", flags(tls), flags(first).map((f) => `${f}; Secure`)],
    ["strict transport", [first, tls].map((r) => r.headers.get("strict-transport-security")), [null, "max-age=31536000"]],
    ["kept by nobody", first.headers.get("cache-control"), "no-store"],
    ["the end is told", Math.round((first.json.until - Date.now()) / 86400e3), 7]);

// ---- the phone keeps its token itself ---------------------------------------------------
const field = await signIn(account, right, { body: { name: account, password: right, bearer: true } });
const fieldBearer = { headers: { Authorization: `Bearer ${field.json.token}` } };
check("a phone that keeps its token itself gets no session cookie, and thirty days",
    ["signed in", field.status, 200], ["no cookie opens anything", [field.session, flags(field).length], [undefined, 1]],
    ["the end is told", Math.round((field.json.until - Date.now()) / 86400e3), 30],
    ["the token opens", (await send("GET", "/api/session", fieldBearer)).json.worker, first.json.worker],
    ["bearer is yes, no, or by duty", (await signIn(account, right, { body: { name: account, password: right, bearer: "1" } })).json.field, "bearer"]);
const walker = [...password.keys()].find((name) => name.startsWith("grid-"));
const byDuty = (name) => signIn(name, "", { body: { name, password: password.get(name), bearer: "at_doors" } });
const [atDoors, atDesk] = [await byDuty(walker), await byDuty(account)];
check("by duty: whoever works at doors only keeps the token, whoever has a desk gets the cookie",
    ["faces", [atDoors.json.face, atDesk.json.face], ["field", "command"]],
    ["cookies", [atDoors.session === undefined, atDesk.session === undefined], [true, false]],
    ["days", [atDoors, atDesk].map((r) => Math.round((r.json.until - Date.now()) / 86400e3)), [30, 7]]);
const told = [first, tls, field].map((r) => [r.json.device, r.json.key]);
const shown = (await send("GET", "/api/session", fieldBearer)).json;
check("each sign-in has a device key of its own, told once",
    ["another each time", new Set(told.flat()).size, 6], ["32 bytes", told.map(([, k]) => Buffer.from(k, "base64").length), [32, 32, 32]],
    ["never again", [shown.device, shown.key, shown.token], [undefined, undefined, undefined]]);

// ---- what a phone seals for the office -----------------------------------------------------
// As a browser does it: whoever carries a parcel cannot read it, and any session hands it in.
async function parcel(point, plain) {
    const office = await subtle.importKey("raw", Buffer.from(point, "base64"), { name: "ECDH", namedCurve: "P-256" }, false, []);
    const own = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    const shared = await subtle.deriveBits({ name: "ECDH", public: office }, own.privateKey, 256);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: Buffer.from("wangge parcel 1") }, aes = { name: "AES-GCM", length: 256 };
    const key = await subtle.deriveKey(hkdf, await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]), aes, false, ["encrypt"]);
    const iv = webcrypto.getRandomValues(new Uint8Array(12));
    const parts = [Uint8Array.of(1), await subtle.exportKey("raw", own.publicKey), iv, await subtle.encrypt({ ...aes, iv }, key, Buffer.from(plain))];
    return Buffer.concat(parts.map((part) => Buffer.from(part))).toString("base64");
}
const mark = ({ device, key }, text) =>
    ({ text, device, mac: createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("hex").slice(0, 32) });
const { device, key } = field.json;
const found = () => JSON.stringify({ id: newId(), type: "household.door", area: `${V}01`, at: Date.now(), body: { door: newId(), order: 99, use: "rent" } });
const carrier = await signIn("city", password.get("city"), { body: { name: "city", password: password.get("city"), bearer: true } });
const carry = (parcels, more) => send("POST", "/api/parcels",
    { body: { now: Date.now(), parcels }, headers: { Authorization: `Bearer ${carrier.json.token}` }, ...more });
const texts = [found(), found(), found()], point = field.json.office;
const sealedFor = await Promise.all(texts.map((text) => parcel(point, JSON.stringify(mark({ device, key }, text)))));
const spoilt = [Buffer.from(sealedFor[0], "base64"), Buffer.from(sealedFor[0], "base64").subarray(0, 90)];
spoilt[0][100] ^= 1;
const brought = await carry([sealedFor[0], spoilt[0].toString("base64"), sealedFor[1], spoilt[1].toString("base64"), 7, "not base64",
    await parcel(point, "{}"), await parcel(point, JSON.stringify({ ...mark({ device, key }, texts[2]), device: newId() }))]);
const cameAs = (r) => r.json.results?.map((one) => [one.id, one.error?.key ?? one.status]);
const idOf = (text) => JSON.parse(text).id;
check("parcels of a phone: whoever brings them, each is taken or refused by itself",
    ["the point", [Buffer.from(point, "base64").length, carrier.json.office, shown.office], [65, point, point]],
    ["results", cameAs(brought), [[idOf(texts[0]), "stored"], [null, "parcel.bad"], [idOf(texts[1]), "stored"], [null, "parcel.bad"], [null, "parcel.bad"],
        [null, "parcel.bad"], [null, "field.text"], [idOf(texts[2]), "device.unknown"]]],
    ["again", cameAs(await carry([sealedFor[1]])), [[idOf(texts[1]), "repeated"]]],
    ["nobody signed in", (await carry([], { headers: {} })).status, 401],
    ["no list", [(await carry(7)).json.field, (await carry(Array(1001).fill(""))).json.key], ["parcels", "body.many"]]);

// ---- fixation --------------------------------------------------------------------------
const planted = `wangge=${"A".repeat(43)}`;
const fixed = await signIn(account, right, { cookie: planted }), over = await signIn(account, right, { cookie: first.session });
check("a sign-in takes no token it is given",
    ["another token", [fixed.session === planted, over.session === first.session], [false, false]],
    ["the planted one is nobody's", await known(planted), 401]);

// ---- what lies on the disk --------------------------------------------------------------
const bytes = readdirSync(folder).filter((f) => !/(\.sock|accounts|said)$/.test(f)).map((f) => readFileSync(join(folder, f)));
const onDisk = (what) => bytes.some((b) => b.includes(what));
const token = first.session.slice("wangge=".length);
check("tokens, passwords and device keys are on no disk", ["device key", onDisk(Buffer.from(first.json.key, "base64")), false],
    ["token", onDisk(token), false], ["password", onDisk(right), false],
    ["mark", onDisk(first.device.slice(-32)), false],
    ["but the token's hash is", onDisk(createHash("sha256").update(token).digest()), true]);

// ---- a stolen cookie ends when its owner says so ---------------------------------------------
const [lost, kept] = [await signIn(account, right), await signIn(account, right)];
await send("DELETE", "/api/session", { cookie: kept.session, headers: marked });
check("signing out ends one session", ["it", await known(kept.session), 401], ["another", await known(lost.session), 200]);
const listening = new AbortController();
const stream = await fetch(`${server.url}/api/stream?area=${V}`, { headers: { Cookie: lost.session }, signal: listening.signal });
const streamEnds = (async () => {
    for await (const _ of stream.body);
})().then(() => "ended", (e) => e.name);
const outside = await signIn(account, right);
const everywhere = await send("DELETE", "/api/session?everywhere=1", { cookie: outside.session, headers: marked });
check("signing out everywhere ends all of them", ["answer", everywhere.status, 204], ["itself", await known(outside.session), 401],
    ["the others", await Promise.all([lost, first, tls, fixed, over].map((r) => known(r.session))), [401, 401, 401, 401, 401]],
    ["the phone's", (await send("GET", "/api/session", fieldBearer)).status, 401]);
const stolen = await signIn(account, right);
const boss = await signIn("city", password.get("city"));
const give = (name) => send("POST", "/api/account", { body: { name, worker: stolen.json.worker }, cookie: boss.session, headers: marked });
const fresh = await give(account);
check("a new password ends what was signed in with the old one", ["given", fresh.status, 200], ["stolen", await known(stolen.session), 401],
    ["the old password", await enter(account, right), 401], ["the new one", await enter(account, fresh.json.password), 200]);

// ---- a name once given is not taken over -------------------------------------------------------
const stored = async () => (await send("GET", "/metrics")).text.match(/records_stored_total (\d+)/)[1];
const count = await stored();
const run = (...args) => spawnSync("build/wangge", [...args, "--store", store], { encoding: "utf8" });
const taken = run("worker", "add", "--name", "代某", "--phone", "10090000000", "--account", "city", "--role", "volunteer", "--area", V);
const moved = run("account", "add", "city", "--worker", stolen.json.worker, "--password", "taken-over");
check("an account is not taken over, by a colleague or at the command line",
    ["worker add", [taken.status, /account\.known/.test(taken.stderr)], [1, true]], ["and nothing was written", await stored(), count],
    ["account add", [moved.status, /account\.known/.test(moved.stderr)], [1, true]],
    ["over HTTP", (await give("city")).json.key, "account.known"],
    ["its owner is still in", await known(boss.session), 200]);

// ---- cards ---------------------------------------------------------------------------------------
const duty = { duty: newId(), worker: newId(), role: "volunteer", since: Date.now() - 1000 };
const person = { worker: duty.worker, name: "代某", phone: "10090000000", category: "volunteer" };
const registered = await send("POST", "/api/records", { body: { records: [["duty.worker", V, person], ["duty.assign", `${V}01`, duty]]
    .map(([type, area, of]) => ({ id: newId(), type, area, at: Date.now(), body: of })) }, cookie: boss.session, headers: marked });
const card = (worker, end) => send("POST", "/api/card", { body: { worker, end }, cookie: boss.session, headers: marked }).then((r) => r.json);
const byCard = ({ name, code }, more) => signIn(name, "", { body: { name, code, bearer: true, ...more } });
const one = await card(duty.worker), two = await card(duty.worker);
check("a card signs in once, and the next one takes its place",
    ["registered", registered.json.results.map((r) => r.status), ["stored", "stored"]],
    ["the account is made: six digits", [/^\d{6}$/.test(one.name), two.name === one.name], [true, true]],
    ["eight digits, for three days", [/^\d{8}$/.test(one.code), Math.round((one.until - Date.now()) / 3600e3)], [true, 72]],
    ["the former one", (await byCard(one)).json.key, "session.wrong"], ["a password there is none", await enter(one.name, "00000000"), 401],
    ["the card as a password", await enter(two.name, two.code), 401], ["the card", (await byCard(two)).json.worker, duty.worker],
    ["again", (await byCard(two)).json.key, "session.wrong"]);
const three = await card(duty.worker), race = await Promise.all([1, 2, 3].map(() => byCard(three)));
check("of several who hold a card at once one gets in", ["answers", race.map((r) => r.status).sort(), [200, 401, 401]]);
const raced = { headers: { Authorization: `Bearer ${race.find((r) => r.status === 200).json.token}` } };
const inside = async () => (await send("GET", "/api/session", raced)).status;
await card(duty.worker);
const before = await inside(), five = await card(duty.worker, true);
check("a card puts out who was signed in when it is asked to", ["not by itself", before, 200], ["asked to", await inside(), 401]);
const withPassword = await send("POST", "/api/account", { body: { name: five.name, worker: duty.worker }, cookie: boss.session, headers: marked });
check("a new password ends the card", ["given", withPassword.status, 200], ["the card", (await byCard(five)).json.key, "session.wrong"]);

// ---- foreign pages -----------------------------------------------------------------------------
const foreign = [];
const writes = [["POST", "/api/records", { records: [] }], ["POST", "/api/parcels", { parcels: [] }],
    ["POST", "/api/reveal", {}], ["POST", "/api/account", {}],
    ["POST", "/api/card", {}], ["DELETE", "/api/session"]];
const origin = { Origin: "http://evil.example" };
for (const [method, path, body] of writes) {
    const plain = await send(method, path, { body, cookie: boss.session });
    const from = await send(method, path, { body, cookie: boss.session, headers: origin });
    foreign.push([`${method} ${path}`, [plain.json.key, from.json.key], ["request.foreign", "request.foreign"]]);
    const asks = { "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-wangge" };
    const may = await send("OPTIONS", path, { headers: { ...origin, ...asks } });
    foreign.push([`a preflight of ${path} allows nothing`, [...may.headers.keys()].filter((h) => h.startsWith("access-control")), []]);
}
const form = JSON.stringify({ name: "city", password: password.get("city") });
for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    foreign.push([`a form (${type}) that signs somebody in`,
        (await send("POST", "/api/session", { body: form, headers: { "Content-Type": type } })).json.key, "request.type"]);
const noType = await fetch(`${server.url}/api/session`, { method: "POST", headers: origin, body: new Blob([form]) });
foreign.push(["a body of no type", (await noType.json()).key, "request.foreign"]);
const read = await send("GET", `/api/household/list?area=${V}`, { cookie: boss.session, headers: origin });
foreign.push(["what is read is not given to another origin",
    ["access-control-allow-origin", "cross-origin-resource-policy"].map((h) => read.headers.get(h)), [null, "same-origin"]]);
foreign.push(["still signed in", await known(boss.session), 200]);
check("requests of foreign pages", ...foreign);
const rebound = await new Promise((done) => request(`${server.url}/`, { headers: { Host: "evil.example" } }, (r) => {
    let all = JSON.stringify(r.headers);
    r.on("data", (d) => (all += d)).on("end", () => done(`${r.statusCode} ${/evil/.test(all)}`));
}).end());
check("the name a request calls us by is never said back", ["answer", rebound, "200 false"]);

// ---- guessing ---------------------------------------------------------------------------------------
const guess = (name, more) => signIn(name, "wrong password", more);
const grid = `grid-${V}01`, word = password.get(grid);
const own = await signIn(grid, word), phone = { cookie: own.device };
const second = await signIn(grid, word), other = await signIn("city", password.get("city"));
const tries = [];
for (let i = 0; i < 6; i++) tries.push((await guess(grid)).status);
const shut = await signIn(grid, word), forged = `${own.device.slice(0, -1)}${own.device.endsWith("0") ? "1" : "0"}`;
check("five wrong passwords, then a name waits, wherever they come from",
    ["tries", tries, [401, 401, 401, 401, 401, 429]], ["the right one too, from an unknown device", [shut.status, shut.json.key], [429, "session.locked"]],
    ["it says how long", Number(shut.headers.get("retry-after")) >= 1, true]);
const home = await signIn(grid, word, phone);
check("but its owner's own device is let in", ["the same phone", home.status, 200], ["keeps its id", home.device, own.device],
    ["a forged mark", await enter(grid, word, { cookie: forged }), 429],
    ["a mark under another name", await enter(grid, word, { cookie: other.device }), 429]);
const own5 = [];
for (let i = 0; i < 6; i++) own5.push((await guess(grid, phone)).status);
check("a stolen device guesses no faster, and shuts out itself alone", ["tries", own5, [401, 401, 401, 401, 401, 429]],
    ["another device of the owner", await enter(grid, word, { cookie: second.device }), 200]);
const office = { headers: { "X-Forwarded-For": "203.0.113.7" } }, sprayed = [];
for (let i = 0; i < 31; i++) sprayed.push((await guess(`nobody ${i}`, office)).status);
check("thirty wrong ones from one address, over many names, and the address waits",
    ["tries", sprayed.filter((s) => s === 401).length, 30], ["then", sprayed[30], 429],
    ["a known device behind it does not", await enter(grid, word, { cookie: second.device, ...office }), 200],
    ["another address does not", await enter(`village-440513108201`, password.get("village-440513108201")), 200]);

// ---- an unknown name takes as long as a wrong password ---------------------------------------------
const times = { known: [], unknown: [] };
const some = [...password.keys()].filter((n) => n.startsWith("town-")).slice(0, 15);
for (const [i, name] of some.entries())
    for (const [kind, who] of [["known", name], ["unknown", `town-99999900${i}`]])
        for (const how of [guess, (n) => byCard({ name: n, code: "12345678" })]) {
            const began = performance.now();
            if ((await how(who)).status !== 401) times[kind].push(Infinity);
            times[kind].push(performance.now() - began);
        }
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const [a, b] = [median(times.known), median(times.unknown)];
report(`an unknown name takes as long as a wrong password (${a.toFixed(0)} and ${b.toFixed(0)} ms)`,
    Math.max(a, b) / Math.min(a, b) < 1.5 ? [] : [`${a} ms, ${b} ms`]);

// ---- after a restart ----------------------------------------------------------------------------------
const began = Date.now();
const ended = await Promise.race([streamEnds, sleep(17000)]);
report(`a stream of an ended session ends, too (${((Date.now() - began) / 1000).toFixed(0)} s)`, ended === "ended" ? [] : [String(ended)]);
listening.abort();
await server.kill("SIGTERM");
server = await serve(store);
for (let i = 0; i < 5; i++) await guess(grid);
check("sessions and the marks of devices outlive a restart", ["session", await known(boss.session), 200], ["ended", await known(stolen.session), 401],
    ["device", await enter(grid, word, { cookie: second.device }), 200], ["no device", await enter(grid, word), 429]);
await server.kill("SIGTERM");
wangge("keys", "rotate", "--store", store);
server = await serve(store);
for (let i = 0; i < 5; i++) await guess(grid);
const late = await parcel(point, JSON.stringify(mark({ device, key }, texts[2])));
check("what was sealed before opens after it, though its owner was put out meanwhile",
    ["in one's own name no more", (await send("GET", "/api/session", fieldBearer)).status, 401], ["by the office", cameAs(await carry([late])),
        [[idOf(texts[2]), "stored"]]]);
check("and a new master key", ["session", await known(boss.session), 200], ["device", await enter(grid, word, { cookie: second.device }), 200]);
await server.kill("SIGTERM");
