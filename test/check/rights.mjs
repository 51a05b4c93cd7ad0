// rights.mjs CITY - who may what: every role inside, above, beside and outside
// the area of a duty, against every record type, every question, the stream, the
// reveal and the giving of accounts; and what of a row is open, masked or absent.
// Types, questions and columns come from the tables (GET /api/meta); what a role
// may is stated in test/roles.mjs and held against the program.  Pages: pages.mjs.
import { report } from "./report.mjs";
import { askBundle, unpack } from "../bundle.mjs";
import { accounts, borrow, newId, serve, signIn, wangge } from "../program.mjs";
import { reserved, rightsOf, roles } from "../roles.mjs";
import { Shape } from "../shape.mjs";

const [, , city] = process.argv;

// ---- places, people ----------------------------------------------------------------
const { store } = borrow(city);
const server = await serve(store, "--requests", "1000000");
const { url } = server;
const password = new Map(accounts(city));
const V = "440513108001", V2 = "440513108201", T = "440513108", G1 = `${V}01`, G2 = `${V}02`;
const boss = await signIn(url, "city", password.get("city"));
const walker = await signIn(url, `grid-${G1}`, password.get(`grid-${G1}`));
const office = Object.fromEntries(await Promise.all([V, V2].map(async (v) => [v, await signIn(url, `village-${v}`, password.get(`village-${v}`))])));
const must = async (who, records) => {
    const { results } = await who.post(records.map(([type, area, body]) => ({ id: newId(), type, area, at: Date.now(), body })));
    const bad = results.filter((r) => r.status !== "stored");
    if (bad.length) throw new Error(JSON.stringify(bad));
};
// The village gets a second grid, with one of its households, and an empty door.
const homes = (await walker.ask("household/list", { area: G1 })).filter((h) => h.household && h.persons > 0 && h.away < h.persons);
const [centre, linked, other] = homes, [away, moved] = homes.slice(-2);
await must(office[V], [["area.open", V, { code: G2, name: "第二网格", level: 5 }],
    ["household.door", G2, { door: moved.door, order: 1, use: moved.use }], ["household.change", G1, { household: away.household, kind: "away" }]]);
const tree = await boss.ask("area/tree", { area: "4405" });
const path = new Map(tree.map((a) => [a.area, a.path]));
const outside = tree.find((a) => a.level === 4 && a.path.includes("/440514/")).area;
const within = (place, held) => path.get(place).startsWith(path.get(held));
const meta = await (await fetch(`${url}/api/meta`)).json();
const shape = new Shape(meta, V);
report("every role is stated", [...Object.keys(roles).filter((r) => !meta.codes.duty_role.includes(r)),
    ...meta.codes.duty_role.filter((r) => !(r in roles))]);

const send = async (who, method, address, body, headers = {}) => {
    const bearer = who.session && { Authorization: `Bearer ${who.session.token}` }, type = body && { "Content-Type": "application/json" };
    const answer = await fetch(`${url}${address}`, { method, body: body && JSON.stringify(body), headers: { ...type, ...bearer, ...headers } });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get("content-type")) ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, text, json };
};
// The first becomes a centre household, with the second linked to it and nobody else.
await must(walker, [["household.change", G1, { household: centre.household, centre: true }],
    ["household.link", G1, { household: linked.household, centre: centre.household }]]);
for (const h of homes.slice(2, -2).filter((h) => h.centre === centre.household)) await must(walker, [["household.link", G1, { household: h.household }]]);

const day = 24 * 3600 * 1000;
const workerOf = (worker, name) => ["duty.worker", V, { worker, name, phone: "10090000000", category: "village_committee" }];
async function person(name, role, area, more) {
    let secret = "rights-are-tested";
    if (reserved.includes(role)) {
        wangge("worker", "add", "--name", name, "--phone", "10090000000", "--account", name, "--role", role, "--area", area,
            "--password", secret, "--store", store);
    } else {
        const worker = newId();
        const household = role === "centre_head" ? { household: centre.household } : {};
        await must(boss, [workerOf(worker, name)]);
        if (role) await must(boss, [["duty.assign", area, { duty: newId(), worker, role, since: Date.now() - 3 * day, ...household, ...more }]]);
        // Whoever holds nothing gets the account from the operator.
        if (role) secret = (await send(boss, "POST", "/api/account", { name, worker })).json.password;
        else wangge("account", "add", name, "--worker", worker, "--password", secret, "--store", store);
    }
    return { name, role, held: area, own: role === "centre_head", ...(await signIn(url, name, secret)) };
}
const people = [];
for (const role of Object.keys(roles)) for (const area of [V, G1]) people.push(await person(`${role}@${area}`, role, area));
people.push(await person("deputy", "secretary", V, { deputy: true }));
const none = await person("nothing"), later = await person("tomorrow", "secretary", V, { since: Date.now() + day });
const ended = await person("yesterday", "secretary", V);
const [{ duty }] = await ended.ask("duty/mine");
await must(boss, [["duty.end", V, { duty, reason: "调离" }]]);
for (const who of [none, later, ended]) who.role = "", people.push(who);
const has = (who, right, place) =>
    right === "signed_in" || (right !== "system" && who.role !== "" && rightsOf(who.role).has(right) && within(place, who.held));
