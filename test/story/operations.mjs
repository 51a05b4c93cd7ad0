// operations.mjs - what an operator sees from outside: figures, health, a full
// disk that passes, the log, settings, the contract as OpenAPI, the manual page.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { createInterface } from "node:readline";
import { report } from "../check/report.mjs";
import { borrow, newId, signIn, wangge } from "../program.mjs";
import { files, text } from "../check/files.mjs";

const { folder, store } = borrow();
const settings = ["--store", store];
const secrets = ["林立秋", "10090000001", "lin-account", "grid-2020-lin", "王大暑", "陈惊蛰", "not-the-password"];   // none may be in the log

// ---- a village with a worker, and a server whose log is kept ----
writeFileSync(join(folder, "village.csv"), "code,name,level,parent_code,type,short_name\n440513108216,草尾村委会,village,440513108000,village,草尾村\n");
wangge("import", join(folder, "village.csv"), "--as", "divisions", "--apply", ...settings);
wangge("worker", "add", "--name", secrets[0], "--phone", secrets[1], "--account", secrets[2], "--password", secrets[3],
    "--role", "secretary", "--area", "440513108216", ...settings);
let log = "";
async function serve(...more) {
    const child = spawn("build/wangge", ["serve", "--listen", "127.0.0.1:0", ...settings, ...more], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.once("exit", () => child.kill("SIGKILL"));
    child.stderr.setEncoding("utf8").on("data", (part) => (log += part));
    for await (const line of createInterface({ input: child.stdout })) {
        const url = line.match(/^listening (\S+)/)?.[1];
        if (url) return { url, child, end: (signal) => (child.kill(signal), ended) };
    }
    throw new Error("it ended before it listened");
}
let server = await serve("--log_requests", "true", "--slow_ms", "1");
const ask = (path, options) => fetch(server.url + path, options);
const send = (path, body, headers) => ask(path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });
const health = async () => {
    const said = await ask("/healthz");
    return `${said.status} ${(await said.json()).key ?? "ok"}`;
};
async function until(what, wanted, seconds = 10) {
    const end = Date.now() + seconds * 1000;
    let last;
    do {
        last = await what();
        if (last === wanted) return [];
        await sleep(100);
    } while (Date.now() < end);
    return [`${last}, not ${wanted}`];
}

// ---- a small reader of the Prometheus text format, which believes nothing ----
function metricsOf(body) {
    const wrong = [], kinds = new Map(), samples = new Map(), closed = new Set();
    let family = null;
    const value = (s) => (s === "+Inf" ? Infinity : /^-?\d+(\.\d+)?$/.test(s) ? Number(s) : NaN);
    if (!body.endsWith("\n")) wrong.push("does not end with a line's end");
    for (const line of body.trimEnd().split("\n")) {
        const help = line.match(/^# HELP ([a-zA-Z_:][\w:]*) (\S.*)$/), type = line.match(/^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/);
        const sample = line.match(/^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="[^"\\\n]*",?)+)\})? (\S+)$/);
        if (help) {
            if (kinds.has(help[1])) wrong.push(`${help[1]} twice`);
            if (family) closed.add(family);
            kinds.set((family = help[1]), null);
        } else if (type) {
            if (type[1] !== family || kinds.get(family)) wrong.push(`TYPE of ${type[1]} out of place`);
            if (type[2] === "counter" && !family.endsWith("_total")) wrong.push(`${family} is a counter without _total`);
            kinds.set(family, type[2]);
        } else if (sample) {
            const [, name, labels = "", number] = sample;
            const base = kinds.get(family) === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name;
            if (base !== family || closed.has(base)) wrong.push(`${line}: not under its family`);
            if (Number.isNaN(value(number))) wrong.push(`${line}: no number`);
            if (samples.has(`${name}{${labels}}`)) wrong.push(`${line}: twice`);
            samples.set(`${name}{${labels}}`, value(number));
        } else wrong.push(`no line of the format: ${line}`);
    }
    for (const [name, kind] of kinds) {
        if (kind !== "histogram") continue;
        const rows = new Map();
        for (const [key, n] of samples) {
            const [, part, labels] = key.match(new RegExp(`^${name}_(bucket|sum|count)\\{(.*)\\}$`)) ?? [];
            if (!part) continue;
            const le = labels.match(/(?:^|,)le="([^"]+)"/)?.[1], rest = labels.replace(/,?le="[^"]+"/, "");
            const row = rows.get(rest) ?? rows.set(rest, { buckets: [] }).get(rest);
            if (part === "bucket") row.buckets.push([value(le), n]);
            else row[part] = n;
        }
        if (rows.size === 0) wrong.push(`${name} has no rows`);
        for (const [labels, { buckets, sum, count }] of rows) {
            const rising = buckets.every(([le, n], i) => i === 0 || (le > buckets[i - 1][0] && n >= buckets[i - 1][1]));
            if (!rising || buckets.at(-1)?.[0] !== Infinity || buckets.at(-1)[1] !== count || !(sum >= 0)) wrong.push(`${name}{${labels}} is no histogram`);
        }
    }
    return { wrong, samples, kinds };
}
const metrics = async () => metricsOf(await (await ask("/metrics")).text());
report("the reader of figures refuses what is wrong", [
    "a 1", "# HELP a b\n# TYPE a gauge\na x\n", "# HELP a b\n# TYPE a gauge\na 1\na 1\n", "# HELP a b\n# TYPE a counter\na 1\n",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum{} 1\na_count{} 1\n',
].filter((t) => metricsOf(t).wrong.length === 0));

