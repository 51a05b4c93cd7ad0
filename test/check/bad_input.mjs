// bad_input.mjs CITY - every record type and every question with each place of
// it wrong in every way, and at each bound, drawn from the tables themselves: the
// exact word key comes back, the record beside it is stored, nothing of the
// refused ones is, and no answer is 500 or more.  What is just inside its bounds
// is sent by somebody who has no right to it, and then by somebody who has: it is
// stored or refused by a word of its feature, and the tables still follow from the ledgers.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { report } from "./report.mjs";
import { accounts, borrow, newId, serve, signIn, wangge } from "../program.mjs";
import { rightsOf, roles } from "../roles.mjs";
import { Shape } from "../shape.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const [name, password] = accounts(city).find(([account]) => account.startsWith("grid-440513108216"));
const grid = name.slice("grid-".length), village = grid.slice(0, 12);
const verified = (what) => Number(wangge("verify", "--store", store).match(new RegExp(`\\b${what} (\\d+)`))[1]);
const days = verified("heads");                                        // the root of a day, which the server writes by itself, is nobody's
const recorded = () => verified("records") - verified("heads");
const before = recorded();
const server = await serve(store, "--requests", "1000000");
const { url } = server;
const phone = await signIn(url, name, password);
const bearer = { Authorization: `Bearer ${phone.session.token}` };
const json = { "Content-Type": "application/json" };
const meta = await (await fetch(`${url}/api/meta`)).json();
const shape = new Shape(meta, village);

const broken = [];   // answers of 500 and more
async function send(method, path, body, headers = { ...json, ...bearer }) {
    const bytes = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const answer = await fetch(`${url}${path}`, { method, headers, body: bytes });
    const text = await answer.text();
    if (answer.status >= 500) broken.push(`${method} ${path}: ${answer.status} ${text.slice(0, 200)}`);
    let said = {};
    try {
        said = JSON.parse(text);
    } catch {
        if (text) broken.push(`${method} ${path}: not JSON: ${text.slice(0, 80)}`);
    }
    return { status: answer.status, ...said };
}

// ---- records: each bad one between two good ones ---------------------------------
const record = (type, area, body, more) => ({ id: newId(), type, area, at: Date.now(), body, ...more });
const good = () => record("household.door", grid, { door: newId(), order: 9000, use: "self" });
const stored = new Set(), refused = new Set(), wrong = { fault: [], edge: [], neighbour: [] };
let waiting = [], bytes = 0;

// One batch of what was told; told(result) says what is wrong with it, or nothing.
async function flush() {
    const cases = waiting, records = cases.flatMap((c) => [c.bad, good()]);
    waiting = [], bytes = 0;
    const { status, key, results } = await send("POST", "/api/records", { records });
    for (const [i, c] of cases.entries()) {
        const bad = results?.[2 * i] ?? { status: `the whole batch: ${status} ${key}` }, beside = results?.[2 * i + 1];
        const said = c.told(bad.error ?? {}, bad.status);
        if (said) c.to.push(`${c.what}: ${said}, not ${bad.status} ${bad.error?.key ?? ""} ${bad.error?.field ?? ""}`);
        if (beside?.status !== "stored" || !beside.position) wrong.neighbour.push(`${c.what}: ${JSON.stringify(beside)}`);
        if (beside) stored.add(beside.id);
        if (c.bad?.id) refused.add(c.bad.id);
    }
}
async function tell(to, what, bad, told) {
    const size = JSON.stringify(bad)?.length ?? 0;
    if (waiting.length === 200 || bytes + size > 2000000) await flush();
    waiting.push({ to, what, bad, told });
    bytes += size;
}
const refusedBy = (key, field) => (error) => (error.key === key && (error.field ?? "") === field.slice(0, 79) ? "" : `wanted ${key} ${field}`);

const listless = (fields) => fields.flatMap((f) => [...(f.codes && !shape.codes[f.codes] ? [f.codes] : []), ...listless(f.fields ?? [])]);
report("every code list a field names is in the profile", shape.types.flatMap(({ type, fields }) => listless(fields).map((list) => `${type}: ${list}`)));

