// postgres.mjs - every statement prepared and run, with nothing and with the
// largest values, in a PostgreSQL made for it and thrown away.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { queries, schemas } from "./statements.mjs";
import { report } from "./report.mjs";

const home = "/usr/lib/postgresql";
const version = existsSync(home) ? readdirSync(home).filter((v) => existsSync(join(home, v, "bin/initdb"))).sort((a, b) => a - b).pop() : null;
if (!version) {
    report("PostgreSQL is there", [`no initdb under ${home}: tool/deps.sh test`]);
    process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "postgres."));
// The server refuses to run as root; Debian's package brings a user for it.
const root = process.getuid() === 0;
const run = (program, ...args) =>
    execFileSync(root ? "runuser" : join(home, version, "bin", program), root ? ["-u", "postgres", "--", join(home, version, "bin", program), ...args] : args,
        { cwd: folder, env: { ...process.env, LC_ALL: "C" }, stdio: ["ignore", "ignore", "inherit"] });
const psql = (input) => {
    const args = ["-X", "-q", "-A", "-t", "-h", folder, "-U", "postgres", "-d", "postgres"];
    return spawnSync("sh", ["-c", `psql ${args.join(" ")} 2>&1`], { input, encoding: "utf8", maxBuffer: 1 << 27, env: { ...process.env, LC_ALL: "C" } }).stdout;
};
// Names what each complaint of psql belongs to: lines between "@ …" marks.
const complaints = (said, allowed = /^$/) => said.split(/^@ /m).slice(1).flatMap((piece) => {
    const [what, ...lines] = piece.split("\n");
    return lines.filter((l) => /ERROR|FATAL|PANIC/.test(l) && !allowed.test(l)).map((l) => `${what}: ${l.replace(/^psql:<stdin>:\d+: /, "")}`);
});

if (root) execFileSync("chown", ["postgres", folder]);
chmodSync(folder, 0o700);
const data = join(folder, "data");
try {
    run("initdb", "-D", data, "--locale=C", "-E", "UTF8", "-A", "trust", "-U", "postgres", "-N");
    run("pg_ctl", "-D", data, "-w", "-l", join(folder, "log"), "-o", `-k ${folder} -h '' -F`, "start");
    if (root) chmodSync(folder, 0o755);   // our psql is root's
    const mark = (what) => `\\echo '@ ${what}'`;

    report("the schemas load in PostgreSQL", complaints(psql(["\\set VERBOSITY verbose", "CREATE DOMAIN blob AS bytea;",
        ...schemas.flatMap((s) => [mark(s.where), s.sql.endsWith(";") ? s.sql : `${s.sql};`])].join("\n"))));

    const prepare = queries.flatMap((s, i) => [mark(`${s.where} ${s.name}`), `PREPARE s${i} AS ${s.sql.replace(/;$/, "")};`]);
    // An EXECUTE for each prepared statement, its values chosen by the types PostgreSQL found.
    const execute = (value) => `SELECT '\\echo ''@ ' || name || '''' || chr(10) || 'BEGIN; EXECUTE ' || name ||
        COALESCE('(' || (SELECT string_agg(CASE t::text ${value} ELSE 'NULL' END, ', ' ORDER BY n)
        FROM unnest(parameter_types) WITH ORDINALITY AS p(t, n)) || ')', '') || '; ROLLBACK;' FROM pg_prepared_statements ORDER BY length(name), name;`;
    const largest = `WHEN 'bigint' THEN '9223372036854775807' WHEN 'integer' THEN '2147483647' WHEN 'boolean' THEN 'true'
        WHEN 'text' THEN '''' || repeat('龘', 4000) || '''' WHEN 'bytea' THEN '''\\x' || repeat('ff', 4000) || '''::bytea'
        WHEN 'blob' THEN '''\\x' || repeat('ff', 4000) || '''::bytea' WHEN 'numeric' THEN '1e100' WHEN 'double precision' THEN '1e300'`;
    const prepared = psql(["\\set VERBOSITY verbose", ...prepare].join("\n"));
    report(`${queries.length} statements prepare in PostgreSQL`, complaints(prepared));

    for (const [words, value] of [["nothing", ""], ["the largest values", largest]]) {
        const calls = psql([...prepare, "\\echo '@@'", execute(value)].join("\n")).split("@@\n").pop();
        const said = psql(["\\set VERBOSITY verbose", ...prepare, "\\echo '@ begin'", calls].join("\n"))
            .split("@ begin\n").pop();
        // What a constraint refuses is refused rightly; an index row too large needs 8 kB in one key.
        const wrong = complaints(said.replace(/^@ s(\d+)$/gm, (_, n) => `@ ${queries[n].where} ${queries[n].name}`), /ERROR:\s+(23\d\d\d|54000)/);
        report(`they run with ${words}`, wrong);
    }
} finally {
    try {
        run("pg_ctl", "-D", data, "-m", "immediate", "stop");
    } catch { /* it never started */ }
    rmSync(folder, { recursive: true, force: true });
}
