// operations.mjs [--check] - writes the lists of settings and figures in doc/operations.md from what the program itself says.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const page = "doc/operations.md";
const folder = mkdtempSync(join(tmpdir(), "wangge-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

const settings = execFileSync("build/wangge", ["settings"], { encoding: "utf8", env: { PATH: process.env.PATH } }).trim().split("\n")
    .map((line) => line.split(/\s{2,}/))
    .map(([name, value, , range, words]) => `| \`${name}\` | ${value === "-" ? "" : `\`${value}\``} | ${range} | ${words} |`);

async function metrics() {
    const server = spawn("build/wangge", ["serve", "--listen", "127.0.0.1:0", "--store", `sqlite:${folder}/w.db`], { stdio: ["ignore", "pipe", "ignore"] });
    try {
        for await (const line of createInterface({ input: server.stdout })) {
            const url = line.match(/^listening (\S+)/)?.[1];
            if (url) return (await fetch(`${url}/metrics`)).text();
        }
    } finally {
        server.kill();
    }
    throw new Error("it ended before it listened");
}
const text = await metrics();
const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1], m[2]]));
const figures = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, words]) => `| \`${name}\` | ${kinds.get(name)} | ${words} |`);

const between = (mark, table) => [new RegExp(`(<!-- ${mark}: made by tool/operations.mjs -->\n)[^]*?(<!-- end -->)`), `$1${table}\n$2`];
const old = readFileSync(page, "utf8");
let made = old;
for (const [match, to] of [
    between("metrics", `| figure | kind | what it says |\n|---|---|---|\n${figures.join("\n")}`),
    between("settings", `| setting | preset | range | what it is |\n|---|---|---|---|\n${settings.join("\n")}`),
])
    made = made.replace(match, to);
if (process.argv[2] === "--check") {
    const same = made === old && made.includes("`wangge_healthy`") && made.includes("`slow_ms`");
    console.log(`${same ? "ok" : "not ok"} ${page} lists settings and figures as they are`);
    process.exit(same ? 0 : 1);
}
writeFileSync(page, made);
