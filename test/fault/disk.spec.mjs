// disk.spec.mjs - a disk that is full, fails or is slow: nothing acknowledged is
// lost, answers say that waiting cures it, and it is over without a restart.
import { Disk, Load, borrow, door, hand_in, long, of, report, serve, settle, signIn, sleep, waits, worker } from "./fault.mjs";

const every = Object.values(of).reduce((a, b) => a | b);
const until = async (ready, ms = 5000) => {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) if (await ready()) return true;
    return false;
};
const health = async (server) => {
    const said = await fetch(`${server.url}/healthz`);
    return { status: said.status, ...(await said.json()) };
};

// ---- full, or failing; and well again --------------------------------------------------

const faults = [
    { name: "no room for the store's log", arm: { room: 0, room_of: of.storeWal }, refuses: true },
    { name: "no room for the key store's log", arm: { room: 0, room_of: of.keysWal }, refuses: true },
    { name: "no room in the store at a checkpoint", arm: { room: 0, room_of: of.store }, doors: 40 },
    { name: "no room in the key store at a checkpoint", arm: { room: 0, room_of: of.keys }, doors: 40, rare: true },
    { name: "no room anywhere", arm: { room: 65536, room_of: every }, refuses: true },
    { name: "the store's log cannot be written", arm: { bad_writes: 20, bad_of: of.storeWal }, refuses: true, passes: true, rare: true },
    { name: "the store's log cannot be synced", arm: { bad_syncs: 20, bad_of: of.storeWal }, refuses: true, passes: true },
    { name: "the key store's log cannot be synced", arm: { bad_syncs: 20, bad_of: of.keysWal }, refuses: true, passes: true },
    { name: "the store cannot be synced at a checkpoint", arm: { bad_syncs: 3, bad_of: of.store }, passes: true, doors: 40 },
    { name: "the store cannot be written at a checkpoint", arm: { bad_writes: 100, bad_of: of.store }, passes: true, doors: 40, rare: true },
];

for (const { name: fault, arm, refuses, passes, doors } of faults.filter(({ rare }) => long || !rare)) {
    const { folder, store, done } = borrow();
    const disk = new Disk(folder), load = new Load(2, doors), wrong = [];
    const server = await serve(store, { disk });
    const phone = await signIn(server.url, ...worker(load.grids[0]));
    await load.begin(server);
    disk.set(arm);
    if (!(await until(() => disk.get("failures") > 0 && (!refuses || load.keys.size), 15000))) wrong.push("the fault was not met");
    if (refuses && !passes) {
        const one = door(load.grids[0]);
        load.unanswered.set(one.id, one);
        const { status, key, again } = await hand_in(server.url, phone.session.token, [one]);
        if (status !== 503 || !again || !waits.has(key)) wrong.push(`a batch is answered ${status} ${key} ${again}`);
        const [name, password] = worker(load.grids[0]), body = JSON.stringify({ name, password });
        const signed = await fetch(`${server.url}/api/session`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
        if (![200, 503].includes(signed.status)) wrong.push(`a sign-in is answered ${signed.status}`);
        if (!(await phone.ask("screening/rounds", { area: load.grids[0] })).length) wrong.push("a question has no answer");
        const ill = await health(server);
        if (ill.status !== 503 || !ill.key) wrong.push(`health says ${JSON.stringify(ill)}`);
    }
    if (!refuses && load.keys.size) wrong.push(`it was felt: ${[...load.keys]}`);
    await sleep(long ? 2000 : 200);
    disk.heal();
    const before = load.acknowledged.size;
    if (!(await until(() => load.acknowledged.size > before + 50, 15000))) wrong.push("it does not recover by itself");
    if (!(await until(async () => (await health(server)).status === 200, 15000))) wrong.push(`health stays ${JSON.stringify(await health(server))}`);
    for (const key of load.keys.keys()) if (!waits.has(key)) wrong.push(`it was said ${key}`);
    await load.stop();
    wrong.push(...(await load.offer(server.url)));
    if ((await server.kill("SIGTERM")) !== 0) wrong.push(`the stop was not clean: ${server.said}`);
    report(`${fault}: said so, and over by itself`, wrong);
    await settle(`${fault}: everything is there once`, store, load);
    done();
}

// ---- slow -------------------------------------------------------------------------------

{
    const { folder, store, done } = borrow();
    const disk = new Disk(folder), load = new Load(), wrong = [];
    const server = await serve(store, { disk, args: ["--stuck_seconds", "1"] });
    await load.begin(server);
    disk.set({ slow: 200 });
    await sleep(long ? 10000 : 2500);
    if (load.slowest < 200) wrong.push(`the slowest answer took ${load.slowest} ms only`);
    if (load.slowest > 10000) wrong.push(`an answer took ${load.slowest} ms`);
    if (!load.acknowledged.size) wrong.push("nothing was acknowledged");
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const figure = (name) => Number(metrics.match(new RegExp(`^${name} (\\S+)`, "m"))?.[1]);
    if (!(figure("wangge_commit_seconds_sum") / figure("wangge_commit_seconds_count") >= 0.1)) wrong.push("the metrics do not show it");
    disk.set({ slow: 2500 });
    if (!(await until(async () => (await health(server)).key === "writer.stuck"))) wrong.push("health does not say that the writer is stuck");
    disk.heal();
    if (!(await until(async () => (await health(server)).status === 200, 15000))) wrong.push("health does not recover");
    await load.stop();
    await server.kill("SIGTERM");
    report(`a disk that takes 200 ms for each sync: slow, right, and it shows (slowest ${load.slowest} ms)`, wrong);
    await settle("a slow disk: everything is there once", store, load);
}
