// format.mjs [--fix] - clang-format's word on blanks between things and on the
// braces of functions; where lines break, and how columns are lined up, is
// the author's.  With --fix it mends what it can.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { files, text as read } from "./files.mjs";
import { report } from "./report.mjs";

const fix = process.argv.includes("--fix");
const sources = files.filter((f) => /\.[ch]$/.test(f));
const strange = /^(class|sizeof)$/;   // class is C++ to clang-format; so is double (*p)[2]

// Cuts a text into what is not blank and the blanks before it; comments, strings and macros stay whole.
function pieces(text) {
    const found = [];
    const piece = /(\s*)(\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#(?:[^\n]*\\\n)*[^\n]*|\w+|[^\s\w])/gy;
    let line = 1;
    for (let m; (m = piece.exec(text)); ) {
        line += m[1].split("\n").length - 1;
        found.push({ gap: m[1], is: m[2], line });
        line += m[2].split("\n").length - 1;
    }
    return found;
}

const wrong = [];
for (const file of sources) {
    const text = read(file);
    const ours = pieces(text);
    const theirs = pieces(execFileSync("clang-format", [file], { encoding: "utf8", maxBuffer: 1 << 26 }));
    let mended = "";
    for (const [i, { gap, is, line }] of ours.entries()) {
        const other = theirs[i], before = ours[i - 1]?.is;
        if (!other || (other.is !== is && !/^(#|\/[*/])/.test(is))) {
            wrong.push(`${file}:${line}: cannot be compared at ${is.slice(0, 40)}`);
            mended = text;
            break;
        }
        const broken = gap.includes("\n") || other.gap.includes("\n");
        const free = /^\/[*/]/.test(is) || strange.test(is) || strange.test(before) || (is === "(" && ours[i + 1]?.is === "*");
        const brace = is === "{" && before === ")" && gap.includes("\n") !== other.gap.includes("\n");
        let right = gap;
        if (brace) right = gap.includes("\n") ? " " : "\n";   // a function's stands alone, any other one does not
        else if (!broken && !free && !gap !== !other.gap) right = other.gap;
        if (right !== gap) wrong.push(`${file}:${line}: ${JSON.stringify(gap)} before ${is.slice(0, 30)} should be ${JSON.stringify(right)}`);
        mended += right + is;
    }
    if (fix && mended.trim() !== text.trim()) writeFileSync(file, mended + "\n");
}
if (fix) console.log(`${wrong.length} places mended`);
else report(`${sources.length} files are formatted`, wrong);
