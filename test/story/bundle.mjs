// bundle.mjs CITY - a phone that took its grid along and asks what changed holds, after anything that may
// happen in a village, what it would get if it took all of it anew; and a hundred households come in 30 kB.
import { askBundle, hundred, keep, same } from "../bundle.mjs";
import { report } from "../check/report.mjs";
import { accounts, borrow, newId, serve, signIn, wangge } from "../program.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const server = await serve(store, "--requests", "1000000");
const { url } = server;
const password = new Map(accounts(city));
const account = (name) => signIn(url, name, password.get(name));
const V = "440513108216";
const boss = await account("city"), office = await account(`village-${V}`);
const must = async (who, records) => {
    const { results } = await who.post(records.map(([type, area, body]) => ({ id: newId(), type, area, at: Date.now(), body })));
    const bad = results.filter((r) => r.status !== "stored");
    if (bad.length) throw new Error(JSON.stringify(bad));
    return results;
};

// Chance that comes out the same every time.
let seed = Number(process.env.SEED ?? 20200205);
const luck = (n) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
};
const one = (list) => list[luck(list.length)];

// ---- a hundred households in one grid, a round nobody has begun ----
const [G, other] = [`${V}0104`, `${V}0402`];     // blocks of two grids
const worker = await account(`grid-${V}01`), neighbour = await account(`grid-${V}04`);
let homes = (await office.ask("household/list", { area: V })).filter((h) => h.household);
const full = await hundred(office, `${V}02`);
const openRound = async () => {
    const round = newId();
    await must(boss, [["screening.round", V, { round, name: "随身包", trigger: "routine", measures: ["notify", "supply"] }]]);
    for (let n = 0; n < 100; n++) {
        if ((await office.ask("screening/rounds", { area: V })).some((r) => r.round === round && r.villages_frozen === 1)) return round;
        await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error("the round does not freeze");
};
let round = await openRound();
const someone = async (role, area) => {
    const id = newId(), name = `随身${role}`;
    await must(boss, [["duty.worker", V, { worker: id, name, phone: "10090000000", category: "police" }]]);
    await must(boss, [["duty.assign", area, { duty: newId(), worker: id, role, since: Date.now() - 86400000 }]]);
    wangge("account", "add", name, "--worker", id, "--password", "bundles-are-tested", "--store", store);
    return { id, ...(await signIn(url, name, "bundles-are-tested")) };
};
const first = await askBundle(url, await account(`grid-${V}02`), { area: full });
const list = keep(null, first.answer).parts;
const n = list["household/list"].filter((h) => h.household).length, members = list["household/people"].length;
report(`${n} households with ${members} members, none visited, in ${first.bytes} bytes, at most 30000`,
    n >= 100 && list["screening/doors"].length >= 100 && first.bytes <= 30000 ? [] : [`${n} households, ${first.bytes} bytes`]);

// ---- anything that may happen ----
const police = await someone("police", V), clerk = await someone("clerk", V.slice(0, 9));
wangge("worker", "add", "--name", "随身审批", "--phone", "10090000000", "--account", "随身审批", "--role", "approver", "--area", V,
    "--password", "bundles-are-tested", "--store", store);
const approver = await signIn(url, "随身审批", "bundles-are-tested");

const near = (h) => h.area === G || h.area === other;
const home = () => one(homes.filter((h) => h.household && near(h)));
const door = () => one(homes.filter(near)).door;
const away = homes.find((h) => !near(h)).area;
const elsewhere = (await boss.ask("area/tree", { area: "440513108" })).filter((a) => a.level === 4 && a.area !== V)[0].area;
const foreign = (await boss.ask("household/list", { area: elsewhere }))[0].door;
const member = async (h) => one(await office.ask("household/members", { area: V, household: h.household }))?.person ?? newId();
const visits = [];
const visit = (h, outcome, more) => {
    visits.push({ id: newId(), area: h.area, door: h.door, household: h.household });
    return { id: visits.at(-1).id, type: "screening.visit", area: h.area, at: Date.now(),
        body: { round, door: h.door, ...(h.household && { household: h.household }), method: "at_door", outcome, ...more } };
};
const said = (type, body, area = V) => ({ id: newId(), type, area, at: Date.now(), body });
const acts = {
    "a visit": () => [police, visit(home(), one(["completed", "no_answer", "refused"]))],
    "a visit far off": () => [police, visit(one(homes), "completed")],
    "a visit of all behind a door": () => [police, visit({ ...home(), household: null }, "completed")],
    "a witnessed vacancy": () => [police, visit(home(), "vacant", { witness: "邻居" })],
    "a re-check": () => {
        const { id, door, household } = one(visits.filter((v) => v.area === G));
        return [worker, said("screening.recheck", { visit: id, door, household, result: one(["verified", "rejected"]) }, G)];
    },
    "a new door": () => [office, said("household.door", { door: newId(), order: luck(9000), use: "self", building: "新楼" }, one([G, other]))],
    "a door in another grid": () => [office, said("household.door", { door: door(), order: luck(9000), use: "self" }, one([G, other, away]))],
    "a new household": () => [office, said("household.open", { household: newId(), door: door(), kind: "registered", head: "新来者",
        members: [{ person: newId(), name: "新来者", relation: "self" }] })],
    "a move": () => [office, said("household.move", { household: home().household, door: door() })],
    "a move within reach": () => [office, said("household.move", { household: home().household, door: one(homes.filter((h) => !near(h))).door })],
    "a move to another village": () => [clerk, said("household.move", { household: home().household, door: foreign, area: elsewhere })],
    "an end": () => [office, said("household.close", { household: home().household, reason: "搬走" })],
    "a change": () => [office, said("household.change", { household: home().household, kind: one(["registered", "away", "vacant"]), head: "改名" })],
    "a centre": () => [office, said("household.change", { household: home().household, centre: true })],
    "a link": () => [office, said("household.link", { household: home().household, centre: one(homes.filter((h) => h.is_centre)).household })],
    "somebody away": async () => {
        const h = home();
        return [office, said("household.member", { household: h.household, person: await member(h), away_until: one(["2199-01-01", "2020-02-01"]) })];
    },
    "somebody leaves": async () => {
        const h = home();
        return [office, said("household.leave", { household: h.household, person: await member(h), ...(luck(2) && { to: home().household }) })];
    },
    "a deputy": () => [boss, said("duty.assign", { duty: newId(), worker: police.id, role: "grid_worker", deputy: true, since: Date.now() }, G)],
    "an erasure": async () => {
        const ask = said("household.erase", { household: home().household, classes: ["all"], reason: "本人要求" });
        await office.post([ask]);
        return [approver, said("household.erase_approve", { erase: ask.id })];
    },
    "a new grid": () => [office, said("area.open", { code: `${V}${90 - luck(40)}`, name: "新网格", level: 5 })],
    "another round": async () => ((round = await openRound()), []),
};
// Erasures, rounds and grids make everything come anew: each a few times only.
const rare = { "an erasure": 3, "a new grid": 2, "another round": 2, "a deputy": 3 };

const phones = [[worker, G], [neighbour, other], [police, G], [office, other]].map(([who, area]) => ({ who, area, held: [] }));
const wrong = [], done = {}, refused = {};
const came = { whole: 0, delta: 0, nothing: 0, opened: 0 };
const tagged = (held) => Object.values(held.tags).join();
async function look(phone, what) {
    const { who, area, held } = phone;
    for (let n = 0; n < 5; n++) {
        const from = one(held);
        const { answer: some } = await askBundle(url, who, { area, since: from.cursor, tags: tagged(from) });
        const { answer: all } = await askBundle(url, who, { area });
        if (some.cursor !== all.cursor || tagged(some) !== tagged(all)) continue;      // something came in between
        const now = keep(from, some), anew = keep(null, all);
        came[some.whole ? "whole" : some.touched.length ? "delta" : "nothing"]++;
        if (!same(now, anew)) wrong.push(`${what}, at ${area}: ${Object.keys(anew.parts).filter((p) =>
            !same({ parts: { p: now.parts[p] } }, { parts: { p: anew.parts[p] } }))}`);
        held.push(anew);
        if (held.length > 4) held.shift();
        return;
    }
    wrong.push(`${what}: never at rest`);
}
for (const phone of phones) phone.held.push(keep(null, (await askBundle(url, phone.who, { area: phone.area })).answer));
await police.post([visit(homes.find((h) => h.household && h.area === G), "completed")]);
// 160 times by chance, and what chance left out is tried on.
const undone = () => Object.keys(acts).filter((a) => !done[a]);
for (let i = 0; i < 160 || (i < 260 && undone().length); i++) {
    const what = one(i < 160 ? Object.keys(acts).filter((a) => (done[a] ?? 0) < (rare[a] ?? 99)) : undone());
    const [who, record] = await acts[what]();
    const result = who && (await who.post([record])).results[0];
    if (result && result.status !== "stored") refused[what] = result.error.key;
    else done[what] = (done[what] ?? 0) + 1;
    homes = await office.ask("household/list", { area: V });
    if (i % 3 === 2) for (const phone of phones) await look(phone, what);
}
report("everything happened that may", undone().map((a) => `${a}: ${refused[a]}`));
report(`what came later and what was there is what there is (${came.delta} times some doors, ${came.nothing} none, ${came.whole} everything)`,
    came.delta > 40 ? wrong : [...wrong, "hardly any delta"]);

// ---- far behind, and far too much ----
const before = keep(null, (await askBundle(url, worker, { area: G })).answer);
const { household } = home();
const times = (n) => Array.from({ length: n }, (_, i) => ["household.change", V, { household, kind: i % 2 ? "registered" : "away" }]);
await must(office, times(400));
const few = (await askBundle(url, worker, { area: G, since: before.cursor })).answer;
for (let i = 0; i < 2; i++) await must(office, times(400));
const many = (await askBundle(url, worker, { area: G, since: before.cursor })).answer;
report("after some hundred records it is doors, after a thousand everything", !few.whole && many.whole ? [] : [`${few.whole} ${many.whole}`]);
await server.kill("SIGTERM");
const verified = wangge("verify", "--store", store);
report("ledgers and counters verify after it", / bad_ledgers 0/.test(verified) && / bad_counters 0/.test(verified) ? [] : [verified]);