let faults = 0, edges = 0;
for (const { type, fields } of shape.types) {
    for (const { what, key, field, body } of shape.faults(fields)) {
        await tell(wrong.fault, `${type} ${what}`, record(type, village, body), refusedBy(key, field));
        faults++;
    }
    // Whoever sends it has no right there: what passes the shape comes to that and not further.
    for (const { what, body } of shape.edges(fields)) {
        await tell(wrong.edge, `${type} ${what}`, record(type, village, body), (e) => (e.key === "right.denied" && !e.field ? "" : "wanted right.denied"));
        edges++;
    }
    for (const body of [undefined, null, [], 5, "x"])
        await tell(wrong.fault, `${type} body ${JSON.stringify(body)}`, record(type, village, body), refusedBy("field.group", "body"));
    const long = "x".repeat(200);
    await tell(wrong.fault, `${type} a long name`, record(type, village, { ...shape.fullest(fields), [long]: 1 }), refusedBy("field.unknown", long));
    for (const f of fields.filter((f) => f.kind === "area")) {
        const elsewhere = { ...shape.fullest(fields), [f.name]: f.list ? ["999999"] : "999999" };
        await tell(wrong.fault, `${type} ${f.name} elsewhere`, record(type, village, elsewhere), refusedBy("area.unknown", f.name));
    }
}

// ---- the envelope ----
const door = { door: newId(), order: 1, use: "self" }, now = Date.now();
const v8 = newId().replace(/^(.{14})7/, "$18");
const envelope = [
    [{ id: undefined }, "record.id", "id"], [{ id: null }, "record.id", "id"], [{ id: 5 }, "record.id", "id"], [{ id: "x" }, "record.id", "id"],
    [{ id: "00000000-0000-0000-0000-000000000000" }, "record.id", "id"], [{ id: v8 }, "record.id", "id"],
    [{ type: undefined }, "record.type", "type"], [{ type: 5 }, "record.type", "type"], [{ type: "household.castle" }, "record.type", "type"],
    [{ type: "household.door\u0000" }, "record.type", "type"], [{ type: "x".repeat(60000) }, "record.type", "type"],
    [{ area: undefined }, "record.area", "area"], [{ area: 5 }, "record.area", "area"], [{ area: "" }, "record.area", "area"],
    [{ area: "4".repeat(32) }, "record.area", "area"], [{ area: "999999" }, "area.unknown", ""], [{ area: "4".repeat(31) }, "area.unknown", ""],
    [{ at: undefined }, "record.at", "at"], [{ at: null }, "record.at", "at"], [{ at: "5" }, "record.at", "at"], [{ at: 1.5 }, "record.at", "at"],
    [{ at: 0 }, "record.at", "at"], [{ at: -1 }, "record.at", "at"], [{ at: Date.UTC(1999, 11, 31) }, "record.at", "at"],
    [{ at: Date.UTC(2200, 0, 2) }, "record.at", "at"], [{ at: Number.MAX_SAFE_INTEGER }, "record.at", "at"],
    [{ at: now + 3600000 }, "clock.ahead", "at"],
    ...["x", 5, {}, [], true, "00000000-0000-0000-0000-000000000000"].flatMap((w) => [
        [{ for: w }, "record.for", "for"], [{ maker: w }, "record.maker", "maker"]]),
];
for (const [other, key, field] of envelope) {
    const bad = { ...record("household.door", grid, door), ...other };
    if (key === "record.type" && /\0/.test(bad.type)) continue;   // a NUL is refused with the whole body, below
    await tell(wrong.fault, `envelope ${JSON.stringify(other).slice(0, 60)}`, bad, refusedBy(key, field));
}
for (const bad of [5, "x", null, [], true]) await tell(wrong.fault, `a record ${JSON.stringify(bad)}`, bad, refusedBy("record.map", ""));
const twice = good();
await flush();
report(`${faults} faults in ${shape.types.length} record types, and the envelope's: each by its key and field`, wrong.fault);
report(`${edges} values at a bound, and everything that may be left out: the shape lets them pass`, wrong.edge);
report(`the record beside a bad one is stored (${stored.size})`, wrong.neighbour);
{
    const [a, b, c] = (await phone.post([twice, twice, { ...twice, body: { ...twice.body, order: 1 } }])).results;
    stored.add(twice.id);
    report("the same id again is a repeat, with other content it is refused", a.status === "stored" && b.status === "repeated" &&
        b.position === a.position && c.error?.key === "record.reused" ? [] : [JSON.stringify([a, b, c])]);
}