report("a session says of each duty what its role gives", people.flatMap(({ name, session }) => session.duties
    .filter((d) => JSON.stringify(["signed_in", ...d.rights].sort()) !== JSON.stringify([...rightsOf(d.role)].sort())).map((d) => `${name}: ${d.rights}`)));
const walks = (d) => rightsOf(d.role).has("open") || rightsOf(d.role).size === 1;       // at doors, or where a task is
report("who has duties at doors only is led to the phone's face, the others to the desk's", people.flatMap(({ name, session: { face, duties } }) =>
    face !== (duties.length && duties.every(walks) ? "field" : "command") ? [`${name}: ${face}`] : []));
const places = { below: G1, very: V, above: T, top: "4405", beside: V2, other_grid: G2, outside };
report(`${people.length} people, ${Object.keys(places).length} places`, Object.entries(places).filter(([, a]) => !path.has(a)).map(([n]) => n));

// ---- questions: 403 or not ------------------------------------------------------------
const fits = { id: newId(), number: "1", time: "1", bool: "1", day: "2020-02-05", area: V, text: "无", code: "xx" };
const real = { household: other.household };   // a question about a household is asked about one that is there
const parameters = (q) => Object.fromEntries(q.params.filter((p) => p.required).map((p) => [p.name, real[p.name] ?? fits[p.kind]]));
const wrong = { ask: [], store: [], guess: [] };
let asked = 0;
const address = (q, area, more) => `/api/${q.path}?${new URLSearchParams({ ...(area && { area }), ...parameters(q), ...more })}`;
const own = new Set([centre.household, linked.household]);
// Where it does not matter, a village and its neighbour will do.
const placesOf = (q) => [...(q.area ? [] : [["everywhere", null]]),
    ...Object.entries(places).filter(([p]) => q.right !== "signed_in" || /very|beside/.test(p))];
for (const q of shape.questions)
    for (const who of people)
        for (const [place, area] of placesOf(q)) {
            const said = await send(who, "GET", address(q, area));
            const denied = said.status === 403;
            const may = area === null ? q.right === "signed_in" : has(who, q.right, area);
            asked++;
            if (said.status >= 500) wrong.ask.push(`${who.name} ${q.path} ${place}: ${said.status} ${said.json?.key}`);
            if (denied && said.json.key !== "right.denied") wrong.ask.push(`${who.name} ${q.path} ${place}: ${said.json.key}`);
            // Who answers for some households may be told of those, or nothing.
            const some = who.own && q.right === "lists" && may;
            if (denied === may && !(some && denied))
                wrong.ask.push(`${who.name} ${q.path} ${place}: ${said.status} ${said.json?.key ?? ""}, wanted ${may ? "an answer" : 403}`);
            if (some && said.json?.rows)
                for (const row of said.json.rows)
                    if (!own.has(row.household)) wrong.ask.push(`${who.name} ${q.path} ${place}: a row of ${row.household}`);
            const cache = said.headers.get("cache-control");
            if (cache !== "no-store" && !(cache === "private, no-cache" && said.headers.get("etag") && !q.sealed.length))
                wrong.store.push(`${q.path}: ${cache}`);
        }
report(`${asked} questions: an answer or 403, as role and area say`, wrong.ask);
// What a phone takes along is what it may ask one by one, and reads the same (of doors, also those that are settled as empty).
const parts = shape.questions.filter((q) => q.bundle), packed = [];
const plain = (q, row) =>
    Object.fromEntries(Object.entries(row).filter(([c]) => !q.sealed.some((s) => s.name === c && (q.bundle === "states" || s.mask === "id"))));
