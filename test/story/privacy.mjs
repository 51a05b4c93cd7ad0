// privacy.mjs CITY - what is known of people stands in the clear nowhere: no file, log,
// stream or backup holds a name, phone, id, address or note; what was erased is gone
// from older backups too; who looked is on record; an old master key opens nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Disk, borrow, newId, of, program, report, run, serve, signIn } from "../fault/fault.mjs";
import { accounts } from "../program.mjs";

const [, , city] = process.argv;
const { folder, store } = borrow(city);
const at = (...names) => join(folder, ...names);
const passwords = new Map(accounts(city));
const grid = [...passwords.keys()].find((name) => name.startsWith("grid-")).slice("grid-".length), village = grid.slice(0, 12);
const enter = (name) => signIn(server.url, name, passwords.get(name));
const sqlite = (db, sql) => execFileSync("sqlite3", [db, sql], { encoding: "utf8", maxBuffer: 1 << 28 }).trim();
const told = (why) => (typeof why === "string" ? why : JSON.stringify(why));
const check = (name, good, why = "it is not so", ...more) => report(name, good ? [] : [why, ...more].map(told));
const expect = (name, { code, out, said }, wanted, ...texts) =>
    check(name, code === wanted && texts.every((t) => (out + said).includes(t)), `ended with ${code}`, out.slice(-400), said.slice(-400));