// ---- figures ----
report("a healthy server says so", await until(health, "200 ok"));
const lin = await signIn(server.url, secrets[2], secrets[3]);
const door = () => ({
    id: newId(), type: "household.door", area: "440513108216", at: Date.now(),
    body: { door: newId(), order: 1, building: "一巷", use: "shop" },
});
const types = JSON.parse(wangge("meta", ...settings)).features.flatMap((f) => f.records);
const grid = { id: newId(), type: "area.open", area: "440513108216", at: Date.now(), body: { code: "44051310821601", name: "第一网格", level: 5 } };
const stored = await lin.post([grid, { ...door(), area: "44051310821601" }, { ...door(), type: "nothing.such" }]);
report("records are stored", stored.results?.map((r) => r.status).join() === "stored,stored,refused" ? [] : [JSON.stringify(stored)]);
await until(async () => (await metrics()).samples.get("wangge_ledger_records{}") > 7, true);
{
    const { wrong, samples } = await metrics();
    report("the figures are Prometheus text", wrong);
    const expected = {
        "wangge_healthy{}": (n) => n === 1, "wangge_records_stored_total{}": (n) => n >= 2, 'wangge_records_refused_total{key="record.type"}': (n) => n === 1,
        "wangge_commit_seconds_count{}": (n) => n >= 1, 'wangge_http_answers_total{route="records",status="2xx"}': (n) => n === 1,
        'wangge_http_request_seconds_count{route="sign_in"}': (n) => n === 1, "wangge_queue_batches{}": (n) => n === 0, "wangge_ledgers{}": (n) => n >= 4,
        'wangge_store_bytes{file="store"}': (n) => n > 4096, "wangge_disk_free_bytes{}": (n) => n > 1e6, "process_resident_memory_bytes{}": (n) => n > 4e6,
        "process_open_fds{}": (n) => n > 8, "wangge_readers{}": (n) => n >= 1, "wangge_keys_failing{}": (n) => n === 0,
        "process_start_time_seconds{}": (n) => Math.abs(n - Date.now() / 1000) < 600, "wangge_looked_seconds{}": (n) => n >= 0 && n < 30,
        "wangge_backup_age_seconds{}": (n) => n === Infinity, "wangge_backup_missing_records{}": (n) => n > 7,
    };
    const other = Object.entries(expected).filter(([name, right]) => !right(samples.get(name)));
    report("and say what happened", other.map(([name]) => `${name} ${samples.get(name)}`));
    wangge("backup", "--to", join(folder, "backup"), ...settings);
    report("a finished backup is in the figures", await until(async () => {
        const now = (await metrics()).samples;
        return now.get("wangge_backup_age_seconds{}") < 60 && now.get("wangge_backup_missing_records{}") === 0;
    }, true));
}