// ---- the whole body ----
const text = (o) => JSON.stringify(o), ok = text({ records: [] });
const deep = (n) => `${"[".repeat(n)}${"]".repeat(n)}`;
const inBody = (value) => text({ records: [record("household.door", grid, { ...door, door: newId(), building: value })] });
const bodies = [
    ["", "json.bad"], ["{", "json.bad"], ["records=1", "json.bad"], [`${ok}x`, "json.bad"], ["{'records':[]}", "json.bad"], ['{"records":[NaN]}', "json.bad"],
    ["5", "body.records", "records"], ["[]", "body.records", "records"], ["{}", "body.records", "records"], ['{"records":{}}', "body.records", "records"],
    ['{"records":[],"now":"5"}', "body.now", "now"], ['{"records":[],"now":0}', "body.now", "now"], ['{"records":[],"now":1.5}', "body.now", "now"],
    [`{"records":[],"now":${Date.UTC(2200, 0, 2)}}`, "body.now", "now"],
    ['{"records":[],"left":"3"}', "body.left", "left"], ['{"records":[],"left":-1}', "body.left", "left"], ['{"records":[],"left":1}', "body.left", "oldest"],
    ['{"records":[],"left":1,"oldest":0}', "body.left", "oldest"], ['{"records":[],"left":1000001,"oldest":5}', "body.left", "left"],
    [text({ records: Array(1001).fill({}) }), "body.many", "records"],
    [`{"records":${deep(16)}}`, "json.deep"], [`{"records":[],"x":${"[".repeat(100000)}`, "json.deep"],
    ['{"records":[],"records":[]}', "json.duplicate"], ['{"records":["\\u0000"]}', "json.utf8"], [Buffer.from('{"records":["\xff"]}', "latin1"), "json.utf8"],
    [inBody("x".repeat(524289)), "json.text"], [`${" ".repeat(4194304)}${ok}`, "request.large"],
];
const whole = [];
const refuses = async (what, method, path, body, headers, status, key, field) => {
    const said = await send(method, path, body instanceof Buffer ? body.toString("latin1") : body, headers);
    if (said.status !== status || (key && said.key !== key) || (field !== undefined && (said.field ?? "") !== field))
        whole.push(`${what}: ${said.status} ${said.key} ${said.field ?? ""}, wanted ${status} ${key} ${field ?? ""}`);
};
for (const [body, key, field] of bodies) {
    const status = key === "request.large" ? 413 : 400;
    if (body instanceof Buffer) {   // bytes that are no text
        const answer = await fetch(`${url}/api/records`, { method: "POST", headers: { ...json, ...bearer }, body });
        const said = await answer.json();
        if (said.key !== key) whole.push(`bytes: ${answer.status} ${said.key}, wanted ${key}`);
    } else {
        await refuses(body.slice(0, 40), "POST", "/api/records", body, undefined, status, key, field);
    }
}
for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", ""])
    await refuses(`Content-Type ${type}`, "POST", "/api/records", ok, { ...bearer, "Content-Type": type }, type ? 415 : 200, type ? "request.type" : undefined);
for (const type of ["application/json", "Application/JSON; charset=utf-8"])
    await refuses(`Content-Type ${type}`, "POST", "/api/records", ok, { ...bearer, "Content-Type": type }, 200);