for (const who of people)
    for (const area of Object.values(places)) {
        const { status, answer } = await askBundle(url, who, { area }), told = `${who.name} ${area}`;
        const may = parts.every((q) => has(who, q.right, area)), small = tree.find((a) => a.area === area).level >= 4;
        if (status !== (!may ? 403 : small ? 200 : 400)) packed.push(`${told}: ${status} ${answer.key ?? ""}`);
        if (status !== 200) continue;
        const came = unpack(answer);
        for (const q of parts.filter((p) => p.bundle !== "tagged")) {
            const one = (await who.ask(q.path, { area, ...(q.path === "screening/doors" && { settled: 1 }) })).map((row) => plain(q, row));
            if (JSON.stringify(one) !== JSON.stringify(came[q.path])) packed.push(`${told}: ${q.path} is not what it is alone`);
        }
    }
report(`${parts.length} questions a phone asks at once: each as alone`, packed);
report("no answer about people is kept by a cache", [...new Set(wrong.store)]);
report("a question that needs no area needs no right", shape.questions.filter((q) => !q.area && q.right !== "signed_in").map((q) => q.path));
report("what shows something of residents needs lists or more", shape.questions
    .filter((q) => q.sealed.some((c) => c.mask !== "open") && ["signed_in", "figures"].includes(q.right)).map((q) => q.path));

// ---- of each row: open, masked or absent ------------------------------------------------
const opener = people.find((p) => p.name === `grid_worker@${V}`);
const key = (row) => ["door", "household", "person", "visit", "record", "measure", "duty", "worker"].map((k) => row[k] ?? "").join(" ");
const areaOf = new Map((await opener.ask("household/list", { area: V })).flatMap((h) => [[h.household, h.area], [h.door, h.area]]));
const reveal = (who, household, area, fields) => send(who, "POST", "/api/reveal", { household, area, fields, purpose: "核对信息" });
const ids = (await reveal(office[V], other.household, V, ["id"])).json.rows.map((r) => r.id).filter(Boolean);
// A duty on the very grid, or on the household or its centre.
const opensAt = (who, area, household) => who.role !== "" && rightsOf(who.role).has("open") && (who.own ? own.has(household) : within(area, who.held));
const leaks = [], columns = [];
let rows = 0, open = 0, masked = 0;
const opened = shape.questions.filter((q) => q.sealed.length && q.area);
report("what nobody at a door may ask masks nothing", opened.filter((q) => !has(opener, q.right, V) && q.sealed.some((c) => c.mask !== "open"))
    .map((q) => q.path));
for (const q of opened.filter((q) => has(opener, q.right, V))) {
    const truth = new Map(), secrets = new Set();   // rows; values long enough not to be met by chance
    for (const row of await opener.ask(q.path, { area: V, ...parameters(q) })) {
        truth.set(key(row), row);
        for (const c of q.sealed.filter((c) => c.mask !== "open"))
            for (const value of [row[c.name]].flat())
                if (/^[^*]*$/.test(value ?? "*") && /^\p{Script=Han}{2,}|.{6,}/u.test(value)) secrets.add(value);
    }
    for (const who of people)
        for (const area of [V, G1, G2].filter((a) => has(who, q.right, a))) {
            const said = await send(who, "GET", address(q, area));
            const place = `${who.name} ${q.path} ${area}`;
            const areaOfRow = (row) => row.area ?? areaOf.get(row.household ?? row.door) ?? G1;
            const opens = (row) => opensAt(who, areaOfRow(row), row.household);
            for (const row of said.json?.rows ?? []) {
                const was = truth.get(key(row));
                rows++;
                for (const c of q.sealed) {
                    const value = row[c.name], whole = was?.[c.name];
                    if (!(c.name in row)) columns.push(`${place}: no ${c.name}`);
                    const shows = c.mask === "open" || (opens(row) && c.mask !== "id" && c.class === "register");
                    if (!was || whole === null) continue;
                    if (shows) {
                        if (JSON.stringify(value) !== JSON.stringify(whole)) columns.push(`${place}: ${c.name} is ${value}, open it is ${whole}`);
                        open++;
                    } else {
                        if (value !== null && (value === whole && c.mask !== "id" || !/\*/.test(value))) columns.push(`${place}: ${c.name} is ${value}`);
                        if (c.mask === "omit" && value !== null) columns.push(`${place}: ${c.name} is not left out`);
                        if (c.class !== "register" && value !== null) columns.push(`${place}: ${c.name}, ${c.class}, is told`);
                        masked++;
                    }
                }
            }
            // Whatever column it might have slipped into.
            const all = !!who.role && rightsOf(who.role).has("open");
            if (!all) for (const secret of secrets) if (said.text.includes(secret)) leaks.push(`${place}: ${secret}`);
            for (const id of ids) if (said.text.includes(id)) leaks.push(`${place}: an id number`);
        }
}
if (!open || !masked) columns.push("nothing was looked at");
report(`sealed columns of ${rows} rows: ${open} values open, ${masked} masked or absent`, columns);
report("no masked answer holds a name, a phone, an address or an id number", leaks);