// ---- looking for Chinese words and numbers in bytes, however they are written ----
const word = /[\u4e00-\u9fff]{2,}/g, number = /\d{17}[\dX]|\d{11,}/g;
const written = [      // in bytes read as latin1: what looks like words, and how to read it
    [/(?:[\xe4-\xe9][\x80-\xbf]{2}){2,}/g, (s) => Buffer.from(s, "latin1").toString()],
    [/(?:\\u[4-9][0-9a-f]{3}){2,}/gi, (s) => JSON.parse(`"${s}"`)],
    [/(?:%e[4-9](?:%[89ab][0-9a-f]){2}){2,}/gi, decodeURIComponent],
];
const secrets = { words: new Set(), numbers: new Set(), lengths: new Set() };
const known = new Set();       // words that everybody may read: those of the program itself, areas, organisations, what is said in the clear
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
function keep(text) {
    for (const [w] of text.matchAll(word)) if (!known.has(w)) secrets.words.add(w), secrets.lengths.add(w.length);
    for (const [n] of text.replaceAll(uuid, "").matchAll(number)) secrets.numbers.add(n);
}
const windows = function* (text, lengths) {
    for (const n of lengths) for (let i = 0; i + n <= text.length; i++) yield text.slice(i, i + n);
};
function search(bytes) {
    const text = bytes.toString("latin1"), found = new Set(), strange = new Set();
    const look = (w, shortest) => {
        if (known.has(w)) return;
        for (const part of windows(w, secrets.lengths)) if (part.length >= shortest && secrets.words.has(part)) found.add(part);
    };
    for (const [shape, read] of written)
        for (const [s] of text.matchAll(shape))
            for (const [w] of read(s).matchAll(word)) {
                look(w, 2);
                // by chance in ciphertext: never; the end of a page may cut a word in two
                if (w.length >= 4 && !known.has(w) && ![...known].some((k) => k.includes(w))) strange.add(w);
            }
    const digits = (s) => [...windows(s, [11, 18])].forEach((n) => secrets.numbers.has(n) && found.add(n));
    for (const [n] of text.matchAll(/\d{10,}[\dX]/g)) digits(n);
    for (const [n] of text.matchAll(/(?:\d\0){10,}[\dX]/g)) digits(n.replaceAll("\0", ""));
    // UTF-16: two characters of it stand in any ciphertext, three that are a name do not
    for (const [turn, from] of [[false, 0], [false, 1], [true, 0], [true, 1]]) {
        const half = Buffer.from(bytes.subarray(from, bytes.length - ((bytes.length - from) % 2)));
        for (const [w] of (turn ? half.swap16() : half).toString("utf16le").matchAll(/[\u4e00-\u9fff]{3,}/g)) look(w, 3);
    }
    return { found: [...found], strange: [...strange] };
}
const files = (where) => readdirSync(where, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
    .map((f) => join(f.path ?? f.parentPath, f.name));
// accounts and said lie beside a made city only; the program keeps none of them
const kept = (where) => files(where).filter((f) => !/\/(accounts|said)$/.test(f));
function nowhere(name, haystacks) {
    const wrong = [], strange = [];
    let size = 0;
    for (const [where, bytes] of haystacks) {
        const seen = search(bytes);
        size += bytes.length;
        wrong.push(...seen.found.slice(0, 5).map((w) => `${where}: ${w}`));
        strange.push(...seen.strange.slice(0, 5).map((w) => `${where}: ${w}`));
    }
    report(`${name}: no name, number, address or note (${(size / 1e6).toFixed(1)} MB)`, size ? wrong : ["nothing was looked at"]);
    report(`${name}: every Chinese word is one that everybody may read`, strange);
}
const read = (names) => names.map((f) => [f.slice(folder.length + 1), readFileSync(f)]);

// ---- who lives and works here ----
const server = await serve(store, { args: ["--log_requests", "true", "--slow_ms", "1"] });
const post = await enter("city");
const meta = await (await fetch(`${server.url}/api/meta`)).json();
const clear = (question, area = "4405") => post.ask(question, { area });
const said = (text) => [...text.matchAll(word)].forEach(([w]) => known.add(w));
said(readFileSync(program).toString());
said(readFileSync("data/profile/covid_2020.json", "utf8"));
said(JSON.stringify(meta));
for (const question of ["area/tree", "duty/organisations", "screening/rounds"]) said(JSON.stringify(await clear(question)));
keep(run(store, ["export", "--as", "doors", "--area", "4405"]).out);
for (const { name, phone } of await clear("duty/workers")) keep(`${name} ${phone}`);
const drill = [secrets.words.size, secrets.numbers.size];
check(`there are people here (${drill[0]} words, ${drill[1]} numbers)`, Math.min(...drill) > 1000, "too few");

// ---- every sealed text of every record type, in words found nowhere else ----
const sealed = new Map();
for (const { records } of meta.features)
    for (const { type, fields } of records)
        (function each(list, path) {
            for (const f of list) {
                if (f.class !== "open") sealed.set(`${path}.${f.name}`, f);
                if (f.fields) each(f.fields, `${path}.${f.name}`);
            }
        })(fields, type);
const planted = new Map();
function mark(path) {
    const n = planted.size, phone = /phone$/.test(path), id = /\.id$/.test(path);
    const value = phone ? `199${String(80000000 + n)}` : id ? `99000019700101${String(1000 + n)}` : `龘靐${String.fromCharCode(0x9f10 + n)}齉`;
    planted.set(path, value);
    keep(value);
    return value;
}
const marks = (type, ...names) => Object.fromEntries(names.map((name) => [name.split(".").pop(), mark(`${type}.${name}`)]));
const [door, home, person, colleague] = [newId(), newId(), newId(), newId()];
const record = (type, body, area = grid, more = {}) => ({ id: newId(), type, area, at: Date.now(), body, ...more });
const walker = await enter(`grid-${grid}`), secretary = await enter(`village-${village}`);
const { round } = (await walker.ask("screening/rounds", { area: grid })).find((r) => r.current);
const stored = async (who, ...records) => {
    const { results } = await who.post(records);
    const bad = (results ?? [{ status: "no answer" }]).filter((r) => r.status !== "stored");
    if (bad.length) report("records of a test are stored", bad.map((r) => JSON.stringify(r)));
    return records.map((r) => r.id);
};
await stored(walker,
    record("household.door", { door, order: 9000, use: "self", ...marks("household.door", "building", "floor", "room", "landlord") }),
    record("household.open", { household: home, door, kind: "registered", needs: ["alone_elder"], ...marks("household.open", "head", "phone", "contact"),
        members: [{ person, sex: "2", birth: "1970-01-01", ...marks("household.open", "members.name", "members.id", "members.phone") }] }),
    record("household.change", { household: home, ...marks("household.change", "head", "phone", "contact") }),
    record("household.member", { person, household: home, birth: "1970-01-02", ...marks("household.member", "name", "id", "phone") }),
    record("household.note", { household: home, ...marks("household.note", "text") }),
    record("screening.visit", { round, door, method: "at_door", outcome: "completed", ...marks("screening.visit", "witness", "note"),
        checks: [{ person, basis: "measured", temps: [{ temp: 384, method: "forehead" }], symptoms: ["dry_cough"], key_area: true }],
        questionnaire: "round", answers: [{ item: "ill_14d", value: true }, { item: "clinic", ...marks("screening.visit", "answers.value") }],
        found: [marks("screening.visit", "found.name")] }));
// A photo is sought by twelve digits of its base64, which stand where its picture is.
const drawn = readFileSync("test/fuzz/seeds/photo/one").subarray(0, 138), digits = "199777800001";
planted.set("screening.photo.image", digits);
keep(digits);
const image = Buffer.concat([drawn, Buffer.from(digits, "base64"), Buffer.from([0xff, 0xd9])]).toString("base64");
await stored(walker, record("screening.photo", { visit: newId(), door, household: home, image }));
await stored(secretary, record("duty.worker", { worker: colleague, category: "village_committee", ...marks("duty.worker", "name", "phone") }, village));
const texts = [...sealed].filter(([, f]) => ["text", "data"].includes(f.kind)).map(([path]) => path);
report(`each sealed text of each record type was written (${texts.length})`, texts.filter((path) => !planted.has(path)));

// ---- all that may go wrong with them, so that errors and the log get their chance ----
const [name, phone] = [planted.get("household.member.name"), planted.get("household.member.phone")];
const as = (who) => ({ Authorization: `Bearer ${who.session.token}` });
const ask = (path, options = {}) => fetch(server.url + path, { ...options, headers: { ...as(walker), ...options.headers } });
const send = (path, body, headers = {}) => ask(path, {
    method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers },
});
const stream = await fetch(`${server.url}/api/stream?area=4405`, { headers: as(post) });
let events = "";
const listening = (async () => { for await (const part of stream.body) events += Buffer.from(part).toString(); })().catch(() => null);
const body = (more) => record("household.open", { household: newId(), door, kind: "registered", ...more });
const { results: bad } = await walker.post([
    record(name, { phone }), body({ [name]: phone }), body({ kind: name }), body({ head: name.repeat(40) }), body({ members: name }),
    body({ members: [name] }), body({ members: [{ person: phone, name }] }), body({ needs: [name] }), body({ head: 19980000001 }),
    record("household.open", { household: name, door: phone, head: name }), record("household.change", { household: newId(), head: name }),
    body({ members: [{ person, name, birth: phone }] }), record("household.close", { household: newId(), reason: "" }),
    { ...body({ head: name }), area: name }, { ...body({ head: name }), for: name }, { ...body({ head: name }), area: "4405" },
    { ...body({ head: name }), at: Date.now() + 1e9 }, record("core.read", { query: name, count: 1 }), record("household.open", { head: { name } }),
]);
report(`records are refused (${bad.length})`, bad.filter((r) => r.status !== "refused").map((r) => JSON.stringify(r)));
const found = [`text=${name}&kind=name`, `text=${phone}&kind=phone`, `text=${name}&kind=${name}`, `text=${"王".repeat(500)}&kind=name`];
const asked = [
    ...found.map((query) => `/api/household/find?area=${village}&${query}`),
    ...[`area=${name}`, `area=${grid}&cursor=${name}`, `area=${grid}&${name}=${phone}`].map((query) => `/api/household/list?${query}`),
    `/api/household/members?area=${grid}&household=${phone}`, `/api/household/${name}?area=${grid}`, `/api/${name}/list`, `/${name}`, `/api/${name}?${phone}`,
    `/healthz?${name}`,
].map((path) => ask(encodeURI(path)));
const referer = `http://a/?${encodeURIComponent(name)}`;
asked.push(
    ask("/api/session", { headers: { "X-Note": phone, "User-Agent": phone, Cookie: `wangge=${phone}`, Referer: referer } }),
    send("/api/records", `{"records":[{"body":{"head":"${name}`), send("/api/records", [name]), send("/api/records", { [name]: phone }),
    send("/api/records", name, { "Content-Type": "text/plain" }), send("/api/records", name.repeat(400000)),
    send("/api/reveal", { household: home, area: grid, fields: [name], purpose: name }),
    send("/api/reveal", { household: phone, area: name, fields: ["phone"], purpose: phone }),
    send("/api/session", { name, password: phone }), send("/api/session", { name: phone, password: name }),
    send("/api/account", { name, worker: phone, password: name }));
