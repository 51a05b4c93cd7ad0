// kill9.mjs CITY - kills the server under load, again and again: what was
// acknowledged is there exactly once, and what was not can be sent again.
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

const door = () => ({ id: newId(), type: "household.door", area: grid, at: Date.now(), body: { door: newId(), order: 9000, building: "试验楼", use: "self" } });

// Four phones that send until the server is gone.
async function load(url) {
    const phone = await signIn(url, name, password);
    for (;;) {
        const records = Array.from({ length: 5 }, door);
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
    const server = await serve(store);
    const phones = Array.from({ length: 4 }, () => load(server.url));
    await sleep(400 + Math.random() * 900);
    await server.kill("SIGKILL");
    await Promise.all(phones.map((p) => p.catch(() => {})));
}
const inFlight = unanswered.size;

const server = await serve(store);
const phone = await signIn(server.url, name, password);
const again = async (records) => {
    const results = [];
    for (let i = 0; i < records.length; i += 200) results.push(...(await phone.post(records.slice(i, i + 200))).results);
    return results;
};
for (const r of await again([...acknowledged.values()])) if (r.status !== "repeated") wrong.lost.push(`${r.id} was acknowledged and is ${r.status}`);
for (const r of await again([...unanswered.values()])) if (r.status === "refused") wrong.answers.push(`${r.id}: ${r.status} ${r.error?.key}`);

const times = new Map();
for (const line of wangge("export", "--as", "ledger", "--area", grid.slice(0, 12), "--store", store).trim().split("\n")) {
    const { id } = JSON.parse(line);
    times.set(id, (times.get(id) ?? 0) + 1);
}
for (const id of [...acknowledged.keys(), ...unanswered.keys()]) if (times.get(id) !== 1) wrong.lost.push(`${id} is ${times.get(id) ?? 0} times in the ledger`);
const code = await server.kill("SIGTERM");

report(`what was acknowledged is there once (${acknowledged.size} records, ${inFlight} in flight, 3 kills)`, [...wrong.lost, ...(acknowledged.size ? [] : ["no load"])]);
report("nothing was answered wrongly", wrong.answers);
report("a stop is clean", code === 0 ? [] : [`ended with ${code}`]);
try {
    wangge("verify", "--store", store);
    report("the ledgers verify after it", []);
} catch (error) {
    report("the ledgers verify after it", [String(error.stdout), String(error.stderr)]);
}
