// mutants.mjs [NAME…] - are the tests worth anything?  Small defects, one at a time, are planted
// in a copy of the tree; each must turn one of the tests named beside it red.
// The table is test/mutants/table.mjs.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { mutants } from "../test/mutants/table.mjs";

const asked = process.argv.slice(2), slowest = 240000;   // ms: what hangs is red
const chosen = asked.length ? mutants.filter((m) => asked.includes(m.name)) : mutants;
if (chosen.length < asked.length) throw new Error("no such mutant");

// ---- the copy ----
const tree = mkdtempSync(join(tmpdir(), "mutants."));
process.on("exit", () => rmSync(tree, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
for (const part of ["src", "features", "test", "tool", "data", "doc", "deploy", "meson.build", "meson_options.txt", "README.md"])
    cpSync(part, join(tree, part), { recursive: true });
mkdirSync(join(tree, "build/gen"), { recursive: true });
cpSync("build/gen/assets.c", join(tree, "build/gen/assets.c"));
const run = (words, timeout = slowest) => spawnSync(words[0], words.slice(1), {
    cwd: tree, encoding: "utf8", timeout, killSignal: "SIGKILL", maxBuffer: 1 << 26, env: { ...process.env, CMOCKA_MESSAGE_OUTPUT: "TAP" },
});
function must(name, words) {
    const done = run(words, 1200000);
    if (done.status === 0) return;
    console.log(`not ok ${name}\n${done.stdout.slice(-2000)}${done.stderr?.slice(-2000)}`);
    process.exit(1);
}

// ---- what a test is called in the table, how it is run, what has to be built for it ----
const city = "build/city";
const kinds = {
    scenario: (files) => ({ words: ["build/test/scenario", ...files], target: "test/scenario" }),
    unit: ([name]) => ({ words: [`build/test/test_${name}`], target: `test/test_${name}` }),
    node: (words) => ({ words: ["node", ...words.map((w) => (w === "CITY" ? city : w))], target: "wangge" }),
    wangge: (words) => ({ words: ["build/wangge", ...words, "--store", `sqlite:${city}/wangge.db`], target: "wangge" }),
};
const test = (name) => kinds[name.split(" ")[0]](name.split(" ").slice(1));
const build = (targets) => run(["ninja", "-C", "build", "-j", String(availableParallelism()), "--quiet", ...new Set(targets)], 1200000);

must("mutants: the copy is set up", ["meson", "setup", "build", "-Doptimization=0", "-Dwerror=false", "-Ddebug=false"]);
const tests = [...new Set(chosen.flatMap((m) => m.tests))];
must("mutants: the copy is built", ["ninja", "-C", "build", "--quiet", ...new Set(["wangge", ...tests.map((t) => test(t).target)])]);
mkdirSync(join(tree, city));
must("mutants: a city is made", ["sh", "-c", `build/wangge drill --city 4405 --people 20000 --days 2 --until 2020-02-09 \\
    --store sqlite:${city}/wangge.db > ${city}/said && sed -n 's/^account //p' ${city}/said > ${city}/accounts`]);

// ---- green without a defect ----
let failed = 0;
const say = (good, words, more = "") => {
    console.log(`${good ? "ok" : "not ok"} ${words}`);
    if (!good) failed++, more && console.log(more.split("\n").map((l) => `    ${l}`).slice(-30).join("\n"));
};
const sick = new Set();
for (const name of tests) {
    const done = run(test(name).words);
    if (done.status !== 0) sick.add(name), say(false, `without a mutant, ${name} is red`, done.stdout + done.stderr);
}

// ---- red with one ----
let killed = 0;
for (const { name, why, edits, tests } of chosen) {
    const kept = new Map();
    const misplaced = edits.filter(([file, from, to]) => {
        const text = readFileSync(join(tree, file), "utf8");
        if (!kept.has(file)) kept.set(file, text);
        writeFileSync(join(tree, file), text.replace(from, () => to));
        return text.split(from).length !== 2;
    });
    const built = misplaced.length ? null : build(tests.map((t) => test(t).target));
    let by = null;
    if (built?.status === 0) by = tests.find((t) => !sick.has(t) && run(test(t).words).status !== 0);
    for (const [file, text] of kept) writeFileSync(join(tree, file), text);
    if (misplaced.length) say(false, `mutant ${name}: its place is gone`, misplaced.map(([file, from]) => `${file}: ${from}`).join("\n"));
    else if (built.status !== 0) say(false, `mutant ${name} does not build`, built.stdout);
    else say(by, by ? `mutant ${name} killed by ${by}` : `mutant ${name} survived: ${why}`);
    killed += Boolean(by);
}
console.log(`mutants ${chosen.length} killed ${killed}`);
process.exitCode = failed ? 1 : 0;
