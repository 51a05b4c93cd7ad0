// shift.mjs - a shift at work: events on open streams, everybody signing in, 11,000 field workers.
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { accounts } from "../program.mjs";
import {
    ASK, SIGN_IN, STREAM, as, file, folder, load, readScript, request, roundsFor, serve, sessions, tool, workshop, writeScript,
} from "./tools.mjs";

const script = join(folder, "script");
const list = (at, name, lines) => {
    const path = join(at, name);
    writeFileSync(path, lines.map((l) => l.join(" ")).join("\n") + "\n");
    return path;
};

// Steps of visits nobody has made yet, one batch a phone.
async function batches(server, at, { per, count, who = join(at, "sessions"), most = per, seed = 1 }) {
    await tool("visits", file(at), who, script, server.address, 100000, per, count, "one", seed, most);
    const steps = readScript(script);
    if (steps.length < count / per) throw new Error(`there are doors for ${steps.length} batches of ${per} only`);
    return steps;
}

async function live(server, at, report) {
    const STREAMS = 1000, RATE = 20, SECONDS = 15;
    const looking = [];          // a session may hold a few streams only
    while (looking.length * 10 < STREAMS) looking.push((await as(server, at, "city")).session.token);
    const streams = Array.from({ length: STREAMS }, (_, i) => ({ connection: i, kind: STREAM,
        bytes: request(server.address, "GET", "/api/stream?area=4405", { token: looking[i % looking.length] }) }));
    const visits = (await batches(server, at, { per: 1, count: RATE * SECONDS, seed: 11 }))
        .map((v, i) => ({ ...v, connection: STREAMS + i, due: 2000 + 1000 * i / RATE }));
    const said = await load(server, writeScript(script, [...streams, ...visits]), 2000);
    const expected = said.stored * STREAMS;
    if (said.stream.bad || said.stored !== visits.length) throw new Error(JSON.stringify(said));
    if (said.events.count !== expected) throw new Error(`${said.events.count} of ${expected} events came`);
    report({ name: "live", ours: said.events.p99, bound: 1000, unit: "ms, p99",
        note: `${STREAMS} streams of the whole city, ${RATE} visits/s, from sending to event; p50 ${said.events.p50} ms` });
}

// The same visits with and without a shift signing in at 5,000 in five minutes.
async function logins(server, at, report) {
    const SECONDS = Number(process.env.LOGINS ?? 5), rate = 5000 / 300, PAIRS = 3;
    const people = accounts(at).filter(([name]) => name.startsWith("grid-"));
    const signIns = Array.from({ length: Math.round(rate * SECONDS) }, (_, i) => {
        const [name, password] = people[(i * 7) % people.length];
        const bytes = request(server.address, "POST", "/api/session", { body: { name, password } });
        return { connection: 64 + (i % 200), due: 1000 * i / rate, kind: SIGN_IN, bytes };
    });
    const run = async (count, more, seed) => {
        await tool("visits", file(at), join(at, "sessions"), script, server.address, 64, 10, count, "one", seed);
        const said = await load(server, writeScript(script, [...readScript(script), ...more]));
        if (said.refused || said.sign_in?.bad) throw new Error(JSON.stringify(said));
        return { rate: said.stored / said.records.seconds, seconds: said.records.seconds, signIn: said.sign_in };
    };
    let { rate: speed } = await run(5000, [], 20);
    const pairs = [];
    for (let n = 0; n < PAIRS; n++) {
        const count = Math.round(speed * SECONDS / 10) * 10;
        const base = await run(count, [], 30 + n), ours = await run(count, signIns, 40 + n);
        pairs.push({ ours: ours.rate, base: base.rate, ratio: ours.rate / base.rate, note: `p99 of a sign-in ${Math.round(ours.signIn.p99)} ms` });
    }
    const middle = pairs.sort((a, b) => a.ratio - b.ratio)[PAIRS >> 1];
    report({ name: "logins", ...middle, target: 0.8, unit: "visits/s", note: `with ${rate.toFixed(1)} sign-ins/s and without; ${middle.note}` });
}