// ---- the contract ----
{
    const api = await (await ask("/api/openapi.json")).json(), meta = await (await ask("/api/meta")).json();
    const wrong = [];
    const operations = Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => ({ path, method, op })));
    for (const { path, method, op } of operations) {
        const names = (op.parameters ?? []).map((p) => `${p.in} ${p.name}`);
        const answers = Object.keys(op.responses ?? {}).join(" ");
        if (!op.summary || !/\b2\d\d\b/.test(answers) || !/\bdefault\b/.test(answers)) wrong.push(`${method} ${path} has no summary or answer`);
        if (!Array.isArray(op.security) || new Set(names).size !== names.length) wrong.push(`${method} ${path}: security or parameters`);
        if ((op.parameters ?? []).some((p) => typeof p.required !== "boolean" || !p.schema)) wrong.push(`${method} ${path}: a parameter`);
    }
    const words = new Set(["$ref", "type", "format", "description", "properties", "required", "additionalProperties", "items", "maxItems", "minLength",
        "maxLength", "minimum", "maximum", "enum", "const", "oneOf"]);
    const schema = (s, at) => {
        if (s.$ref) {
            const found = s.$ref.split("/").slice(1).reduce((o, key) => o?.[key], api);
            if (!found) wrong.push(`${at}: ${s.$ref} leads nowhere`);
        }
        for (const key of Object.keys(s)) if (!words.has(key) && !key.startsWith("x-wangge-")) wrong.push(`${at}: ${key} is no word of a schema`);
        for (const type of [s.type ?? []].flat()) if (!/^(object|array|string|integer|boolean|null)$/.test(type)) wrong.push(`${at}: type ${type}`);
        for (const name of s.required ?? []) if (!s.properties?.[name]) wrong.push(`${at}: ${name} is required and not there`);
        if (s.minimum > s.maximum || s.minLength > s.maxLength || s.enum?.length === 0) wrong.push(`${at}: nothing fits`);
        for (const [name, inner] of Object.entries(s.properties ?? {})) schema(inner, `${at}.${name}`);
        for (const inner of s.oneOf ?? []) schema(inner, `${at}|`);
        if (s.items) schema(s.items, `${at}[]`);
    };
    for (const [name, s] of Object.entries(api.components.schemas)) schema(s, name);
    const contents = (o, at) => Object.values(o ?? {}).forEach((c) => schema(c.schema, at));
    for (const { path, method, op } of operations) {
        contents(op.requestBody?.content, `${method} ${path}`);
        for (const p of op.parameters ?? []) schema(p.schema, `${method} ${path} ${p.name}`);
        for (const r of Object.values(op.responses)) r.$ref ? schema(r, path) : contents(r.content, `${method} ${path}`);
    }
    const schemas = Object.keys(api.components.schemas).length;
    report(`OpenAPI ${api.openapi}: ${operations.length} operations, ${schemas} schemas`, api.openapi === "3.1.0" ? wrong : ["version"]);

    const table = text("src/http/server.c").match(/const struct route routes\[\] = \{[^]*?\n\};/)[0];
    const routes = [...table.matchAll(/\{ "\w+", "([A-Z]+)", "([^"]+)", ([^,]+),/g)].filter(([, , , flags]) => !flags.includes("ROUTE_BELOW"));
    report(`${routes.length} routes of http are in it`, routes.length > 9 ? routes.filter(([, method, path, flags]) => {
        const op = api.paths[path]?.[method.toLowerCase()];
        return !op || (op.security.length > 0) !== flags.includes("ROUTE_SESSION") || !!op.requestBody !== flags.includes("ROUTE_BODY");
    }).map(([, method, path]) => `${method} ${path}`) : ["no routes found"]);
    const questions = meta.features.flatMap((f) => f.queries.map((q) => ({ path: `/api/${f.name}/${q.name}`, ...q })));
    report(`${questions.length} questions are in it, with their parameters`, questions.filter(({ path, params, paged }) => {
        const has = api.paths[path]?.get?.parameters.map((p) => `${p.name} ${p.required}`) ?? [];
        return params.some((p) => !has.includes(`${p.name} ${p.required}`)) || (paged && !has.includes("cursor false"));
    }).map(({ path }) => path));
    const columns = Object.entries(api.paths).filter(([path]) => questions.some((q) => q.path === path))
        .filter(([, item]) => Object.keys(item.get.responses[200].content["application/json"].schema.properties?.rows?.items.properties ?? {}).length > 0);
    report("most questions say their columns", columns.length > questions.length / 2 ? [] : [`${columns.length} of ${questions.length}`]);
    const same = (fields, s, at) => fields.flatMap((f) => {
        let it = s.properties?.[f.name];
        if (!it) return [`${at}.${f.name} is missing`];
        const bad = [];
        if (!!f.required !== s.required.includes(f.name)) bad.push(`${at}.${f.name} required`);
        if ((f.class === "open" ? undefined : f.class) !== it["x-wangge-class"]) bad.push(`${at}.${f.name} class`);
        if (f.list) {
            if (it.type !== "array" || it.maxItems !== f.list) bad.push(`${at}.${f.name} list`);
            it = it.items;
        }
        if (f.kind === "number" && f.min !== undefined && (it.minimum !== f.min || it.maximum !== f.max)) bad.push(`${at}.${f.name} bounds`);
        if (f.kind === "code" && it["x-wangge-codes"] !== f.codes) bad.push(`${at}.${f.name} codes`);
        if (f.kind === "code" && meta.codes[f.codes] && it.enum.join() !== meta.codes[f.codes].join()) bad.push(`${at}.${f.name} items`);
        return [...bad, ...(f.fields ? same(f.fields, it, `${at}.${f.name}`) : [])];
    });
    report(`${types.length} record types are in it, field by field`, types.flatMap((t) => same(t.fields, api.components.schemas[t.type] ?? {}, t.type)));
    const keys = Object.keys(api["x-wangge-keys"]);
    const seen = files.filter((f) => f.endsWith(".test")).flatMap((f) => [...text(f).matchAll(/\brefused ([a-z_]+\.[a-z_]+)/g)].map((m) => m[1]));
    report(`${keys.length} word keys, among them all that the scenarios meet`, seen.length > 20 ? seen.filter((k) => !keys.includes(k)) : ["no keys found"]);
    // Made once: whoever has it already costs no more than a question about health, and no list of codes is an old one.
    const ticks = async (path, headers) => {
        const spent = () => text(`/proc/${server.child.pid}/stat`).split(" ").slice(13, 15).reduce((a, b) => a + Number(b), 0), before = spent();
        for (let i = 0; i < 800; i++) await (await ask(path, { headers })).text();
        return spent() - before;
    };
    const contract = await ask("/api/openapi.json"), has = { "If-None-Match": contract.headers.get("etag") };
    const [well, again] = [await ticks("/healthz"), await ticks("/api/openapi.json", has)];
    report(`the contract is made once (800 asks: ${again} ticks; of health ${well})`, again < 1.5 * well + 8 ? [] : ["it was made again"]);
    wangge("worker", "add", "--name", "郑立冬", "--phone", "10090000003", "--account", "keeper", "--password", "grid-2020-keep",
        "--role", "keeper", "--area", "4405", ...settings);
    const keeper = await signIn(server.url, "keeper", "grid-2020-keep"), code = { code: "new_code", zh: "新", en: "new" };
    const set = await keeper.post([{ id: newId(), type: "profile.set", area: "4405", at: Date.now(),
        body: { hazard: "covid_2020", thresholds: {}, measures: [], questionnaires: {}, codes: { measure: [code] } } }]);
    const newer = await ask("/api/openapi.json", { headers: has });
    report("and made anew when a list of codes changed", newer.status === 200 && newer.headers.get("etag") !== has["If-None-Match"] &&
        (await newer.clone().text()).includes('"new_code"') && (await (await ask("/api/meta")).text()).includes('"new_code"') ? [] :
        [`${newer.status}`, JSON.stringify(set)]);
    report("the command prints the same", JSON.stringify(JSON.parse(wangge("openapi", ...settings))) === JSON.stringify(await newer.json()) ? [] : ["another"]);
}