const statuses = await Promise.all(asked.map((answer) => answer.then((a) => a.status, () => 0)));
const wrong = statuses.filter((n) => n >= 400).length;
check(`questions go wrong (${wrong} of ${statuses.length})`, wrong > 12 && !statuses.some((n) => n === 0 || n >= 500), statuses);
writeFileSync(at("import.csv"), `area,order,use,head,phone,members\n${grid},9001,${name},${name},${phone},\n${name},x,self,${name},${phone},${name}/1\n`);
const doors = ["--as", "doors", "--area", village];
expect("an import with errors gives the file back to who handed it in", run(store, ["import", at("import.csv"), ...doors, "--apply"]), 1, "error", name);
expect("an import without its columns", run(store, ["import", program, ...doors]), 1);
expect("an export of nothing", run(store, ["export", "--as", name, "--area", phone]), 1);

// ---- who looked ----
const says = ["核对车次名单", "送药上门", "电话联系"];
says.forEach((purpose) => known.add(purpose));
const reveals = [];
for (const [i, account] of ["city", `district-${village.slice(0, 6)}`, `village-${village}`].entries()) {
    const who = await enter(account), fields = [["phone", "id"], ["head"], ["needs", "name"]][i];
    const answer = await send("/api/reveal", { household: home, area: village, fields, purpose: says[i] }, as(who));
    const rows = await answer.text();
    if (answer.status !== 200 || !/龘靐|199800|alone_elder/.test(rows)) report("a reveal shows it", [`${answer.status} ${rows.slice(0, 300)}`]);
    reveals.push({ maker: who.session.worker, household: home, fields, purpose: says[i] });
}
await walker.ask("household/members", { area: grid, household: home });
const ledger = (which) => run(store, ["export", "--as", "ledger", "--area", which]).out;
const looks = ledger(`${village}/read`).trim().split("\n").map((l) => JSON.parse(l)).map(({ type, maker, body: b }) => ({ type, maker, ...JSON.parse(b) }));
const noted = looks.filter((l) => l.type === "core.reveal").map((l) => ({ maker: l.maker, household: l.household, fields: l.fields, purpose: l.purpose }));
check("each reveal is in the read ledger, with person, purpose and fields, and nothing else is",
    JSON.stringify(noted) === JSON.stringify(reveals), noted, reveals);
