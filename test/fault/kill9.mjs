// kill9.mjs CITY - kills the server under load, again and again: what was
// acknowledged is there exactly once, what was not can be sent again, and the
// counters are those of a recount.
import { setTimeout as sleep } from "node:timers/promises";
import { report } from "../check/report.mjs";
import { accounts, borrow, newId, serve, signIn, wangge } from "../program.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const [name, password] = accounts(city).find(([account]) => account.startsWith("grid-"));
const grid = name.slice("grid-".length);
const acknowledged = new Map();   // id -> record
const unanswered = new Map();
const wrong = { lost: [], answers: [] };
const busy = ["--requests", "1000000"];   // of one session in a minute

const record = (type, body) => ({ id: newId(), type, area: grid, at: Date.now(), body });
const door = () => record("household.door", { door: newId(), order: 9000, building: "试验楼", use: "self" });
const outcome = () => (Math.random() < 0.5 ? "completed" : "no_answer");
const visit = (round, door) => record("screening.visit", { round, door, method: "at_door", outcome: outcome() });

// Four phones that send until the server is gone.
async function load(url) {
    const phone = await signIn(url, name, password);
    const doors = (await phone.ask("household/doors", { area: grid })).map((d) => d.door);
    const { round } = (await phone.ask("screening/rounds", { area: grid })).find((r) => r.current);
    for (let n = 0; ; n++) {
        const records = [door(), ...Array.from({ length: 4 }, (_, i) => visit(round, doors[(4 * n + i) % doors.length]))];
        for (const r of records) unanswered.set(r.id, r);
        let said;
        try {
            said = await phone.post(records);
        } catch {
            return;   // gone
        }
        for (const { id, status, error } of said.results ?? []) {
            if (status !== "stored") wrong.answers.push(`${id}: ${status} ${error?.key}`);
            acknowledged.set(id, unanswered.get(id));
            unanswered.delete(id);
        }
        if (!said.results) wrong.answers.push(JSON.stringify(said));
    }
}

for (let round = 0; round < 3; round++) {
    const server = await serve(store, ...busy);
    let killed = false;
    const phones = Array.from({ length: 4 }, () => load(server.url).catch((error) => killed || wrong.answers.push(String(error))));
    await sleep(400 + Math.random() * 900);
    killed = true;
    await server.kill("SIGKILL");
    await Promise.all(phones);
}
const inFlight = unanswered.size;

const server = await serve(store, ...busy);
const phone = await signIn(server.url, name, password);
const again = async (records) => {
    const results = [];
    for (let i = 0; i < records.length; i += 200) results.push(...(await phone.post(records.slice(i, i + 200))).results);
    return results;
};
for (const { id, status } of await again([...acknowledged.values()]))
    if (status !== "repeated") wrong.lost.push(`${id} was acknowledged and is ${status}`);
for (const { id, status, error } of await again([...unanswered.values()]))
    if (status === "refused") wrong.answers.push(`${id}: ${status} ${error?.key}`);

const times = new Map();
for (const line of wangge("export", "--as", "ledger", "--area", grid.slice(0, 12), "--store", store).trim().split("\n")) {
    const { id } = JSON.parse(line);
    times.set(id, (times.get(id) ?? 0) + 1);
}
for (const id of [...acknowledged.keys(), ...unanswered.keys()])
    if (times.get(id) !== 1) wrong.lost.push(`${id} is ${times.get(id) ?? 0} times in the ledger`);
if (!acknowledged.size) wrong.lost.push("there was no load");
const code = await server.kill("SIGTERM");

report(`what was acknowledged is there once (${acknowledged.size} records, ${inFlight} in flight, 3 kills)`, wrong.lost);
report("nothing was answered wrongly", wrong.answers);
report("a stop is clean", code === 0 ? [] : [`ended with ${code}`]);
try {
    wangge("verify", "--store", store);
    report("ledgers and counters verify after it", []);
} catch (error) {
    report("ledgers and counters verify after it", [String(error.stdout), String(error.stderr)]);
}
