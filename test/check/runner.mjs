// runner.mjs SCENARIO - the scenario runner fails when it should, at the right line and with the right words.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.mjs";

const village = "given village\nas 林立秋\n";
const door = 'given village\nas 李小满\nlet $d = new\npost household.door {"door":"$d","order":1,"use":"self"}\n';
const cases = [
    ["an unknown step", "given empty\nfrobnicate\n", 2, "no such step"],
    ["a step before given", "as 林立秋\n", 1, "begins with"],
    ["an unknown person", "given village\nas 王五\n", 2, "session.wrong"],
    ["an unknown name", `${village}ask area.children area=$nowhere\n`, 3, "no such name"],
    ["a wrong value", `${village}ask area.children area=$village\n  $grid1 name=别的\n  $grid2\n`, 4, "第一网格"],
    ["a column that is not there", `${village}ask area.children area=$village\n  $grid1 colour=*\n  $grid2\n`, 4, "第一网格"],
    ["a row too many", `${village}ask area.children area=$village\n  $grid1\n`, 4, "1 rows"],
    ["a row too few", `${village}ask area.children area=$village\n  $grid1\n  $grid2\n  *\n`, 6, "no further row"],
    ["rows in another order", `${village}ask area.children area=$village\n  $grid2\n  $grid1\n`, 4, "第一网格"],
    ["none, where there is some", `${village}ask area.children area=$village\n  none\n`, 4, "第一网格"],
    ["refused without being said", "given village\nas 李小满\npost household.door {}\n", 3, "stored"],
    ["refused by another key", "given village\nas 李小满\npost household.door {}\n  refused area.unknown\n", 4, "refused"],
    ["stored, expected to be refused", `${door}  refused *\n`, 5, "stored"],
    ["text that is there", `${village}ask area.children area=$village\n  rows 2\n  hides 第一网格\n`, 5, "第一网格"],
    ["another status", "given empty\nraw GET /healthz\n  status 404\n", 3, "200"],
    ["an expectation of nothing", "given empty\n  stored\n", 2, "nothing"],
];

const folder = mkdtempSync(join(tmpdir(), "runner."));
for (const [what, text, line, words] of cases) {
    const file = join(folder, "case.test");
    writeFileSync(file, text);
    const { status, stdout } = spawnSync(process.argv[2], [file], { encoding: "utf8" });
    const noticed = status === 1 && stdout.startsWith(`not ok ${file}:${line}:`) && stdout.includes(words);
    report(`the runner notices ${what}`, noticed ? [] : [stdout]);
}
rmSync(folder, { recursive: true });