// Which doors are empty, and who is away, only those on duty there are told.
const isEmpty = (h) => !h.household || ["vacant", "away"].includes(h.kind) || (h.persons > 0 && h.persons === h.away);
const empty = (await opener.ask("household/list", { area: V })).filter(isEmpty);
const told = [];
for (const who of people.filter((p) => has(p, "lists", V) && !p.own)) {
    const list = await who.ask("household/list", { area: V });
    const onDuty = has(who, "doors", V) || has(who, "open", V);
    const seen = empty.filter((e) => list.some((row) => row.door === e.door && row.household === e.household)).length;
    if (onDuty !== (seen > 0) || (!onDuty && list.some((row) => row.away))) told.push(`${who.name}: ${seen} of ${empty.length} empty doors`);
}
report(`${empty.length} empty doors are told to those on duty there`, empty.length ? told : ["there is none"]);

// ---- reveal, and who looked ---------------------------------------------------------------
const theirs = (await office[V2].ask("household/list", { area: V2 })).find((h) => h.household && h.persons > 0);
// Every sealed column of the question behind it, one by one.  Who may reveal opens all of them; whoever
// holds a duty on the very household what is his work: anything but id numbers.  Nobody else anything.
// Its columns are those of its rows; what they are, other questions say of the same name.
const [whole] = (await reveal(office[V], other.household, V, ["head"])).json.rows, clear = ["household", "door", "area", "person"];
const known = new Map(shape.questions.flatMap((q) => q.sealed.map((c) => [c.name, c])));
const sealed = Object.keys(whole).filter((c) => !clear.includes(c)).map((name) => known.get(name) ?? { name, class: "register", mask: "text" });
const reveals = [], seen = new Set();
let revealed = 0;
for (const who of people)
    for (const [home, place] of [[linked, G1], [other, G1], [theirs, theirs.area]])
        for (const [area, columns] of [["4405", [["head", "phone"], ["phone", "id"]]], [place, sealed.map((c) => [c.name])]])
            for (const fields of columns) {
                const said = await reveal(who, home.household, area, fields);
                const what = `${who.name} ${place} asked as ${area} for ${fields}`, wanted = sealed.filter((c) => fields.includes(c.name));
                const may = has(who, "reveal", place) || opensAt(who, place, home.household) && wanted.every((c) => c.mask !== "id");
                revealed++;
                if (may ? said.status !== 200 && said.json.key !== "reveal.nothing" : said.status !== 403 || said.json.key !== "right.denied")
                    reveals.push(`${what}: ${said.status} ${said.json?.key ?? ""}`);
                if (said.status !== 200) continue;
                for (const c of sealed) {
                    const shown = said.json.rows.map((row) => row[c.name]).filter((v) => v !== null && v !== undefined);
                    if (wanted.includes(c)) {
                        if (shown.some((v) => /\*/.test(v))) reveals.push(`${what}: ${c.name} is masked`);
                        if (shown.length) seen.add(c.name);
                    } else if (shown.some((v) => c.class !== "register" || c.mask !== "open" && !/\*/.test(v)))
                        reveals.push(`${what}: ${c.name} is open, too`);
                }
            }
report(`${revealed} reveals: what of a household is opened to whom, from wherever it is asked`, reveals);
report("an id number and a name were among them", ["id", "name", "head"].filter((c) => !seen.has(c)));

const auditor = people.find((p) => p.name === `auditor@${V}`);
const looks = async () => (await auditor.ask("core/looks", { area: V })).length;
const finder = people.find((p) => p.name === `police@${V}`);
const name = homes.find((h) => /^\p{Script=Han}{2,}$/u.test(h.head))?.head ?? "";
const found = [], first = await looks();
const hits = await finder.ask("household/find", { area: V, text: name, kind: "name" });
if (!hits.length || JSON.stringify(hits).includes(name)) found.push(JSON.stringify(hits));
if ((await looks()) !== first + 1) found.push("no read record of what was found");
await finder.ask("household/find", { area: V, text: "查无此人", kind: "name" });
if ((await looks()) !== first + 1) found.push("a read record of nothing");
report("finding shows masks, and leaves a read record when something is found", found);

