// clock.spec.mjs - the server's clock jumps by a day, forward and back, under load:
// records go on being taken in their order, alarms fire once, a session that is
// over by the clock is over and a new one can be had.
import { Disk, Load, borrow, grids, hand_in, long, newId, record, report, run, serve, settle, signIn, sleep, worker } from "./fault.mjs";

const hour = 60 * 60 * 1000, day = 24 * hour;
const { folder, store } = borrow(), disk = new Disk(folder), load = new Load(), wrong = [];
const server = await serve(store, { disk, args: ["--session_days", "2"] });
const grid = grids[0], village = grid.slice(0, 12);
const status = async (phone) => (await fetch(`${server.url}/api/session`, { headers: { Authorization: `Bearer ${phone.session.token}` } })).status;

// Deputies whose time begins or ends in two hours, in twenty, in three days; beyond `due` nothing may have fired.
const head = await signIn(server.url, `village-${village}`, worker(grid)[1]);
const alarms = [2, 20, 72].flatMap((hours) => ["since", "until"].map((which) => ({ hours, which, duty: newId() })));
const now = Date.now();
const assigned = await hand_in(server.url, head.session.token, alarms.map(({ hours, which, duty }) =>
    record(grid, "duty.assign", { duty, worker: head.session.worker, role: "grid_worker", deputy: true,
                                  ...(which === "since" ? { since: now + hours * hour } : { since: now - hour, until: now + hours * hour }) })));
if (!assigned.results?.every(({ status: s }) => s === "stored")) wrong.push(JSON.stringify(assigned));

const fired = () => {
    const times = new Map();
    for (const line of run(store, ["export", "--as", "ledger", "--area", village]).out.trim().split("\n")) {
        const { type, body } = JSON.parse(line);
        if (type === "duty.begun" || type === "duty.lapsed") times.set(JSON.parse(body).duty, (times.get(JSON.parse(body).duty) ?? 0) + 1);
    }
    return times;
};
const expect = (when, due) => {
    const times = fired();
    for (const { hours, which, duty } of alarms)
        if ((times.get(duty) ?? 0) !== (hours <= due ? 1 : 0)) wrong.push(`${when}: ${which} in ${hours} hours fired ${times.get(duty) ?? 0} times`);
};
const jump = async (to) => {
    disk.set({ clock: to });
    await sleep(long ? 8000 : 1250);             // the clockwork looks once a second
};

await load.begin(server);
await jump(0);
expect("before", 0);
for (const [to, due] of [[day, 20], [0, 20], [-day, 20], [day, 20]]) {
    const before = load.acknowledged.size;
    await jump(to);
    expect(`at ${to / day} days`, due);
    if (load.acknowledged.size <= before) wrong.push(`nothing is taken at ${to / day} days`);
}
await load.stop();

// Two days later by the clock: over, and a new one is given.
disk.set({ clock: 0 });
const phone = await signIn(server.url, ...worker(grid));
if ((await status(phone)) !== 200) wrong.push("a new session does not hold");
disk.set({ clock: 2 * day + hour });
if ((await status(phone)) !== 401) wrong.push(`a session is not over when its time is: ${await status(phone)}`);
const again = await signIn(server.url, ...worker(grid));
if ((await status(again)) !== 200) wrong.push("after it no other is given");
disk.set({ clock: 0 });
if ((await status(again)) !== 200) wrong.push("the clock goes back, and a valid session is refused");
if ((await server.kill("SIGTERM")) !== 0) wrong.push(server.said);
report("a clock that jumps: alarms fire once, records are taken, sessions end", wrong);
await settle("a clock that jumps: everything is there once", store, load);
