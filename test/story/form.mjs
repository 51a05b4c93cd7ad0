// form.mjs CITY - a round's questions on both sides: what the phone lets pass the
// server takes, and what it holds back the server would refuse, by the same word.
import assert from "node:assert/strict";
import { report } from "../check/report.mjs";
import { accounts, borrow, newId, serve, signIn } from "../program.mjs";
import { build } from "../../web/node_modules/esbuild/lib/main.js";

const root = new URL("../..", import.meta.url).pathname;
const { outputFiles } = await build({
    entryPoints: [`${root}features/screening/ui/form.ts`], bundle: true, write: false, format: "esm", platform: "node", logLevel: "error",
});
const { misfit } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const [, , city] = process.argv, grid = "44051310821601";
const known = new Map(accounts(city)), server = await serve(borrow(city).store, "--requests", "100000");
const office = await signIn(server.url, "city", known.get("city")), walker = await signIn(server.url, `grid-${grid}`, known.get(`grid-${grid}`));
const meta = await (await fetch(`${server.url}/api/meta`)).json();

const options = ["red", "blue"].map((code) => ({ code, zh: code, en: code }));
const listed = meta.codes.transport.map((code) => ({ code, zh: code, en: code }));
const questions = [
    { item: "yes", type: "bool", required: true }, { item: "count", type: "number", min: 1, max: 50 }, { item: "any", type: "number" },
    { item: "least", type: "number", min: -3 }, { item: "word", type: "text" }, { item: "short", type: "text", min: 2, max: 4 }, { item: "when", type: "day" },
    { item: "one", type: "code", options }, { item: "how", type: "code", codes: "transport" }, { item: "heat", type: "temp" },
    { item: "then", type: "text", show: { item: "yes", is: true } }, { item: "red", type: "bool", show: { item: "one", is: "red" } },
    { item: "third", type: "bool", show: { item: "count", is: 3 } },
].map((q) => ({ zh: q.item, en: q.item, ...q }));
const phones = questions.map((q) => (q.codes ? { ...q, options: listed } : q));      // as ui/profile.ts hands them over

const values = [
    true, false, 0, 1, 3, 50, 51, -3, -4, 2.5, 2 ** 53 - 1,
    "", "a", "ab", "abcd", "abcde", "汕头", "汕头市潮阳", "😀", "😀😀😀😀", "😀😀😀😀😀",
    "字".repeat(200), "字".repeat(201),
    "2020-02-05", "2020-02-30", "2020-2-5", "20200205", "2020-02-05T00:00", "2024-02-29", "2023-02-29",
    "red", "green", "Red", listed[0].code, "no_such", "3", null, [], {}, ["red"],
];
const one = (item, value) => ({ item, value });
const sets = questions.flatMap((q) => values.map((v) => [one(q.item, v)]));
for (const yes of [true, false, "true", 1]) for (const then of ["x", ""]) sets.push([one("yes", yes), one("then", then)], [one("then", then), one("yes", yes)]);
for (const count of [3, 4, "3"]) sets.push([one("count", count), one("third", true)]);
for (const colour of ["red", "blue"]) sets.push([one("one", colour), one("red", false)]);
sets.push([], [one("nobody", true)], [one("yes", true), one("yes", true)],
    [one("yes", true), one("yes", false), one("then", "x")], [one("count", 5), one("count", 51)]);

const round = newId(), at = Date.now();
const opened = await office.post([{ id: newId(), type: "screening.round", area: grid.slice(0, 12), at,
    body: { round, name: "两边同规则", trigger: "routine", questionnaire: questions } }]);
assert.equal(opened.results[0].status, "stored", JSON.stringify(opened.results));
const { door, household, area } = (await walker.ask("household/list", { area: grid })).find((h) => h.household);
const differ = [], count = { taken: 0, "screening.answer_item": 0, "screening.answer_value": 0, shape: 0 };
for (const answers of sets) {
    const body = { round, door, household, method: "at_door", outcome: "completed", answers };
    const { results: [said] = [], key } = await walker.post([{ id: newId(), type: "screening.visit", area, at: Date.now(), body }]);
    if (!said) throw new Error(`${JSON.stringify(answers)}: ${key}`);
    // Kinds that no answer may have are refused before anybody looks at the questions.
    if (said.error && !said.error.key.startsWith("screening.answer")) {
        count.shape++;
        if (!misfit(phones, answers)) differ.push(`${JSON.stringify(answers)}: the phone lets pass ${said.error.key} ${said.error.field}`);
        continue;
    }
    const ours = misfit(phones, answers), word = ours && `${ours.key} answers[${ours.at}]`;
    const theirs = said.error && `${said.error.key} ${said.error.field.replace(/\].*/, "]")}`;
    count[ours?.key ?? "taken"]++;
    if (word !== theirs) differ.push(`${JSON.stringify(answers)}: phone ${word ?? "takes it"}, server ${theirs ?? "takes it"}`);
}
report(`${sets.length} sets of answers are judged alike on the phone and on the server`, differ.slice(0, 10));
report("enough of each was tried", Object.entries(count).filter(([, n]) => n < 10).map(([what, n]) => `${what}: ${n}`));
await server.kill("SIGKILL");