const looked = (l) => l.type === "core.read" && l.maker === walker.session.worker && l.query === "household/members" && l.household === home;
check("so is the list somebody on duty opened", looks.some(looked), looks);
const { code, out } = run(store, ["trace", "--household", home, "--lang", "en"]);
const values = [...planted].filter(([path]) => !path.startsWith("duty.worker")).map(([, value]) => value);
check("a resident's trace names each purpose, who wrote, and no value",
    code === 0 && [...says, "screening.visit", "household.change"].every((s) => out.includes(s)) && !values.some((v) => out.includes(v)), out);

// ---- erased: gone from the key store's file, and from an older backup with the present keys ----
expect("a backup beside the server", run(store, ["backup", "--to", at("older")]), 0, "records ");
const ours = `hex(subject) = upper('${home.replaceAll("-", "")}')`, keys = at("wangge.db.keys");
const left = (secret) => ({
    secret: sqlite(keys, `SELECT count(*) FROM seal_subject WHERE ${ours}`), tokens: sqlite(keys, `SELECT count(*) FROM seal_token WHERE ${ours}`),
    bytes: ["", "-wal"].filter((part) => readFileSync(keys + part).includes(secret)).length,
});
const wrapped = Buffer.from(sqlite(keys, `SELECT hex(wrapped) FROM seal_subject WHERE ${ours}`), "hex"), before = left(wrapped);
const [erase] = await stored(secretary, record("household.erase", { household: home, classes: ["all"], reason: "本人要求" }));
await stored(await enter("approver"), record("household.erase_approve", { erase }, village));
known.add("本人要求");
const after = left(wrapped);
check("an erased household's secret and tokens are in no page of the key store", wrapped.length === 72 && before.bytes > 0 && before.tokens > 5 &&
    after.secret === "0" && after.tokens === "0" && after.bytes === 0, before, after);

