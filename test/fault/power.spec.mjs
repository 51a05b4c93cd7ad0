// power.spec.mjs - the power goes at any moment: only what was synced is on the
// disk, or a random part of the rest too.  With a disk that lies about syncing
// this very test must see the loss.
import { Disk, Load, attempt, borrow, carried, long, of, random, report, serve, settle, sleep } from "./fault.mjs";

// early: while it starts.
async function fall(store, disk, load, torn, early = Math.random() < 0.3) {
    disk.set({ torn, cut: early ? random(1, 30) : 0 });
    const server = await attempt(store, { disk, args: carried });
    if (!server.url) return early && (await server.ended) === "SIGKILL" ? null : `it does not start: ${server.said}`;
    await load.begin(server);
    await sleep(random(50, 300));
    if (!early) disk.set({ cut: random(1, 400) });
    const end = await server.within(10000);
    await server.kill("SIGKILL");
    await load.going;
    return end === "standing" ? `it stands still: ${[...load.keys]}` : null;
}

const ways = [["nothing unsynced is left", () => 0], ["a random part of the unsynced is left", () => random(1, 2 ** 31)]];
for (const [name, torn] of ways) {
    const { folder, store, done } = borrow();
    const disk = new Disk(folder), load = new Load();
    const falls = long ? 100 : 5, wrong = [];
    for (let n = 0; n < falls && !wrong.length; n++) {
        const bad = await fall(store, disk, load, torn());
        if (bad) wrong.push(`power cut ${n}: ${bad}`);
    }
    report(`${falls} power cuts, ${name}: every start works by itself`, wrong);
    await settle(`${falls} power cuts, ${name}: everything acknowledged is there once`, store, load);
    done();
}

// A failed sync loses its pages for good, and then the power goes.
{
    const { folder, store, done } = borrow();
    const disk = new Disk(folder), load = new Load(), wrong = [];
    for (let n = 0; n < (long ? 30 : 4) && !wrong.length; n++) {
        disk.heal();
        const server = await attempt(store, { disk, args: carried });
        if (!server.url) {
            wrong.push(`it does not start: ${server.said}`);
            break;
        }
        await load.begin(server);
        await sleep(random(50, 300));
        disk.set({ bad_syncs: random(1, 4), bad_of: n % 2 ? of.store : 15, torn: n % 2 ? random(1, 2 ** 31) : 0 });
        await sleep(random(50, 300));
        disk.set({ cut: random(1, 400) });
        const end = await server.within(10000);
        if (end === "standing") wrong.push(`it stands still: ${[...load.keys]}`);
        await server.kill("SIGKILL");
        await load.going;
    }
    report("failed syncs, then a power cut: every start works by itself", wrong);
    await settle("failed syncs, then a power cut: everything acknowledged is there once", store, load);
}

// What this is worth: where syncs are a lie, acknowledged records must be missed.
{
    const { folder, store, done } = borrow();
    const disk = new Disk(folder), load = new Load();
    disk.set({ lie: 1 });
    const bad = await fall(store, disk, load, 0, false);
    const server = await attempt(store);
    const lost = bad || !server.url ? [bad ?? server.said] : await load.offer(server.url);
    await server.kill("SIGTERM");
    report("with a disk that lies, the loss is seen", lost.length && load.acknowledged.size ? [] : [`${load.acknowledged.size} acknowledged, none missed`]);
}