// ---- raw connections: gzip, half-closed, what the library itself refuses ----
const { hostname, port } = new URL(server.url);
const raw = (bytes, half) => new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port, allowHalfOpen: true }), got = [];
    socket.on("data", (d) => got.push(d)).on("end", () => socket.end()).on("error", () => {}).on("close", () => resolve(Buffer.concat(got)));
    socket.setTimeout(15000, () => socket.destroy());
    socket.write(bytes, () => half && socket.end());
});
const get = (path, more = "") => raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`);
const split = (b) => [b.subarray(0, b.indexOf("\r\n\r\n")).toString(), b.subarray(b.indexOf("\r\n\r\n") + 4)];
{
    const [plainHead, plain] = split(await get("/api/meta")), [head, small] = split(await get("/api/meta", "Accept-Encoding: br, gzip;q=0.8\r\n"));
    report("an answer of some size is compressed for whoever takes it", /Content-Encoding: gzip/.test(head) && /Vary: Accept-Encoding/.test(head) &&
        !/Content-Encoding/.test(plainHead) && gunzipSync(small).equals(plain) && small.length * 3 < plain.length ? [] : [head]);
    const refused = await Promise.all([get("/api/meta", "Accept-Encoding: gzip;q=0\r\n"), get("/healthz", "Accept-Encoding: gzip\r\n")]);
    report("not for whoever refuses it, and not a small one", refused.map((r) => split(r)[0]).filter((h) => /Content-Encoding/.test(h)));
    const body = JSON.stringify({ name: secrets[2], password: secrets[3] }), long = JSON.stringify({ records: Array.from({ length: 40 }, () => door()) });
    const common = "Host: x\r\nConnection: close\r\n", kinds = "Accept-Encoding: gzip\r\nContent-Type: application/json\r\n";
    const post = (path, text, more) =>
        raw(`POST ${path} HTTP/1.1\r\n${common}${kinds}${more}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`, true);
    const bearer = `Authorization: Bearer ${lin.session.token}\r\n`;
    const halves = await Promise.all([0, 1, 2, 3].flatMap(() =>
        [raw(`GET /api/meta HTTP/1.1\r\n${common}\r\n`, true), post("/api/session", body, ""), post("/api/records", long, bearer)]));
    report("who closes his half after a whole request is answered", halves.map((h) => split(h)[0]).filter((h) => !h.startsWith("HTTP/1.1 200")));
    report("no answer to POST is compressed: it may hold a token", halves.map((h) => split(h)[0]).filter((h) => /Content-Encoding/.test(h)));
    const echo = "zq9x7";      // what the library answers by itself says nothing of what was asked
    const own = await Promise.all([
        `GET /${echo} HTTP/9.1\r\nHost: x\r\n\r\n`, `GET / HTTP/1.1\r\nHost: x\r\n${echo}\r\n\r\n`, `GET /${echo.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${echo}\r\n`,
    ].map((bytes) => raw(bytes)));
    report("what the library refuses by itself repeats nothing of the request", own.map(String).filter((a) => !/^HTTP\/1.1 [45]/.test(a) || a.includes(echo)));
}

// ---- a full disk, and room again ----
{
    const limit = (bytes) => execFileSync("prlimit", ["--pid", server.child.pid, `--fsize=${bytes}:`]);
    const late = [{ ...door(), area: "44051310821601" }], body = JSON.stringify({ records: late });
    const post = () => send("/api/records", body, { Authorization: `Bearer ${lin.session.token}` });
    limit(4096);
    const refused = await post(), problem = await refused.json();
    const right = refused.status === 503 && problem.key === "store.full" && problem.again && refused.headers.get("Retry-After");
    report("a full disk is 503, and to be tried again", right ? [] : [JSON.stringify(problem)]);
    report("the server says that nothing can be written", await until(health, "503 store.full"));
    const { samples } = await metrics();
    report("and so do the figures", samples.get("wangge_healthy{}") === 0 && samples.get("wangge_keys_undone_total{}") > 0 ? [] : ["healthy"]);
    const sign = await send("/api/session", JSON.stringify({ name: secrets[2], password: secrets[3] }));
    report("nobody signs in meanwhile", sign.status === 503 ? [] : [`${sign.status}`]);
    const read = await ask("/api/area/tree?area=440513108216", { headers: { Authorization: `Bearer ${lin.session.token}` } });
    report("who is signed in reads on", read.status === 200 ? [] : [`${read.status}`]);
    report("and so does the log, once", await until(() => log.match(/event=writing.failing key=store.full/g)?.length ?? 0, 1));
    limit("unlimited");
    report("it finds out by itself that there is room again", await until(health, "200 ok"));
    await until(() => log.includes("event=writing.recovered"), true);
    const again = await (await post()).json();
    report("the same bytes are stored", again.results?.[0].status === "stored" ? [] : [JSON.stringify(again)]);
    const verified = wangge("verify", ...settings);
    report("every box opens, every chain holds", /bad_ledgers 0 bad_counters 0/.test(verified) && /lost 0/.test(verified) ? [] : [verified]);
}

// ---- the log ----
await send("/api/session", JSON.stringify({ name: secrets[4], password: secrets[6] }));
await ask(`/api/household/find?area=440513108216&name=${encodeURIComponent(secrets[5])}`, { headers: { Authorization: `Bearer ${lin.session.token}` } });
await ask(`/${encodeURIComponent(secrets[5])}`);
await ask(`/api/${encodeURIComponent(secrets[5])}/x`);
await server.end("SIGKILL");
server = await serve();
await server.end("SIGTERM");
{
    const lines = log.trimEnd().split("\n"), pair = /^(?:[a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)(?: |$))+$/;
    const start = /^at=\d{4}-\d\d-\d\dT[\d:.]+Z level=(info|warn|error) event=[a-z.]+ /;
    report(`${lines.length} lines of log are key=value`, lines.filter((l) => !pair.test(l) || !start.test(l)));
    report("nobody's name, phone, password or question is in it", [...secrets, lin.session.token, lin.session.worker, "一巷", grid.id].flatMap((s) =>
        [s, encodeURIComponent(s)].filter((form) => log.includes(form))));
    const events = new Set([...log.matchAll(/ event=(\S+)/g)].map((m) => m[1]));
    const wanted = ["start", "recovering", "listening", "stop", "stopped", "request.slow", "request.failed", "commit.slow", "writing.failing",
        "writing.recovered", "signin.refused"];
    report("beginnings, ends, failures, slow ones and refused sign-ins are in it", wanted.filter((e) => !events.has(e)));
    const failures = lines.filter((l) => l.includes("event=request.failed"));
    const numbers = new Set(failures.map((l) => l.match(/ request=(\d+)/)[1]));
    report("a failure is one line with its request's number", failures.length >= 2 && numbers.size === failures.length ? [] : failures);
    const said = files.filter((f) => /^src\/.*\.c$/.test(f)).flatMap((f) => [...text(f).matchAll(/log_line\([^;]*?;/g)].flatMap(([call]) =>
        [...call.split(/"[^"]*=/)[0].matchAll(/"([a-z][a-z.]*)"/g)].map((m) => m[1])));
    const page = text("doc/operations.md");
    report(`${new Set(said).size} events are all in doc/operations.md`, said.length > 10 ? said.filter((e) => !page.includes(`\`${e}\``)) : said);
}