// 300 visits a second: three fifths in syncs of ten, the rest in bursts of phones with fifty queued records each; a
// question of one's own grid with every sync, a stream of it on thousands of phones, and the command looking.
async function mixed(server, at, report) {
    const SECONDS = Number(process.env.MIXED ?? 30), RATE = 300, SYNC = 10, QUEUED = 50, EVERY = 5, LOOKS = 20, STREAMS = 4000;
    const phones = sessions(at).filter(([area]) => area.length > 12);
    const third = Math.floor(phones.length / 3), burstCount = Math.round(RATE * 0.4 * EVERY / QUEUED);
    const bursty = list(at, "bursty", phones.slice(0, third)), steady = list(at, "steady", phones.slice(third));
    const queued = (await batches(server, at, { per: QUEUED, count: burstCount * QUEUED * Math.floor(SECONDS / EVERY), who: bursty, seed: 50 }))
        .map((s, i) => ({ ...s, connection: 100000 + i, due: 3000 + 1000 * EVERY * Math.floor(i / burstCount) }));
    const syncs = (await batches(server, at, { per: SYNC, count: RATE * 0.6 * SECONDS, who: steady, seed: 51 }))
        .map((s, i) => ({ ...s, connection: 200000 + i, due: 3000 + 1000 * i * SYNC / (RATE * 0.6) }));
    const look = (token, area) => request(server.address, "GET", `/api/screening/coverage?area=${area}`, { token });
    const own = syncs.map((s, i) => {
        const [area, token] = phones[(i * 13) % phones.length];
        return { connection: 300000 + i, due: s.due + 200, kind: ASK, bytes: look(token, area) };
    });
    const { token } = (await as(server, at, "city")).session;
    const command = Array.from({ length: LOOKS * SECONDS }, (_, i) =>
        ({ connection: 400000 + (i % 40), due: 3000 + 1000 * i / LOOKS, kind: ASK, bytes: look(token, i % 2 ? "440513" : "4405") }));
    const streams = Array.from({ length: STREAMS }, (_, i) => {
        const [area, own] = phones[i % phones.length];
        return { connection: i, due: i / 2, kind: STREAM, bytes: request(server.address, "GET", `/api/stream?area=${area}`, { token: own }) };
    });
    const numbers = new Map();           // connections without holes
    const steps = [...streams, ...queued, ...syncs, ...own, ...command]
        .map((s) => ({ ...s, connection: numbers.get(s.connection) ?? (numbers.set(s.connection, numbers.size), numbers.size - 1) }));
    const sent = queued.length * QUEUED + syncs.length * SYNC;
    const before = await server.metric("records_stored_total");
    const said = await load(server, writeScript(script, steps), 1000);
    if (said.stored !== sent || said.records.bad || said.stream.bad || said.ask.bad) throw new Error(JSON.stringify(said));
    const again = await load(server, writeScript(script, [...queued, ...syncs].map((s, i) => ({ ...s, connection: i % 64, due: 0 }))));
    const grown = await server.metric("records_stored_total") - before;
    if (again.repeated !== sent || grown !== sent) throw new Error(`sent again: ${again.repeated} of ${sent} were known, ${grown} were stored`);
    const { records, ask, events } = said;
    report({ name: "mixed", ours: Math.max(records.p95, ask.p95), bound: 300, unit: "ms, p95",
        note: `${sent} visits in ${SECONDS} s, ${burstCount} phones with ${QUEUED} records every ${EVERY} s, ${STREAMS} streams; ` +
            `visits p95 ${records.p95} p99 ${records.p99} ms, questions p95 ${ask.p95} ms; ${events?.count ?? 0} events; ` +
            `all sent again, all known; the server took ${server.megabytes().toFixed(0)} MB` });
}

const parts = { live, logins, mixed };

export default async function shift(wanted, report) {
    const chosen = Object.entries(parts).filter(([name]) => wanted(name));
    if (!chosen.length) return;
    const { at } = await workshop({ rounds: await roundsFor(wanted("logins") ? 300000 : 30000) });
    const server = await serve(at);
    for (const [, part] of chosen) await part(server, at, report);
    await server.stop();
}
