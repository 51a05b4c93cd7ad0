// trace.mjs CITY - a resident asks who looked: what is printed names people, times and purposes, and nothing of what is kept.
import { spawnSync } from "node:child_process";
import { report } from "../check/report.mjs";
import { accounts, borrow, newId, serve, signIn } from "../program.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const password = new Map(accounts(city));
const grid = "44051310821601", village = grid.slice(0, 12), purpose = "核对电话号码";
const run = (...args) => spawnSync("build/wangge", [...args, "--store", store], { encoding: "utf8" });

const server = await serve(store);
const worker = await signIn(server.url, `grid-${grid}`, password.get(`grid-${grid}`));
const post = await signIn(server.url, "city", password.get("city"));
const households = (await worker.ask("household/list", { area: grid })).filter((h) => h.household && h.persons > 1 && h.head && h.phone);
const [one, other] = households;
await worker.ask("household/list", { area: grid });
const members = await worker.ask("household/members", { area: grid, household: one.household });
await post.ask("household/list", { area: village });   // masked: nobody saw anything
async function reveal(household, why) {
    const said = await fetch(`${server.url}/api/reveal`, {
        method: "POST",
        headers: { Authorization: `Bearer ${post.session.token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ household, area: "4405", fields: ["head", "phone"], purpose: why }),
    });
    return said.status === 200 ? (await said.json()).rows[0] : {};
}
const open = await reveal(one.household, purpose);
await reveal(other.household, "另一件事");
const door = newId();
await worker.post([{ id: newId(), type: "household.change", area: one.area, at: Date.now(), body: { household: one.household, phone: "13800000077" } },
    { id: newId(), type: "household.door", area: one.area, at: Date.now(), body: { door, order: 9000, use: "self" } }]);

const zh = run("trace", "--household", one.household);          // by the running server
const en = run("trace", "--household", one.household, "--lang", "en").stdout;
const lines = zh.stdout.split("\n"), looked = lines.filter((l) => /  看  /.test(l));
const pages = lines.slice(lines.findIndex((l) => l.startsWith("打开过这一片名单")));
report("a household's trace is printed", zh.status === 0 && lines.length > 8 ? [] : [zh.stdout, zh.stderr]);
report("who registered it, who changed it", lines.some((l) => /household\.open/.test(l)) &&
    lines.some((l) => /household\.change/.test(l) && l.includes(worker.session.name)) ? [] : lines);
report("the reveal, with purpose, fields and the person", looked.filter((l) => l.includes("core.reveal") && l.includes(post.session.name) &&
    l.includes(purpose) && l.includes("head phone")).length === 1 ? [] : looked);
report("its own members' list, asked for by somebody", looked.some((l) => l.includes("household/members") && l.includes(worker.session.name)) ? [] : looked);
report("what was looked at of others is theirs", zh.stdout.includes("另一件事") || zh.stdout.includes(door) ? [zh.stdout] : []);
report("lists of the area stand apart, once a day and person, with how often", pages.filter((l) => l.includes("household/list") &&
    l.includes(worker.session.name) && l.endsWith("2 次")).length === 1 && !pages.some((l) => l.includes(post.session.name)) ? [] : pages);
const times = lines.slice(lines.findIndex((l) => /^记录 \d/.test(l)) + 1).map((l) => l.slice(0, 16));
const listed = times.slice(0, times.indexOf(""));
report("in the order of time", listed.length > 3 && listed.every((t, i) => !i || listed[i - 1] <= t) ? [] : listed);
const kept = [one.head, one.phone, open.head, open.phone, "13800000077", ...members.flatMap((m) => [m.name, m.phone])].filter(Boolean);
report(`nothing of what is kept is in it (${kept.length} values)`, kept.length > 4 ? kept.filter((v) => (zh.stdout + en).includes(v)) : ["too few to tell"]);
report("in English as well", /^Who wrote and who looked/.test(en) && en.includes(`purpose ${purpose}`) && en.split("\n").length === lines.length ? [] : [en]);

// Long questions stand in a line of their own: whoever asks something else meanwhile does not wait for them.
const auditor = await signIn(server.url, "auditor", password.get("auditor")), many = 80;
let over = 0;
const traces = Array.from({ length: many }, () => auditor.ask("core/trace", { area: "4405", household: one.household }).then((r) => (over++, r.length)));
const line = async () => Number((await (await fetch(`${server.url}/metrics`)).text()).match(/^wangge_http_questions_waiting (\d+)$/m)?.[1]);
const waited = await line(), overThen = over;
for (let i = 0; i < 5; i++) await post.ask("area/tree", { area: village });
const meanwhile = over, rows = await Promise.all(traces);
report(`of ${many} traces at once ${waited} stand in line, ${meanwhile - overThen} end while others ask five times`,
    waited > many / 4 && meanwhile < many * 0.75 && new Set(rows).size === 1 && rows[0] > 3 ? [] :
        [`${waited} ${overThen} ${meanwhile} ${[...new Set(rows)]}`]);
report("and then nobody does", (await line()) === 0 ? [] : [`${await line()}`]);

await server.kill("SIGTERM");
report("without a server it is the same but for its time", run("trace", "--household", one.household).stdout.split("\n").slice(3).join() ===
    lines.slice(3).join() ? [] : ["another"]);
report("an unknown household is said", run("trace", "--household", newId()).stderr.includes("household.unknown") ? [] : ["it was not"]);
