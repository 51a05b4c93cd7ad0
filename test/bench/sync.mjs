// sync.mjs - phones that take their grids along: how much it is, and what two thousand at once cost those who visit.
import { join } from "node:path";
import { askBundle, hundred } from "../bundle.mjs";
import { ASK, as, file, folder, load, median, openRounds, readScript, request, roundsFor, serve, sessions, tool, workshop, writeScript } from "./tools.mjs";

const script = join(folder, "script");
const village = "440513108216";

// The same visits with and without two thousand phones that ask for everything, one after another on 64 connections.
async function many(server, at, report) {
    const PHONES = 2000, WAYS = 64, SECONDS = Number(process.env.SYNCS ?? 3), PAIRS = 3;
    const grids = sessions(at).filter(([area]) => area.length > 12);
    const asks = Array.from({ length: PHONES }, (_, i) => {
        const [area, token] = grids[i % grids.length];
        return { connection: 64 + (i % WAYS), kind: ASK, bytes: request(server.address, "GET", `/api/bundle?area=${area}`, { token, gzip: true }) };
    });
    const run = async (count, more, seed) => {
        await tool("visits", file(at), join(at, "sessions"), script, server.address, 64, 10, count, "one", seed);
        const said = await load(server, writeScript(script, [...readScript(script), ...more]));
        if (said.refused || said.ask?.bad) throw new Error(JSON.stringify(said));
        return { rate: said.stored / said.records.seconds, seconds: said.records.seconds, ask: said.ask };
    };
    const { rate: speed } = await run(5000, [], 60);
    const pairs = [];
    for (let n = 0; n < PAIRS; n++) {
        const count = Math.round(speed * SECONDS / 10) * 10;
        const base = await run(count, [], 70 + n), ours = await run(count, asks, 80 + n);
        if (ours.ask.seconds < ours.seconds) throw new Error(`${PHONES} bundles took ${ours.ask.seconds} s of ${ours.seconds} s of visits only`);
        pairs.push({ ours: ours.rate, base: base.rate, ratio: ours.rate / base.rate,
            note: `a bundle p50 ${Math.round(ours.ask.p50)}, p95 ${Math.round(ours.ask.p95)} ms and ${Math.round(ours.ask.bytes / ours.ask.count)} bytes, ` +
                `all in ${ours.ask.seconds.toFixed(1)} s` });
    }
    const middle = pairs.sort((a, b) => a.ratio - b.ratio)[PAIRS >> 1];
    report({ name: "sync-2000", ...middle, target: 0.8, unit: "visits/s",
        note: `with and without ${PHONES} phones asking for their bundles on ${WAYS} connections; ${middle.note}` });
}

async function first(server, at, report) {
    const office = await as(server, at, `village-${village}`), worker = await as(server, at, `grid-${village}02`);
    const area = await hundred(office, `${village}02`), took = [];
    await openRounds(server, at, 1);     // nobody is visited yet
    let seen;
    for (let n = 0; n < 20; n++) {
        const began = performance.now();
        seen = await askBundle(server.url, worker, { area });
        took.push(performance.now() - began);
    }
    if (seen.status !== 200) throw new Error(JSON.stringify(seen.answer));
    const rows = (part) => seen.answer.parts[part].rows.length;
    report({ name: "sync-first", ours: seen.bytes, bound: 30000, unit: "bytes, gzip",
        note: `a grid of ${rows("household/list")} households with ${rows("household/people")} members, none visited, in ${median(took).toFixed(1)} ms` });
}

export default async function sync(wanted, report) {
    if (!["sync-2000", "sync-first"].some(wanted)) return;
    const { at } = await workshop(wanted("sync-2000") ? { rounds: await roundsFor(120000 * Number(process.env.SYNCS ?? 3) / 3) } : {});
    const server = await serve(at);
    if (wanted("sync-2000")) await many(server, at, report);
    if (wanted("sync-first")) await first(server, at, report);
    await server.stop();
}