await refuses("a thousand is not too many", "POST", "/api/records", { records: Array(1000).fill({}) }, undefined, 200);

// ---- the other things that are posted ----
const nowhere = newId();
const reveal = { household: nowhere, area: village, fields: ["phone"], purpose: "核对信息" };
for (const [path, least, cases] of [
    ["/api/session", { name: "nobody", password: "wrong password" }, [
        ["name", 5, "field.text"], ["name", undefined, "field.missing"], ["name", "", "field.length"], ["name", "x".repeat(64), "field.length"],
        ["code", 5, "field.text"], ["code", "", "field.length"], ["code", "1".repeat(33), "field.length"], ["bearer", 1, "field.bool"],
        ["password", [], "field.text"], ["password", undefined, "field.missing"], ["password", "x".repeat(1025), "json.text"]]],
    ["/api/account", { name: "somebody", worker: nowhere }, [
        ["name", undefined, "field.missing"], ["worker", 5, "field.id"], ["worker", undefined, "field.id"], ["worker", "x", "field.id"],
        ["password", 12345678, "field.text"], ["password", "x".repeat(204), "account.password"]]],
    ["/api/card", { worker: nowhere }, [["worker", 5, "field.id"], ["worker", undefined, "field.id"], ["end", "1", "field.bool"]]],
    ["/api/reveal", reveal, [
        ["household", 5, "field.id"], ["household", undefined, "field.id"], ["purpose", "x", "reveal.purpose"], ["purpose", 5, "reveal.purpose"],
        ["purpose", "x".repeat(121), "reveal.purpose"], ["fields", [], "field.items"], ["fields", "phone", "field.items"],
        ["fields", ["castle"], "field.unknown"], ["fields", [5], "field.unknown"], ["fields", Array(41).fill("phone"), "field.items"],
        ["area", undefined, "area.unknown", 404], ["area", "999999", "area.unknown", 404], ["area", 5, "area.unknown", 404]]],
]) {
    for (const body of ["{", "", "[]", "5"]) await refuses(`${path} ${body}`, "POST", path, body, undefined, 400);
    for (const [field, value, key, status = 400] of cases)
        await refuses(`${path} ${field} ${JSON.stringify(value)?.slice(0, 20)}`, "POST", path, { ...least, [field]: value }, undefined, status, key,
            key.startsWith("json.") ? "" : field);
}
await refuses("a household that is nowhere", "POST", "/api/reveal", reveal, undefined, 404, "household.unknown");