// ---- accounts -------------------------------------------------------------------------------
const givings = [];
for (const [role, needs] of [["volunteer", ["duties", "accounts"]], ["approver", ["accounts"]]]) {
    const target = await person(`given ${role}`, role, G1);
    for (const who of people) {
        const said = await send(who, "POST", "/api/account", { name: `given ${role}`, worker: target.session.worker, password: "rights-are-tested" });
        const may = needs.some((right) => has(who, right, G1));
        const card = await send(who, "POST", "/api/card", { worker: target.session.worker });
        if ([said, card].some((s) => (may ? s.status !== 200 : s.json?.key !== "right.denied")))
            givings.push(`${who.name} gives ${role}: ${said.status} ${said.json?.key ?? ""}, a card: ${card.status} ${card.json?.key ?? ""}`);
    }
}
const noCard = await send(boss, "POST", "/api/card", { worker: none.session.worker });
if (noCard.status !== 403) givings.push(`a card for who holds nothing: ${noCard.status}`);
const unheld = await send(boss, "POST", "/api/account", { name: "nothing", worker: none.session.worker });
if (unheld.status !== 403) givings.push(`who holds nothing: ${unheld.status}`);
report("an account or a card is given by whoever may assign what its worker holds", givings);

// ---- the stream: 403 or not, and events of the area only --------------------------------------
const streams = [];
async function listen(who, area) {
    const cut = new AbortController();
    const answer = await fetch(`${url}/api/stream?area=${area}`, { headers: { Authorization: `Bearer ${who.session.token}` }, signal: cut.signal });
    return { answer, cut };
}
for (const who of people)
    for (const [place, area] of Object.entries(places)) {
        const { answer, cut } = await listen(who, area);
        // Whoever answers for some households only is not told what happens in the rest of the grid.
        if (answer.status !== (has(who, "figures", area) && !who.own ? 200 : 403)) streams.push(`${who.name} ${place}: ${answer.status}`);
        cut.abort();
    }
