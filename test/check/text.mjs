// text.mjs - what no file of the project may hold: paths of a machine, a lock
// file that names a download host, marks of unfinished work, ragged lines.
import { files, lines } from "./files.mjs";
import { report } from "./report.mjs";

const written = files.filter((f) => !/\.(png|jpg|gz|woff2?|ico)$|^LICENSE$/.test(f));
const own = written.filter((f) => !f.endsWith("package-lock.json"));
const code = own.filter((f) => /\.(c|h|mjs|sql|sh|build|test)$/.test(f));
const holding = (where, match) =>
    where.flatMap(lines).filter(({ line }) => match.test(line)).map(({ at, line }) => `${at}: ${line.trim().slice(0, 120)}`);

const here = process.cwd().split("/").length > 2 ? `|${process.cwd()}/` : "";
report("no path of a machine", holding(written, new RegExp(`/(home|root|Users|work|srv)/[a-z]${here}`, "i")));
report("no lock file names a host", holding(written.filter((f) => f.endsWith("package-lock.json")), /"resolved": "https?:/));
report("no marks of unfinished work", holding(own, /\b(TO[D]O|FIX[M]E|X{3})\b/));
// 140 is what one writes; beyond 160 nobody reads.
report("no line of code beyond 160 columns", holding(code.filter((f) => !f.endsWith(".test")), /^.{161,}$/u));
report("no tabs or trailing blanks in code", holding(code, /\t|[ \t]$/));
