// records.mjs [--check] - writes the list of record types at the end of doc/records.md from what the program itself says.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const page = "doc/records.md";
const marks = { open: "", register: "◦", health: "●", movement: "▲" };
const field = (f) => f.name + (f.fields ? ` {${f.fields.map(field).join(" ")}}` : "") + marks[f.class] + (f.list ? "[]" : "") + (f.required ? "" : "?");

const folder = mkdtempSync(join(tmpdir(), "wangge-"));
const meta = JSON.parse(execFileSync("build/wangge", ["meta", "--store", `sqlite:${folder}/w.db`], { encoding: "utf8", maxBuffer: 1 << 24 }));
rmSync(folder, { recursive: true });

const rows = meta.features.flatMap((f) => f.records).map((r) => `| \`${r.type}\` | ${r.words ?? ""} | ${r.fields.map(field).join(" ")} |`);
const legend = "◦ register, ● health, ▲ movement, `?` optional, `[]` a list.";
const list = `<!-- made by tool/records.mjs -->\n${legend}\n\n| type | 中文 | fields |\n|---|---|---|\n${rows.join("\n")}\n`;
const text = readFileSync(page, "utf8");
const made = text.replace(/(reference\. The types of this release:\n\n)[^]*$/, (_, head) => head + list);
if (process.argv[2] === "--check") {
    console.log(`${made === text ? "ok" : "not ok"} ${page} lists the record types as they are`);
    process.exit(made === text ? 0 : 1);
}
writeFileSync(page, made);
