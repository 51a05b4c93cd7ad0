// questions.mjs - what is asked of a city of this size: figures of coverage, and finding people.
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { accounts } from "../program.mjs";
import { ASK, as, copyOf, drop, file, folder, load, makeCity, median, request, say, serve, smallCity, tool, workshop, writeScript } from "./tools.mjs";

const ask = (server, token, question, params) => request(server.address, "GET", `/api/${question}?${new URLSearchParams(params)}`, { token });

// Questions on a few connections, one after another on each.
async function asked(server, questions, connections) {
    const steps = questions.map((bytes, i) => ({ connection: i % connections, kind: ASK, bytes }));
    const said = await load(server, writeScript(join(folder, "script"), steps));
    if (said.ask.bad) throw new Error(`${said.ask.bad} of ${questions.length} questions were refused`);
    return { ...said.ask, rate: said.ask.count / said.ask.seconds, length: said.ask.bytes / said.ask.count };
}
const repeat = (n, ...questions) => Array.from({ length: n }, (_, i) => questions[i % questions.length]);

// The same question over and over for some seconds.
async function rate(server, questions) {
    const once = await asked(server, repeat(500, ...questions), 64);
    return asked(server, repeat(Math.round(Math.max(500, once.rate * 3)), ...questions), 64);
}

async function constant(length, threads) {
    const child = spawn("build/test/bench", ["constant", length, threads], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) return { address: `127.0.0.1:${JSON.parse(line).port}`, stop: () => child.stdin.end() };
}

async function coverageOf(server, at, area) {
    const tokens = [];           // one session may not ask as often as all this
    while (tokens.length < 16) tokens.push((await as(server, at, "city")).session.token);
    return tokens.map((token) => ask(server, token, "screening/coverage", { area }));
}

// Read from the store each time: nothing is remembered.
async function coverageRead(server, at, wanted, report) {
    if (wanted("coverage-city")) {
        const seen = await asked(server, repeat(1000, ...await coverageOf(server, at, "4405")), 2);
        report({ name: "coverage-city", ours: seen.p99, bound: 10, unit: "ms, p99", note: `p50 ${seen.p50} ms, two at a time, read each time` });
    }
    if (wanted("coverage-read")) {
        const seen = await asked(server, repeat(2000, ...await coverageOf(server, at, "440513")), 64);
        report({ name: "coverage-read", ours: seen.rate, base: null, ratio: null, target: null, unit: "questions/s",
            note: "a whole district, 64 connections, read each time" });
    }
}

async function coverageRate(server, at, wanted, report) {
    if (wanted("coverage-rate")) {
        const questions = await coverageOf(server, at, "440513"), pairs = [];
        for (let n = 0; n < 3; n++) {
            const ours = await rate(server, questions);
            const bare = await constant(Math.round(ours.length), Math.max(2, cpus().length));
            const base = await rate(bare, questions);
            bare.stop();
            pairs.push({ ours: ours.rate, base: base.rate, ratio: ours.rate / base.rate, length: ours.length });
        }
        const middle = pairs.sort((a, b) => a.ratio - b.ratio)[1];
        report({ name: "coverage-rate", ...middle, target: 0.2, unit: "questions/s",
            note: `${Math.round(middle.length)} bytes, 64 connections, no commit between` });
    }
}

// Two stores with the same areas; one has a hundred times the visits of the other.
async function growth(report) {
    const small = await smallCity();
    const few = copyOf(small, "few"), many = copyOf(small, "many");
    say("adding visits");
    const grown = await tool("grow", file(few), file(many), 6000000);
    const cost = { [few]: [], [many]: [] };
    for (let n = 0; n < 3; n++)
        for (const at of [few, many]) {
            const server = await serve(at, "--remember", "false");
            const { token } = (await as(server, at, "city")).session;
            let sum = 0;
            for (const area of ["4405", "440513"]) {
                const question = ask(server, token, "screening/coverage", { area });
                await asked(server, repeat(20, question), 1);
                sum += (await asked(server, repeat(300, question), 1)).p50;
            }
            cost[at].push(sum / 2);
            await server.stop();
        }
    const ours = median(cost[many]), base = median(cost[few]);
    report({ name: "coverage-growth", ours, base, target: 1.2, most: true, unit: "ms, p50",
        note: `${grown.visits} visits against ${grown.before}` });
    drop(few, many);
}

// Names, phones and ids of the invented, revealed household by household all over the city.
async function residents(server, at, count) {
    const commander = await as(server, at, "city"), headers = { "Content-Type": "application/json", Authorization: `Bearer ${commander.session.token}` };
    const grids = accounts(at).filter(([name]) => name.startsWith("grid-")).map(([name]) => name.slice("grid-".length)), found = [];
    const step = Math.max(1, Math.floor(grids.length / 60));
    for (let i = 0; i < grids.length && found.length < count; i += step) {
        const page = await (await fetch(`${server.url}/api/household/list?area=${grids[i]}`, { headers })).json();
        for (const { household } of page.rows.filter((r) => r.household).slice(0, 3)) {
            const body = { household, area: grids[i], fields: ["name", "person_phone", "id"], purpose: "压力测试" };
            const said = await (await fetch(`${server.url}/api/reveal`, { method: "POST", headers, body: JSON.stringify(body) })).json();
            for (const { name, person_phone: phone, id } of said.rows ?? [])
                if (name && phone && id) found.push({ name, phone, id, grid: grids[i] });
        }
    }
    if (found.length < 40) throw new Error(`only ${found.length} people could be revealed`);
    return found.slice(0, count);
}

async function find(server, at, wanted, report) {
    const people = await residents(server, at, 400);
    const { token } = (await as(server, at, "city")).session;
    const kinds = {
        "find-name": ({ name, grid }) => ({ kind: "name", text: [...name].slice(0, 2).join(""), area: grid.slice(0, 9) }),
        "find-phone": ({ phone }) => ({ kind: "phone", text: phone.slice(-4), area: "4405" }),
        "find-id": ({ id }) => ({ kind: "id", text: id, area: "4405" }),
    };
    for (const [name, params] of Object.entries(kinds).filter(([name]) => wanted(name))) {
        const questions = people.map((p) => ask(server, token, "household/find", params(p)));
        await asked(server, questions.slice(0, 4), 2);
        const seen = await asked(server, questions, 2);
        if (seen.length < 100) throw new Error(`${name} finds nobody`);
        report({ name, ours: seen.p99, bound: 20, unit: "ms, p99",
            note: `p50 ${seen.p50} ms, ${people.length} people sought, ${Math.round(seen.length)} bytes an answer` });
    }
}

export default async function questions(wanted, report) {
    if (["coverage-city", "coverage-read"].some(wanted)) {
        const { at } = await workshop();
        const server = await serve(at, "--remember", "false");
        await coverageRead(server, at, wanted, report);
        await server.stop();
    }
    if (["coverage-rate", "find-name", "find-phone", "find-id"].some(wanted)) {
        const { at } = await workshop();
        const server = await serve(at);
        await coverageRate(server, at, wanted, report);
        if (["find-name", "find-phone", "find-id"].some(wanted)) await find(server, at, wanted, report);
        say(`the server took ${server.megabytes().toFixed(0)} MB`);
        await server.stop();
    }
    if (wanted("coverage-growth")) await growth(report);
}
