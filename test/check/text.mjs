// text.mjs - what no file of the project may hold: absolute paths of a machine,
// a lock file that names a download host, marks of unfinished work.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { report } from "./report.mjs";

const git = (...args) => execFileSync("git", args, { encoding: "utf8", maxBuffer: 1 << 26 }).split("\0").filter(Boolean);
const files = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").filter(existsSync);
const texts = files.filter((f) => !/\.(png|jpg|gz|woff2?|ico)$/.test(f)).map((f) => [f, readFileSync(f, "utf8")]);
const lines = function* (match, skip = () => false) {
    for (const [file, text] of texts)
        if (!skip(file)) for (const [i, line] of text.split("\n").entries()) if (match.test(line)) yield `${file}:${i + 1}: ${line.trim().slice(0, 120)}`;
};

report("no path of a machine", [...lines(new RegExp(`/(home|root|Users|work|srv)/[a-z]|${process.cwd()}/`, "i"), (f) => f === "LICENSE")]);
report("no lock file names a host", [...lines(/"resolved": "https?:/, (f) => !f.endsWith("package-lock.json"))]);
report("no marks of unfinished work", [...lines(/\b(TO[D]O|FIX[M]E|X{3})\b/, (f) => f.endsWith("package-lock.json"))]);
report("lines of at most 140 columns", [...lines(/^.{141,}$/u, (f) => !/\.(c|h|mjs|ts|vue|sql|sh|build)$/.test(f))]);
report("no tabs or trailing blanks in code", [...lines(/\t|[ \t]$/, (f) => !/\.(c|h|mjs|ts|vue|sql|sh|build|test)$/.test(f))]);