// ---- questions: every parameter ----
const inParam = {
    id: [["5", "field.id"], ["x".repeat(36), "field.id"]], number: [["x", "field.number"], ["1.5", "field.number"], ["9".repeat(30), "field.number"]],
    time: [["x", "field.number"]], bool: [["yes", "field.number"]], day: [["2020-02-30", "field.day"]], area: [["999999", "area.unknown"]],
    text: [["x".repeat(401), "field.length"]], code: [["x".repeat(401), "field.length"]],
};
const fits = { id: newId(), number: "1", time: "1", bool: "1", day: "2020-02-05", area: village, text: "xx", code: "xx" };
let asked = 0;
for (const q of shape.questions) {
    const all = { ...(q.area && { area: grid }), ...Object.fromEntries(q.params.filter((p) => p.required).map((p) => [p.name, fits[p.kind]])) };
    const asks = async (what, other, key, field) => {
        const query = new URLSearchParams(Object.entries({ ...all, ...other }).filter(([, v]) => v !== undefined));
        const said = await send("GET", `/api/${q.path}?${query}`, undefined, bearer);
        asked++;
        if (said.key === "right.denied" && !field.startsWith("area")) return;   // judged before what is asked is read
        if (said.key !== key || (said.field ?? "") !== field) whole.push(`${q.path} ${what}: ${said.status} ${said.key} ${said.field}, wanted ${key} ${field}`);
    };
    if (q.area) {
        await asks("no area", { area: undefined }, "field.missing", "area");
        for (const area of ["999999", "x", "4".repeat(400)]) await asks(`area ${area.slice(0, 10)}`, { area }, "area.unknown", "area");
    }
    for (const p of q.params) {
        if (p.required) await asks(`no ${p.name}`, { [p.name]: undefined }, "field.missing", p.name);
        for (const [value, key] of inParam[p.kind] ?? []) await asks(`${p.name} ${value.slice(0, 10)}`, { [p.name]: value }, key, p.name);
    }
    if (q.paged) {
        const own = phone.session.incarnation.slice(-8);
        await asks("an old cursor", { cursor: "00000000.ixx" }, "cursor.stale", "cursor");
        for (const cursor of [`${own}`, `${own}.`, `${own}.z5`, `${own}.ix.ix.ix.ix.ix`, `${own}.b1`, `${own}.tzz`])
            await asks(`cursor ${cursor}`, { cursor }, "cursor.bad", "cursor");
    }
}
await refuses("no such question", "GET", "/api/household/castle", undefined, bearer, 404, "query.unknown");
await refuses("a question by POST", "POST", "/api/household/list", "{}", undefined, 405, "request.method");
report(`whole bodies, sign-ins, accounts, reveals and ${asked} questions: each by its key`, whole);
report("no answer is 500 or more, every one is JSON", broken);
// ---- what is no HTTP: libmicrohttpd answers by itself (doc/operations.md), and nobody is spoken to again -------------
const raw = (bytes) => new Promise((done) => {
    const socket = connect(new URL(url).port, "127.0.0.1"), limit = setTimeout(() => done(`${said} and stays open`) || socket.destroy(), 10000);
    let said = "";
    socket.on("data", (data) => (said += data.toString("latin1")));
    socket.on("error", () => {});     // a reset is an end, too
    socket.on("close", () => (clearTimeout(limit), done(said)));
    socket.write(Buffer.from(bytes, "latin1"));
});
const host = "Host: x\r\n", long = "a".repeat(40000);
const posted = (headers, body = "") => `POST /api/session HTTP/1.1\r\n${host}Content-Type: application/json\r\n${headers}\r\n\r\n${body}`;
const foreign = [
    ["a header without colon", `GET / HTTP/1.1\r\n${host}nothing\r\n\r\n`, 400], ["no version", `GET /\r\n${host}\r\n`, 400],
    ["a version that is none", `GET / HTTX/1.1\r\n${host}\r\n`, 400], ["a small http", `GET / http/1.1\r\n${host}\r\n`, 400],
    ["a length that is no number", posted("Content-Length: x"), 400], ["a length below nothing", posted("Content-Length: -1"), 400],
    ["a chunk's size that is no number", posted("Transfer-Encoding: chunked", "zz\r\n"), 400],
    ["a chunk that ends elsewhere", posted("Transfer-Encoding: chunked", "2\r\n{}xx\r\n"), 400],
    ["a length beyond any number", posted(`Content-Length: ${"9".repeat(30)}`), 413],
    ["a chunk beyond any number", posted("Transfer-Encoding: chunked", `${"f".repeat(30)}\r\n`), 413],
    ["a long first line", `GET /${long} HTTP/1.1\r\n${host}\r\n`, 414], ["long headers", `GET / HTTP/1.1\r\n${host}X: ${long}\r\n\r\n`, 431],
    ["many cookies", `GET / HTTP/1.1\r\n${host}Cookie: ${"=;".repeat(2000)}\r\n\r\n`, 431],
    ["HTTP/0.9", `GET / HTTP/0.9\r\n${host}\r\n`, 505], ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["one word", `GET\r\n${host}\r\n`, ""], ["a blank first", ` / HTTP/1.1\r\n${host}\r\n`, ""],
    ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", ""],
];
const odd = (await Promise.all(foreign.map(async ([what, bytes, wanted]) => {
    const said = await raw(bytes), status = said.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? "";
    const good = status === String(wanted) && (Number(status) < 500 || status === "505") && !said.endsWith("open");
    return good ? [] : [`${what}: ${said.slice(0, 60)}${said.slice(-15)}, wanted ${wanted}`];
}))).flat();
report(`${foreign.length} requests that are no HTTP: refused, at nobody's fault but the sender's, and the connection is closed`, odd);
const metrics = await (await fetch(`${url}/metrics`)).text();
await server.kill("SIGTERM");

