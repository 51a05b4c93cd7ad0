// package.mjs - the Debian package without installing it: what is in it and whose, what it depends on, that it comes
// out the same twice, what its scripts do (with every command they call put in a list instead), and how tight the unit is.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.mjs";

const run = (command, ...args) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const file = run("make", "--no-print-directory", "deb").trim().split("\n").pop(), bytes = readFileSync(file);
run("make", "--no-print-directory", "deb");
report("the same sources give the same package", bytes.equals(readFileSync(file)) ? [] : ["another one"]);

const folder = mkdtempSync(join(tmpdir(), "wangge."));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "root"), inside = join(folder, "control");
run("dpkg-deb", "-x", file, root);
run("dpkg-deb", "-e", file, inside);

// ---- files ----------------------------------------------------------------------
const entries = run("dpkg-deb", "-c", file).trim().split("\n").map((line) => line.split(/\s+/))
    .map(([mode, owner, , , , path]) => ({ mode, owner, path: path.slice(1) }));
const files = entries.filter((f) => !f.path.endsWith("/")).map((f) => f.path);
const needed = ["/usr/bin/wangge", "/usr/lib/systemd/system/wangge.service", "/etc/wangge/wangge.conf", "/usr/share/man/man1/wangge.1.gz",
    "/usr/share/doc/wangge/copyright", "/usr/share/doc/wangge/operations.md", "/usr/share/wangge/codes.csv", "/usr/share/wangge/profile/covid_2020.json"];
const places = ["/usr/bin/wangge", "/usr/lib/systemd/system/wangge.service", "/usr/share/wangge/", "/usr/share/doc/wangge/",
    "/usr/share/man/man1/wangge.1.gz", "/etc/wangge/wangge.conf"];
report(`${files.length} files, in their places, of root and nobody else's to write`, [
    ...needed.filter((path) => !files.includes(path)).map((path) => `no ${path}`),
    ...files.filter((path) => !places.some((p) => (p.endsWith("/") ? path.startsWith(p) : path === p))).map((path) => `${path} is out of place`),
    ...entries.filter((f) => f.owner !== "root/root" || !/^[-d]rw[-x]r-[-x]r-[-x]$/.test(f.mode)).map((f) => `${f.path}: ${f.mode} ${f.owner}`)]);
const lines = (name) => readFileSync(join(inside, name), "utf8").trim().split("\n");
report("settings are conffiles, every other file has its sum", [
    ...(lines("conffiles").join() === files.filter((path) => path.startsWith("/etc/")).join() ? [] : [`conffiles: ${lines("conffiles")}`]),
    ...files.filter((path) => !lines("md5sums").some((line) => line.endsWith(`  ${path.slice(1)}`))).map((path) => `${path} has no sum`),
    ...(spawnSync("md5sum", ["-c", "--quiet", join(inside, "md5sums")], { cwd: root }).status ? ["sums do not match"] : [])]);
const field = (name) => run("dpkg-deb", "-f", file, name).trim(), program = join(root, "usr/bin/wangge");
report("it names itself, the libraries it is linked with and what its scripts call", [
    ...["libc6", "libmicrohttpd12", "libsqlite3-0", "libsodium23", "libnettle8", "libhogweed6", "libgmp10", "zlib1g", "adduser", "init-system-helpers"]
        .filter((name) => !field("Depends").split(", ").some((d) => d.split(" ")[0] === name)).map((name) => `no ${name}: ${field("Depends")}`),
    ...(run(program, "--version").includes(field("Version")) ? [] : [`version ${field("Version")}`])]);

// ---- scripts: nothing but the shell's own words runs, the rest is written down -----
const stubs = join(folder, "stubs"), called = join(folder, "called");
run("mkdir", stubs);
const answers = { getent: 2 };       // nobody is there yet
for (const name of ["adduser", "deb-systemd-helper", "deb-systemd-invoke", "deluser", "getent", "install", "rm", "systemctl"]) {
    writeFileSync(join(stubs, name), `#!/bin/sh\necho "${name} $*" >> ${called}\nexit ${answers[name] ?? 0}\n`);
    chmodSync(join(stubs, name), 0o755);
}
const scripts = readdirSync(inside).filter((name) => /^(pre|post)(inst|rm)$/.test(name)), wrong = [];
for (const name of scripts) {
    if (!/^#!\/bin\/sh\n(#.*\n)*set -e\n/.test(readFileSync(join(inside, name), "utf8"))) wrong.push(`${name} does not stop at a fault`);
    if (spawnSync("sh", ["-n", join(inside, name)]).status) wrong.push(`${name} is no script`);
}
const calls = (script, args, env = {}) => {
    rmSync(called, { force: true });
    const { status, stderr } = spawnSync("/bin/sh", [join(inside, script), ...args], { env: { PATH: stubs, ...env }, encoding: "utf8" });
    if (status || stderr) wrong.push(`${script} ${args}: ${status} ${stderr}`);
    return existsSync(called) ? readFileSync(called, "utf8").trim().split("\n") : [];
};
const home = existsSync("/var/lib/wangge");      // on a machine that has it, it is not made again
const made = /^(adduser --system .*wangge|install -d -m 0700 -o wangge -g wangge \/var\/lib\/wangge|deb-systemd-helper enable wangge.service)$/;
const gone = /^(rm -rf \/var\/lib\/wangge|deluser .*wangge)$/;
for (const [what, got, wanted, never] of [
    ["postinst makes user, folder and service", calls("postinst", ["configure", ""]).filter((c) => made.test(c)).length, home ? 2 : 3],
    ["postinst of another kind does nothing", calls("postinst", ["abort-upgrade"]).length, 0],
    ["prerm leaves an upgrade alone", calls("prerm", ["upgrade", "9"]).length, 0],
    ["postrm masks what is removed", calls("postrm", ["remove"]).filter((c) => c === "deb-systemd-helper mask wangge.service").length, 1],
    ["postrm removes no data", ["remove", "upgrade", "purge"].flatMap((verb) => calls("postrm", [verb])).filter((c) => /^(rm|deluser) /.test(c)).length, 0],
    ["unless it is told to", calls("postrm", ["purge"], { WANGGE_PURGE: "data" }).filter((c) => gone.test(c)).length, 2],
]) if (got !== wanted) wrong.push(`${what}: ${got}, wanted ${wanted}`);
report(`${scripts.length} scripts do what they should and keep what was recorded`, scripts.length === 3 ? wrong : [`${scripts}`]);

// ---- the unit, where systemd's own judge is at hand ---------------------------------
if (spawnSync("systemd-analyze", ["--version"]).status === 0) {
    const unit = join(folder, "wangge.service"), text = readFileSync(join(root, "usr/lib/systemd/system/wangge.service"), "utf8");
    writeFileSync(unit, text.replace("ExecStart=/usr/bin/wangge", `ExecStart=${program}`));
    const judged = (...args) => {
        const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
        return status ? [stderr, stdout.slice(-200)] : [];
    };
    report("systemd reads the unit", judged("verify", "--man=no", unit));
    report("and finds it exposed by 1.5 of 10 at the most", judged("security", "--offline=yes", "--threshold=15", "--no-pager", unit));
}