const heard = async (area) => {
    const { answer, cut } = await listen(boss, area);
    const events = [];
    (async () => {
        for await (const part of answer.body) events.push(Buffer.from(part).toString());
    })().catch(() => {});
    return () => (cut.abort(), [...events.join("").matchAll(/^data: (\{"ledger.*)$/gm)].map((m) => JSON.parse(m[1]).area));
};
const ears = await Promise.all([G1, V, V2].map(heard));
const door = (area) => ["household.door", area, { door: newId(), order: 9000, use: "self" }];
for (const area of [G1, G2, V, V2, G1]) await must(office[area.slice(0, 12)], [door(area)]);
await new Promise((done) => setTimeout(done, 500));
for (const [i, wanted] of [[0, [G1, G1]], [1, [G1, G2, V, G1]], [2, [V2]]])
    if (JSON.stringify(ears[i]()) !== JSON.stringify(wanted)) streams.push(`ear ${i} heard another thing than ${wanted}`);
report("a stream is for who may see figures, and tells of its area only", streams);

// ---- nobody signed in: pages and nothing else --------------------------------------------------
const out = [], nobody = {};
for (const q of shape.questions) if ((await send(nobody, "GET", address(q, V))).status !== 401) out.push(q.path);
for (const [method, at] of [["POST", "/api/records"], ["POST", "/api/parcels"], ["POST", "/api/reveal"],
    ["POST", "/api/account"], ["POST", "/api/card"], ["GET", "/api/session"], ["DELETE", "/api/session"], ["GET", `/api/stream?area=${V}`]])
    if ((await send(nobody, method, at, method === "POST" ? { records: [] } : undefined)).status !== 401) out.push(`${method} ${at}`);
const pages = new Set(["/", "/command.html", "/field.html", "/healthz", "/metrics", "/api/meta"]);
const names = homes.map((h) => h.head).filter((n) => n?.length > 1);
for (const page of pages) {
    const said = await send(nobody, "GET", page);
    const header = (h) => said.headers.get(h) ?? "";
    if (said.status !== 200) out.push(`${page}: ${said.status}`);
    const policy = header("content-security-policy");
    if (!/default-src 'self'.*frame-ancestors 'none'.*base-uri 'none'/.test(policy) || /unsafe/.test(policy) ||
        header("x-content-type-options") !== "nosniff" || header("referrer-policy") !== "no-referrer") out.push(`${page}: headers`);
    if (header("set-cookie")) out.push(`${page} sets a cookie`);
    for (const n of names) if (said.text.includes(n)) out.push(`${page} holds ${n}`);
    for (const [, more] of said.text.matchAll(/["'(](?:\.?\/)?(assets\/[\w.-]+\.(?:js|css))["')]/g)) pages.add(`/${more}`);
}
report(`signed out: ${pages.size} pages, no answer`, [...out, ...(pages.size > 10 ? [] : ["the pages were not walked"])]);

// ---- records: right.denied or something else -------------------------------------------------------
const writes = [];
let written = 0;
const record = (type, area, more) => ({ id: newId(), type: type.type, area, at: Date.now(), body: shape.least(type.fields), ...more });
// Sends what `cases` tell of and holds the right against what came; [what, record, may, key?].
async function judged(who, cases) {
    for (let i = 0; i < cases.length; i += 500) {
        const part = cases.slice(i, i + 500);
        const { results } = await who.post(part.map(([, r]) => r));
        for (const [k, [what, , may, refusal = "right.denied"]] of part.entries()) {
            const { error, status } = results[k], refused = error?.key === refusal && (refusal !== "right.denied" || !error.field);
            written++;
            if (refused === may || status === "waiting" || /^(core|field)\./.test(error?.key) && !may)
                writes.push(`${who.name} ${what}: ${status} ${error?.key ?? ""} ${error?.field ?? ""}, wanted ${may ? "another word" : refusal}`);
        }
    }
}
const late = (types) => [...types].sort((a, b) => a.type.startsWith("area.") - b.type.startsWith("area."));   // closes places, too
const facts = shape.types.filter((t) => !t.command);
const householdType = (t) => t.fields.some((f) => f.name === "household" && f.kind === "id");
for (const who of people)
    await judged(who, late(shape.types).flatMap((t) => Object.entries(places).map(([place, area]) => [
        `${t.type} ${place}`, record(t, area), has(who, t.right, area) && !who.own])));

// A centre head: his own households, and only by what a centre head may.
for (const who of people.filter((p) => p.own))
    await judged(who, facts.filter(householdType).flatMap((t) => [centre, linked, other].map((h) => {
        const r = record(t, G1);
        return [`${t.type} of ${h === other ? "another's" : "an own"} household`, { ...r, body: { ...r.body, household: h.household } },
            has(who, t.right, G1) && h !== other];
    })));

// Work done under a duty counts for seven days; a command needs it now as well.
const times = [["now", 0, false, false], ["an hour before the end", -3600e3, true, false], ["before the beginning", -5 * day, false, false],
    ["eight days ago", -8 * day, false, false]];
await judged(ended, shape.types.flatMap((t) => times.map(([when, by, fact]) => [
    `${t.type} ${when}`, record(t, V, { at: Date.now() + by }), rightsOf("secretary").has(t.right) && !t.command && fact])));
await judged(later, shape.types.map((t) => [`${t.type} before the duty begins`, record(t, V), t.right === "signed_in"]));

// In somebody else's name: typed in by who may type in, for who may do it; a command by nobody.
const helped = ["grid_worker", "secretary", "auditor"].map((role) => people.find((p) => p.name === `${role}@${V}`));
for (const who of people.filter((p) => p.held === V || p.role === ""))
    for (const doer of helped)
        await judged(who, shape.types.filter((t) => t.right !== "system").flatMap((t) => [
            [`${t.type} for ${doer.name}`, record(t, G1, { for: doer.session.worker }), !t.command && has(who, "for", G1) && has(doer, t.right, G1),
                t.command ? "record.for" : undefined],
            [`${t.type} made by ${doer.name}`, record(t, G1, { maker: doer.session.worker }),
                who === doer ? has(who, t.right, G1) : !t.command && has(doer, t.right, G1) && has(who, t.right, G1) && !who.own,
                t.command && who !== doer ? "record.maker" : undefined],
        ]));
report(`${written} records: right.denied or not, as role, area, time and name say`, writes);

// What is the program's own is nobody's.
const claims = (await people[0].post(shape.types.filter((t) => t.right === "system").map((t) => record(t, V)))).results;
report("records of the program itself are taken from nobody", claims.filter((r) => r.error?.key !== "right.denied").map((r) => JSON.stringify(r)));
await server.kill("SIGTERM");
try {
    wangge("verify", "--store", store);
    report("ledgers and counters verify after it", []);
} catch (error) {
    report("ledgers and counters verify after it", [String(error.stdout), String(error.stderr)]);
}