// ---- nothing of what was refused is anywhere ----
const kept = new Set(wangge("export", "--as", "ledger", "--area", village, "--store", store).trim().split("\n").map((line) => JSON.parse(line).id));
const counted = Number(metrics.match(/wangge_records_stored_total (\d+)/)[1]) - (verified("heads") - days);
report(`of ${refused.size} refused records nothing is stored`, [
    ...[...refused].filter((id) => kept.has(id)).map((id) => `${id} is in the ledger`),
    ...[...stored].filter((id) => !kept.has(id)).map((id) => `${id} was acknowledged and is not there`),
    ...(counted === stored.size ? [] : [`the server stored ${counted}, acknowledged were ${stored.size}`]),
    ...(recorded() === before + stored.size ? [] : [`${before} records before, ${stored.size} stored, ${recorded()} after`]),
]);

// ---- values at a bound from somebody who has the right: what stands behind it bears them ----
const again = await serve(store, "--requests", "1000000"), secret = "bounds-are-tested";
const needs = new Set(shape.types.map((t) => t.right).filter((right) => right !== "system"));   // those are the program's own: nobody's to send
const makers = new Map();   // right → somebody signed in who has it in the village
for (const role of ["secretary", ...Object.keys(roles)])
    if ([...rightsOf(role)].some((right) => needs.has(right) && !makers.has(right))) {
        const area = rightsOf(role).has("settings") ? "4405" : village;
        wangge("worker", "add", "--name", role, "--phone", "10090000000", "--account", `bounds ${role}`, "--role", role, "--area", area,
            "--password", secret, "--store", store);
        const who = await signIn(again.url, `bounds ${role}`, secret);
        for (const right of rightsOf(role)) if (!makers.has(right)) makers.set(right, who);
    }
report("somebody has each right", [...needs].filter((right) => !makers.has(right)));

