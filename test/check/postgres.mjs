// postgres.mjs - every statement prepared and run, with nothing and with the
// largest values, in a PostgreSQL made for it and thrown away.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { queries, schemas } from "./statements.mjs";
import { report } from "./report.mjs";

const home = "/usr/lib/postgresql";
const versions = existsSync(home) ? readdirSync(home).filter((v) => existsSync(join(home, v, "bin/initdb"))) : [];
const version = versions.sort((a, b) => a - b).pop();
if (!version) {
    report("PostgreSQL is there", [`no initdb under ${home}: tool/deps.sh test`]);
    process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "postgres."));
// The server refuses to run as root; Debian's package brings a user for it.
const root = process.getuid() === 0;
const run = (program, ...args) => {
    const [first, ...rest] = [...(root ? ["runuser", "-u", "postgres", "--"] : []), join(home, version, "bin", program), ...args];
    execFileSync(first, rest, { cwd: folder, env: { ...process.env, LC_ALL: "C" }, stdio: ["ignore", "ignore", "inherit"] });
};
const psql = (...script) => {
    const input = ["\\set VERBOSITY verbose", ...script].join("\n");
    return spawnSync("sh", ["-c", `psql -X -q -A -t -h ${folder} -U postgres -d postgres 2>&1`], { input, encoding: "utf8", maxBuffer: 1 << 27 }).stdout;
};
// What psql complains of, by the "@ …" marks before it.
const complaints = (said, allowed = /^$/) => said.split(/^@ /m).slice(1).flatMap((piece) => {
    const [what, ...lines] = piece.split("\n");
    return lines.filter((l) => /ERROR|FATAL|PANIC/.test(l) && !allowed.test(l)).map((l) => `${what}: ${l.replace(/^psql:<stdin>:\d+: /, "")}`);
});
const mark = (what) => `\\echo '@ ${what}'`;

if (root) execFileSync("chown", ["postgres", folder]);
chmodSync(folder, 0o700);
const data = join(folder, "data");
try {
    run("initdb", "-D", data, "--locale=C", "-E", "UTF8", "-A", "trust", "-U", "postgres", "-N");
    run("pg_ctl", "-D", data, "-w", "-l", join(folder, "log"), "-o", `-k ${folder} -h '' -F`, "start");
    if (root) chmodSync(folder, 0o755);   // our psql is root's

    const load = schemas.flatMap((s) => [mark(s.at), `${s.sql};`]);
    report("the schemas load in PostgreSQL", complaints(psql("CREATE DOMAIN blob AS bytea;", ...load)));
    const prepare = queries.flatMap((s, i) => [mark(s.at), `PREPARE s${i} AS ${s.sql};`]);
    report(`${queries.length} statements prepare in PostgreSQL`, complaints(psql(...prepare)));

    // An EXECUTE for each prepared statement, its values chosen by the types PostgreSQL found.
    const calls = (value) => psql(...prepare, "\\echo '@@'", `
        SELECT '\\echo ''@ ' || name || '''' || chr(10) || 'BEGIN; EXECUTE ' || name || COALESCE('(' || (
            SELECT string_agg(CASE t::text ${value} ELSE 'NULL' END, ', ' ORDER BY n) FROM unnest(parameter_types) WITH ORDINALITY AS p(t, n)
        ) || ')', '') || '; ROLLBACK;' FROM pg_prepared_statements ORDER BY length(name), name;`).split("@@\n").pop();
    const bytes = "'''\\x' || repeat('ff', 4000) || '''::bytea'";
    const largest = `WHEN 'bigint' THEN '9223372036854775807' WHEN 'integer' THEN '2147483647' WHEN 'boolean' THEN 'true'
        WHEN 'text' THEN '''' || repeat('龘', 4000) || '''' WHEN 'bytea' THEN ${bytes} WHEN 'blob' THEN ${bytes}
        WHEN 'numeric' THEN '1e100' WHEN 'double precision' THEN '1e300'`;
    // What a constraint refuses is refused rightly; an index row too large needs 8 kB in one key.
    const allowed = /ERROR:\s+(23\d\d\d|54000)/;
    for (const [words, value] of [["nothing", ""], ["the largest values", largest]]) {
        const said = psql(...prepare, "\\echo '@@'", calls(value)).split("@@\n").pop();
        report(`they run with ${words}`, complaints(said.replace(/^@ s(\d+)$/gm, (_, n) => `@ ${queries[n].at}`), allowed));
    }
} finally {
    try {
        run("pg_ctl", "-D", data, "-m", "immediate", "stop");
    } catch { /* it never started */ }
    rmSync(folder, { recursive: true, force: true });
}