// ---- nothing of all this stands in the clear ----
nowhere("store and keys while it serves", read(kept(folder).filter((f) => !/import\.csv|\/older\//.test(f))));
// Fields that are no words - temperatures, days, symptoms: what the tables call sealed is in no body.
const inClear = (value, path) => Object.entries(value ?? {}).flatMap(([k, v]) => [
    ...(sealed.has(`${path}.${k}`) ? [`${path}.${k}`] : []),
    ...[v].flat().flatMap((x) => (x && typeof x === "object" ? inClear(x, `${path}.${k}`) : [])),
]);
const bodies = sqlite(at("wangge.db"), "SELECT type || ' ' || body FROM ledger_record").split("\n").map((l) => l.split(/ (.*)/s));
const unsealed = new Set(bodies.flatMap(([type, text]) => inClear(JSON.parse(text), type)));
report(`no sealed field is in a body (${bodies.length} records)`, bodies.length > 10000 ? [...unsealed] : ["too few were looked at"]);
nowhere("a backup", read(kept(at("older"))));
nowhere("ledgers as they are exported", [["ledger", Buffer.from(ledger(village))], ["read ledger", Buffer.from(ledger(`${village}/read`))]]);
const open = await Promise.all(["/metrics", "/healthz", "/api/meta", "/api/openapi.json"].map(async (p) => [p, await (await fetch(server.url + p)).text()]));
nowhere("what strangers and listeners get", [...open, ["stream", events || "none"]].map(([p, text]) => [p, Buffer.from(text)]));
check("the stream was listened to", /household\./.test(events), events.slice(0, 300));
const beside = readdirSync(folder).map((f) => at(f)).filter((f) => !/\/(import\.csv|accounts|said)$/.test(f)), modes = [...beside, ...kept(at("older"))];
report("each file is its owner's alone", modes.filter((f) => statSync(f).mode & 0o077).map((f) => `${f}: ${(statSync(f).mode & 0o777).toString(8)}`));
await server.kill("SIGTERM");
await listening;

// ---- nor in the log, of who is in a hurry and of who finds the disk full ----
const strict = await serve(store, { args: ["--log_requests", "true", "--requests", "3"] });
const hasty = { headers: as(await signIn(strict.url, "city", passwords.get("city"))) }, often = [];
for (let i = 0; i < 6; i++) often.push((await fetch(`${strict.url}/api/household/${encodeURIComponent(name)}?area=${grid}`, hasty)).status);
await strict.kill("SIGTERM");
check("who asks too often is told so", often.includes(429), often);
const disk = new Disk(folder), full = await serve(store, { args: ["--log_requests", "true"], disk });
const onDuty = { headers: as(await signIn(full.url, `grid-${grid}`, passwords.get(`grid-${grid}`))) };
const page = async () => {
    const answer = await fetch(`${full.url}/api/household/list?area=${grid}`, onDuty);
    return [answer.status, search(Buffer.from(await answer.text())).found.length];
};
const withRoom = await page();
disk.set({ room: 0, room_of: of.storeWal });
const without = await page();
disk.heal();
await full.kill("SIGTERM");
check("what cannot be noted is not shown", withRoom[0] === 200 && withRoom[1] > 10 && without.join() === "503,0", withRoom, without);
const log = server.said + strict.said + full.said;
nowhere("the log, with a line for every request", [["log", Buffer.from(log)]]);
check("and it has them", log.match(/event=request/g).length > 40 && /signin\.refused/.test(log), log.slice(0, 400));

// ---- an older backup, and the keys of today without the list of the erased ----
const machine = (where, ...parts) => {
    mkdirSync(at(where), { mode: 0o700 });
    for (const [from, to] of parts) copyFileSync(at(from), at(where, to));
    return `sqlite:${at(where, "wangge.db")}`;
};
machine("mixed", ["older/ledger.db", "ledger.db"]);
sqlite(keys, `VACUUM INTO '${at("mixed", "keys.db")}'`);
const there = machine("there", ["wangge.db.keys.master", "wangge.db.keys.master"]);
expect("an older backup with the present key store is restored", run(there, ["restore", "--from", at("mixed")]), 0, "erased 1 ");
const row = run(there, ["export", "--as", "doors", "--area", grid]).out.split("\n").find((l) => l.includes(home)) ?? "";
const shown = (type) => [...planted].some(([path, value]) => path.startsWith(type) && row.includes(value));
check("and shows the door, not the erased household", shown("household.door") && !["household.open", "household.change", "household.member"].some(shown), row);

// ---- a new master: copies of the key store made before open nothing ----
const sample = sqlite(keys, "SELECT hex(wrapped) FROM seal_subject LIMIT 20").split("\n").map((h) => Buffer.from(h, "hex"));
copyFileSync(keys, at("old.keys"));
copyFileSync(`${keys}.master`, at("old.master"));
const master = readFileSync(at("old.master"), "utf8").trim();
expect("a new master key", run(store, ["keys", "rotate"]), 0, "new master key");
const opened = (where, k, m) => run(machine(where, ["wangge.db", "wangge.db"], [k, "wangge.db.keys"], [m, "wangge.db.keys.master"]),
    ["export", "--as", "doors", "--area", grid]);
expect("an old copy of the key store does not open with the new master", opened("r1", "old.keys", "wangge.db.keys.master"), 1, "keys.master_wrong");
expect("nor the key store with the old master", opened("r2", "wangge.db.keys", "old.master"), 1, "keys.master_wrong");
const both = opened("r3", "old.keys", "old.master"), readable = both.code === 0 && [...secrets.numbers].some((n) => both.out.includes(n));
check("(who kept copies of both still has them: those are not ours to destroy)", readable, both.said);
const rest = readdirSync(folder).filter((f) => f.startsWith("wangge.db")).map((f) => [f, readFileSync(at(f))]);
const gone = [master, Buffer.from(master.replaceAll(" ", ""), "hex"), ...sample];
const remains = rest.filter(([, bytes]) => gone.some((b) => bytes.includes(b))).map(([f]) => f);
report("nothing of the old master is left beside the store", sample.length === 20 && rest.length > 3 ? remains : ["nothing was looked at"]);

// ---- what others keep: a proxy its addresses, a system a core file with keys and names in it ----
const proxy = readFileSync("deploy/nginx.conf", "utf8");
check("the proxy that comes along keeps no addresses, which say who was searched for",
    /^ *access_log off;$/m.test(proxy) && /^ *error_log .* crit;$/m.test(proxy), proxy);
const shell = (script) => spawnSync("bash", ["-c", script, at("mixed")], { encoding: "utf8" }).stderr;
const fall = (command) => shell(`ulimit -c unlimited; cd "$0"; ${command} kill -ABRT $!; wait $!`);
if (/core dumped/.test(fall("sleep 9 & sleep 0.2;"))) {
    const url = machine("dump", ["wangge.db.keys.master", "wangge.db.keys.master"]);
    const ended = fall(`"${join(process.cwd(), program)}" serve --listen 127.0.0.1:0 --store "${url}" & sleep 1;`);
    check("a server that falls leaves no core file", /Aborted/.test(ended) && !/core dumped/.test(ended), ended);
}

// ---- and this search finds what is there ----
const ofLength = (n) => [...secrets.words].find((w) => w.length === n), leak = ofLength(3);
copyFileSync(at("wangge.db"), at("leak.db"));
sqlite(at("leak.db"), `CREATE TABLE leak AS SELECT '户主 ${leak}' AS a`);
const leaks = {
    "in a store": readFileSync(at("leak.db")), "of two characters": `head=${ofLength(2)} x`, "a phone in a log": `path=/a?text=${phone}`,
    "UTF-16": Buffer.concat([Buffer.from(log.slice(0, 101)), Buffer.from(`x${leak}`, "utf16le")]),
    "UTF-16, big end first": Buffer.from(leak, "utf16le").swap16(),
    JSON: [...leak].map((c) => `\\u${c.charCodeAt(0).toString(16)}`).join(""), "an address": encodeURI(`/x?${leak}`),
};
for (const [where, bytes] of Object.entries(leaks)) check(`a planted one is found: ${where}`, search(Buffer.from(bytes)).found.length, "it is not");
check("and an unknown word", search(Buffer.from("隔壁老王家")).strange.length, "it is not");
