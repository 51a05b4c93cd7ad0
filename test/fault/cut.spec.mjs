// cut.spec.mjs - work cut short by a kill, a power cut, a stop or a full disk: a
// rebuild, new keys, an erase, an import, a backup, a look at the tables.  The next start goes on by
// itself, and doing the work again ends where it would have ended.
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Disk, Load, borrow, grids, long, of, random, report, run, serve, settle, sleep, start, verify, waits } from "./fault.mjs";

const every = Object.values(of).reduce((a, b) => a | b);
const grid = grids[0], village = grid.slice(0, 12);
const list = (folder) => {
    const row = (i) => `${grid},${9000 + i},试验楼,${1 + Math.floor(i / 40)},${i},self,resident,赵试验,10090000000,赵试验/1/1980-01-01`;
    const rows = Array.from({ length: 600 }, (_, i) => row(i));
    writeFileSync(join(folder, "list.csv"), ["area,order,building,floor,room,use,household_kind,head,phone,members", ...rows].join("\n") + "\n");
    return join(folder, "list.csv");
};
const works = [
    { name: "a rebuild", words: () => ["rebuild"], done: / unchanged /, short: ["a kill", "a power cut", "a full disk"] },
    { name: "new keys", words: () => ["keys", "rotate"], done: /new master key/ },
    { name: "an erase", words: () => ["erase", "--area", village, "--class", "health", "--month", "2020-02", "--reason", "试验"], done: /in 1 villages/ },
    { name: "an import", words: (folder) => ["import", list(folder), "--as", "doors", "--apply"], done: / stored 0 repeated \d+ refused 0/, twice: true },
    { name: "a backup", words: (folder) => ["backup", "--to", join(folder, "backup")], done: /ledgers \d+ records \d+/,
      only: ["a kill", "a stop"], short: ["a stop"] },
    { name: "a look at the tables", words: () => ["verify", "--tables"], done: /bad_tables 0/, only: ["a kill", "a stop"], short: ["a kill"] },
];

const short = ["a power cut", "a full disk"];     // where time is short

// Each takes a work to its early end; what is wrong with how it ended.  A signal that came too late is given
// sooner the next time: what counts is a work that was cut.
const soon = { "a rebuild": 400, "new keys": 120, "an erase": 80, "an import": 250, "a backup": 600, "a look at the tables": 500 };
async function strike(signal, { work, store, words, put_back }) {
    for (let n = 0; n < 12; n++) {
        const it = start(store, words);
        await sleep(random(5, Math.max(6, soon[work.name] / (1 + n))));
        const end = await Promise.race([it.kill(signal), it.within(20000)]);
        if (end === signal) return [];
        if (end === "standing") return ["it goes on"];
        if (end !== 0) return [`it ended with ${end}: ${it.said}`];
        put_back();
    }
    return ["it came to its end each time"];
}
const ways = {
    "a kill": (it) => strike("SIGKILL", it),
    async "a power cut"({ store, words, disk, changes }) {
        for (let n = 0; n < 5; n++) {           // not every run writes as often as the first one
            disk.set({ cut: random(1, changes), torn: random(0, 1) ? random(1, 2 ** 31) : 0 });
            if (run(store, words, { disk }).signal === "SIGKILL") return [];
        }
        return ["it came to its end each time"];
    },
    async "a full disk"({ store, words, disk }) {
        disk.set({ room: random(0, 200000), room_of: every });
        const { code, said } = run(store, words, { disk });
        return code === 0 || (code === 1 && /wangge: (store\.|file\.|keys\.)/.test(said)) ? [] : [`it ended with ${code}: ${said}`];
    },
    "a stop": (it) => strike("SIGTERM", it),
};

async function after(store, folder, work) {
    const wrong = [];
    const server = await serve(store);          // it goes on by itself
    if ((await server.kill("SIGTERM")) !== 0) wrong.push(`a stop was not clean: ${server.said}`);
    if (long) wrong.push(...verify(store));
    for (let i = 0; i <= Boolean(work.twice); i++) {
        const { code, out, said } = run(store, work.words(folder));
        if (code !== 0 || (i === Number(Boolean(work.twice)) && !work.done.test(out))) wrong.push(`done again it says ${code} ${out} ${said}`);
    }
    return [...wrong, ...verify(store)];
}

for (const work of works) {
    const { folder, store, done } = borrow(), disk = new Disk(folder), kept = join(folder, "kept");
    const files = ["wangge.db", "wangge.db.keys", "wangge.db.keys.master", "wangge.db.seen"];
    for (const file of files) cpSync(join(folder, file), join(kept, file));
    const put_back = () => {
        files.forEach((file) => cpSync(join(kept, file), join(folder, file)));
        rmSync(join(folder, "backup"), { recursive: true, force: true });
    };
    const names = Object.keys(ways).filter((name) => (work.only ?? Object.keys(ways)).includes(name) && (long || (work.short ?? short).includes(name)));
    run(store, work.words(folder), { disk });
    const changes = disk.get("changes");
    const tries = long ? 20 : 1, wrong = [];
    for (const name of names)
        for (let n = 0; n < tries && !wrong.length; n++) {
            put_back();
            disk.heal();
            wrong.push(...(await ways[name]({ work, store, words: work.words(folder), put_back, disk, changes })).map((w) => `${name}: ${w}`));
            disk.heal();
            wrong.push(...(await after(store, folder, work)).map((w) => `after ${name}: ${w}`));
        }
    done();
    report(`${work.name} cut by ${names.join(", ")}: goes on by itself, ends whole`, wrong);
}

// ---- in a running server: nobody sees half the tables ---------------------------------------

{
    const { folder, store, done } = borrow(), disk = new Disk(folder), load = new Load(), wrong = [];
    const server = await serve(store, { disk });
    await load.begin(server);
    disk.set({ room: 0, room_of: every });      // first, while the log is short: what it once held it can hold again
    const { code, said } = run(store, ["rebuild"]);
    if (code === 0 || !/store\.full/.test(said)) wrong.push(`on a full disk a rebuild says ${code} ${said}`);
    const stands = await fetch(`${server.url}/api/session`);
    if (stands.status !== 503 || (await stands.json()).key !== "busy.rebuilding") wrong.push(`half the tables are shown: ${stands.status}`);
    disk.heal();
    const before = load.acknowledged.size;
    for (let i = 0; i < 300 && load.acknowledged.size === before; i++) await sleep(50);
    if (load.acknowledged.size === before) wrong.push("it does not go on by itself");
    for (let n = 0; n < (long ? 10 : 1); n++) {
        const { code, out, said } = run(store, ["rebuild"]);
        if (code !== 0 || !/ (un)?changed /.test(out)) wrong.push(`rebuild: ${code} ${out} ${said}`);
    }
    await load.stop();
    for (const key of load.keys.keys()) if (!waits.has(key)) wrong.push(`it was said ${key}`);
    await server.kill(long ? "SIGKILL" : "SIGTERM");
    report("a rebuild on a full disk, then in a running server: askers wait, and it goes on by itself", wrong);
    await settle("rebuilds under load: everything is there once", store, load);
}