// The other places of a record are made up, or in a second turn such that nothing stands in its way.
const early = Date.now(), office = makers.get("rounds"), visitor = await signIn(again.url, name, password);
const [home, next] = (await office.ask("household/list", { area: grid })).filter((h) => h.household && h.persons > 0);
const [member] = await office.ask("household/members", { area: grid, household: home.household });
const [{ round }] = await office.ask("screening/rounds", { area: village });
const duty = newId(), erase = newId(), its = newId(), spare = ["area.close", "area.split", "area.merge"];   // each of these needs an area of its own
const visit = record("screening.visit", grid, { round, door: home.door, household: home.household, method: "at_door", outcome: "completed" });
const note = record("household.note", grid, { household: home.household, text: "先打电话" });
const speaks = (code, more) => record("household.change", grid, { household: home.household, speaks: code }, more);
const readied = [...(await visitor.post([visit, note, speaks("yue")])).results, ...(await office.post([
    speaks("hak", { at: early }),      // made before the other was received
    record("duty.assign", village, { duty, worker: phone.session.worker, role: "volunteer", since: Date.now() }),
    record("household.change", grid, { household: next.household, centre: true }),
    record("screening.round", village, { round: its, name: "本村一轮", trigger: "routine" }),
    record("household.erase", grid, { household: next.household, classes: ["all"], reason: "本人要求" }, { id: erase }),
    ...[80, 81, 82, 83, 84].map((n) => record("area.open", village, { code: `${village}${n}`, name: `第${n}网格`, level: 5 })),
])).results];
report("there is something for each to be about", readied.filter((r) => r.status !== "stored").map((r) => JSON.stringify(r)));
const { door: at, household, person } = { ...home, ...member }, one = phone.session.worker, two = office.session.worker;
const fresh = Symbol("an id nobody has used"), none = undefined, list = [`${village}83`, `${village}84`];
const there = {
    door: at, household, person, round, worker: one, visit: visit.id, note: note.id, duty, erase, phone: "10090000000", until: Date.now() + 3e10,
    centre: next.household, centre_of: none, classes: ["all"],
};
const own = {
    "household.open": { household: fresh, centre: true }, "household.change": { centre: true }, "household.leave": { to: next.household },
    "household.settle": { field: "speaks", person: none, door: none },
    "duty.assign": { duty: fresh, role: "volunteer", household: none }, "duty.handover": { from: one, to: two, areas: none },
    "area.open": { code: `${village}77`, level: 5 }, "area.recode": { code: grid, parent: none }, "area.shape": { polygon: none },
    "area.split": { to: list }, "area.merge": { to: grid },
    "screening.photo": { image: readFileSync(new URL("../fuzz/seeds/photo/one", import.meta.url), "base64") },
    "screening.recheck": { result: "verified" }, "screening.close": { round: its }, "core.fork": { digest: "0".repeat(64) },
};
const like = ({ type, fields }) => {
    const fits = { ...there, ...own[type] };
    const placed = Object.entries(shape.fullest(fields)).map(([field, value]) => [field, field in fits && fits[field] !== fresh ? fits[field] : value]);
    return Object.fromEntries(placed.filter(([, value]) => value !== none));
};
const bounds = [], heard = new Map();   // type → answer → how often
const world = (t) => t.type.startsWith("area.") ? 2 : t.type.startsWith("profile.") ? 1 : 0;   // what changes what others are judged by comes last
const placesOf = (t) => t.right === "settings" ? ["4405"] : [grid, village, ...(spare.includes(t.type) ? [`${village}${80 + spare.indexOf(t.type)}`] : [])];
const cases = shape.types.filter((t) => t.right !== "system").sort((a, b) => world(a) - world(b)).flatMap((t) =>
    [...shape.edges(t.fields), ...shape.edges(t.fields, like(t))].flatMap(({ what, body }) =>
        placesOf(t).map((area) => ({ what: `${t.type} ${what}`, type: t.type, right: t.right, record: record(t.type, area, body) }))));
for (let i = 0; i < cases.length; ) {
    const { right } = cases[i], part = [];
    for (let size = 0; i < cases.length && cases[i].right === right && part.length < 100 && size < 2000000; i++) {
        part.push(cases[i]);
        size += JSON.stringify(cases[i].record).length;
    }
    const { status, key, results = [] } = await makers.get(right).post(part.map((c) => c.record));
    for (const [k, c] of part.entries()) {
        const { status: became = `the whole batch: ${status}`, error } = results[k] ?? {}, word = error?.key ?? key ?? "";
        heard.set(c.type, { ...heard.get(c.type), [word || became]: (heard.get(c.type)?.[word || became] ?? 0) + 1 });
        const good = became === "stored" || became === "refused" && !/^(core|store|record|json|body|session)\./.test(word) &&
            (word !== "right.denied" || error.field);
        if (!good) bounds.push(`${c.what}: ${became} ${word} ${error?.field ?? ""}`);
    }
}
await again.kill("SIGTERM");
const sum = (answer) => [...heard.values()].reduce((n, answers) => n + (answers[answer] ?? 0), 0);
report(`${cases.length} values at a bound, with the right to send them: ${sum("stored")} stored, the others refused by a word of their own`, bounds);
report("of each type some are stored", [...heard].filter(([, answers]) => !answers.stored).map(([type, answers]) => `${type}: ${JSON.stringify(answers)}`));
const proof = (name, command, right) => {
    try {
        const said = wangge(command, "--store", store);
        report(name, right.test(said) ? [] : [said]);
    } catch (error) {
        report(name, [String(error.stdout), String(error.stderr)]);
    }
};
proof("ledgers and counters verify after it", "verify", /bad_ledgers 0 bad_counters 0/);
proof("and the tables come out the same of the ledgers", "rebuild", / unchanged /);