// ---- a city made inside a running server: its clockwork keeps its hands off meanwhile ----
{
    const other = borrow();
    const beside = await serve("--store", other.store);
    const made = spawnSync("build/wangge", ["drill", "--people", "2000", "--days", "1", "--store", other.store], { encoding: "utf8", maxBuffer: 1 << 26 });
    const verified = spawnSync("build/wangge", ["verify", "--store", other.store], { encoding: "utf8" });
    report("a city is made inside a running server, and verifies", made.status === 0 && /records \d{5,} bad_ledgers 0 bad_counters 0/.test(verified.stdout) ? []
        : [made.stderr.slice(-300), verified.stdout + verified.stderr]);
    await beside.end("SIGTERM");
}

// ---- settings, the manual page, what is installed ----
{
    const conf = join(folder, "wangge.conf");
    const run = (args, env = {}) => spawnSync("build/wangge", args, { encoding: "utf8", env: { PATH: process.env.PATH, ...env } });
    const row = (said, name) => said.stdout.split("\n").find((l) => l.startsWith(`${name} `))?.split(/\s{2,}/).slice(1, 4).join(" | ");
    writeFileSync(conf, "# mine\nthreads = 3\nrequests = 60\n\nslow_ms = 50\n");
    const said = run(["settings", "--config", conf, "--slow_ms", "70"], { WANGGE_REQUESTS: "61" });
    report("settings say where they come from", [["threads", `3 | file ${conf}:2 | 0 to 256`], ["requests", "61 | environment | 1 to 1000000"],
        ["slow_ms", "70 | command line | 1 to 3600000"], ["timeout", "30 | preset | 1 to 3600"], ["log_requests", "false | preset | true or false"]]
        .filter(([name, wanted]) => row(said, name) !== wanted).map(([name]) => `${name}: ${row(said, name)}`));
    writeFileSync(conf, "threads = 3\n\nspeed = 9\n");
    const unknown = run(["settings", "--config", conf]);
    report("a wrong line is named", unknown.status === 2 && unknown.stderr.includes(`setting.unknown speed: file ${conf}:3`) ? [] : [unknown.stderr]);
    const there = run(["settings", "--check", "--data", "data", ...settings]);
    const gone = run(["settings", "--check", "--data", folder, "--store", `sqlite:${folder}/none/w.db`, "--listen", "8440"]);
    const told = ["store", "data", "listen"].every((s) => gone.stdout.includes(`bad ${s}:`));
    const well = there.status === 0 && gone.status === 2 && told;
    report("settings --check looks behind the names", well ? [] : [there.stdout.slice(-200), gone.stdout.slice(-400)]);
    const shipped = text("deploy/wangge.conf.in").replace(/@\w+@/g, "/nowhere");
    writeFileSync(conf, shipped);
    report("the shipped settings are known", run(["settings", "--config", conf]).status === 0 ? [] : [run(["settings", "--config", conf]).stderr]);
    const manual = run(["man"]).stdout, macros = new Set([".TH", ".I", ".SH", ".B", ".RI", ".br", ".TP"]);
    const names = [...run(["help"]).stdout.matchAll(/^(?:wangge ([a-z]+)|  ([a-z_]+) )/gm)].map((m) => m[1] ?? m[2]);
    report("the manual page is roff and leaves nothing out", names.length > 20 ? [
        ...manual.split("\n").filter((l) => /^[.']/.test(l) && !macros.has(l.split(" ")[0])),
        ...names.filter((n) => !manual.includes(`\n.B ${n}\n`)),
    ] : names);
}
