// format.mjs [--fix] - clang-format's word on blanks between things and on the
// braces of functions; where lines break, and how columns are lined up, is
// the author's.  With --fix it mends what it can.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { report } from "./report.mjs";

const fix = process.argv.includes("--fix");
const files = execFileSync("sh", ["-c", "ls src/*.c src/*/*.[ch] features/*/*.[ch] test/*.[ch] test/*/*.[ch] 2>/dev/null || true"], { encoding: "utf8" }).split("\n").filter(Boolean);

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
for (const file of files) {
    const text = readFileSync(file, "utf8");
    const ours = pieces(text);
    const theirs = pieces(execFileSync("clang-format", [file], { encoding: "utf8", maxBuffer: 1 << 26 }));
    let mended = "";
    for (const [i, { gap, is, line }] of ours.entries()) {
        const other = theirs[i];
        if (!other || (other.is !== is && !/^(#|\/[*/])/.test(is))) {
            wrong.push(`${file}:${line}: cannot be compared at ${is.slice(0, 40)}`);
            mended = text;
            break;
        }
        const comment = /^\/[*/]/.test(is);
        const word = is === "class" || (is === "(" && ours[i + 1]?.is === "*") || /^(class|sizeof)$/.test(ours[i - 1]?.is);   // C++ to clang-format; double (*p)[2]
        const broken = gap.includes("\n") || other.gap.includes("\n");
        let right = gap;
        if (!broken && !comment && !word && !gap !== !other.gap) right = other.gap;                         // a blank or none
        else if (is === "{" && other.gap.includes("\n") && ours[i - 1]?.is === ")" && !gap.includes("\n")) right = "\n";   // a function's brace
        else if (is === "{" && gap.includes("\n") && !other.gap.includes("\n") && ours[i - 1]?.is === ")") right = " ";    // any other one
        else if (gap.includes("\n\n\n\n")) right = "\n\n" + gap.slice(gap.lastIndexOf("\n") + 1);
        if (right !== gap) wrong.push(`${file}:${line}: ${JSON.stringify(gap)} before ${is.slice(0, 30)} should be ${JSON.stringify(right)}`);
        mended += right + is;
    }
    if (fix && mended.trim() !== text.trim()) writeFileSync(file, mended + "\n");
}
if (fix) console.log(`${wrong.length} places mended`);
else report(`${files.length} files are formatted`, wrong);
