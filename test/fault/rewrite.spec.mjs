// rewrite.spec.mjs - somebody with the store in his hands changes one record and
// computes the chain anew: the chain agrees with itself, the day's root, a
// stranger's program and whoever was answered before do not agree with it.
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { report } from "../check/report.mjs";
import { rewrite, sqlite } from "../ledger.mjs";
import { borrow, newId, serve, signIn } from "../program.mjs";

const { folder, store } = borrow();
const village = "440513108216";
const run = (...args) => spawnSync("build/wangge", [...args, "--store", store], { encoding: "utf8", maxBuffer: 1 << 26 });
function expect(name, { status, stdout, stderr }, code, ...texts) {
    const missing = texts.filter((t) => !(stdout + stderr).includes(t));
    report(name, status === code && !missing.length ? [] : [`ended with ${status}, without ${missing}`, stdout.slice(-900), stderr.slice(-300)]);
}
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const exported = () => ["4405", village].map((area) => run("export", "--as", "ledger", "--area", area).stdout).join("");
const stranger = (text) => spawnSync("node", ["tool/verify.mjs"], { input: text, encoding: "utf8" });

// ---- a village with a few records, a day's root, a phone that remembers ----
run("import", "data/divisions.csv", "--as", "divisions", "--apply");
for (const [name, account, role] of [["林立秋", "lin", "secretary"], ["何霜降", "he", "auditor"]])
    run("worker", "add", "--name", name, "--account", account, "--role", role, "--area", village, "--phone", "10090000009", "--password",
        `grid-2020-${account}`);
let server = await serve(store);
const phone = await signIn(server.url, "lin", "grid-2020-lin");
const door = newId();
const record = { id: newId(), type: "household.door", area: village, at: Date.now(), body: { door, order: 1, use: "self" } };
const remembered = (await phone.post([record])).results[0];
report("an answer says the digest of its row", /^[0-9a-f]{64}$/.test(remembered.digest ?? "") ? [] : [JSON.stringify(remembered)]);
const digestNow = async (who) => (await who.ask("core/digest", { area: village, position: remembered.position }))[0]?.digest;
report("which is what stands there", (await digestNow(phone)) === remembered.digest ? [] : ["another"]);
for (let i = 0; i < 100 && run("heads").status !== 0; i++) await sleep(50);
await server.kill("SIGTERM");

// ---- for paper ----
const page = run("heads").stdout, list = run("heads", "--list").stdout;
const root = page.match(/^root +((?:[0-9a-f]{4}\s+){16})/m)?.[1].replace(/\s/g, "");
report("the page is short enough for a sheet and tells the list's digest",
    root === sha256(list) && page.split("\n").length <= 60 ? [] : [`${root} is not ${sha256(list)}, ${page.split("\n").length} lines`]);
const line = list.split("\n").find((l) => l.startsWith(`${village} `));
report("the village's line is in it", line ? [] : [list.slice(0, 400)]);
expect("a day without a root is said", run("heads", "--day", "2020-01-01"), 1, "heads.none");
expect("nothing is wrong yet", run("verify"), 0, "bad_ledgers 0", "heads 1 bad_heads 0");
expect("nor after a new master key", (run("keys", "rotate"), run("verify")), 0, "heads 1 bad_heads 0");
expect("nor after a rebuild", (run("rebuild"), run("verify")), 0, "heads 1 bad_heads 0");
const before = stranger(exported());
expect("a stranger's program agrees", before, 0, "1 roots signed by", " 0 bad");
const finger = page.match(/^fingerprint +((?:[0-9a-f]{4}\s+){16})/m)?.[1].trim().split(/\s+/).join(" ");
report("and names the key as the page does", before.stdout.includes(`signed by ${finger}`) ? [] : [before.stdout, page]);

// ---- one record of the village is changed, and the chain computed anew ----
const [, position] = line.split(" ");
const changed = rewrite(folder, village, (r) => r.type === "duty.assign" && r.body.includes("secretary") && r.body.replace("secretary", "commander"));
report("the owner changes one record and every digest after it", changed >= 3 ? [] : [`${changed}`]);
const found = run("verify");
expect("the chain agrees with itself, the day's root does not", found, 1, "bad_ledgers 0 bad_counters 0", "heads 1 bad_heads 1");
report("and the village is named", found.stdout.includes(`another ${village} ${position}\n`) ? [] : [found.stdout]);
expect("a stranger's program names it as well", stranger(exported()), 1, `ledger ${village} is another one up to position ${position}`, " 1 bad");
server = await serve(store);
const again = await signIn(server.url, "lin", "grid-2020-lin");
const now = await digestNow(again);
report("whoever was answered before is answered otherwise", now && now !== remembered.digest ? [] : [`${now}`]);
const fork = { id: newId(), type: "core.fork", area: village, at: Date.now(), body: { position: remembered.position, digest: remembered.digest, found: now } };
await again.post([fork]);
const [told] = await (await signIn(server.url, "he", "grid-2020-he")).ask("core/forks", { area: village });
report("what he tells stands before the auditor, beside what is there now",
    told?.digest === remembered.digest && told.stands === now && told.same === 0 ? [] : [JSON.stringify(told)]);
await server.kill("SIGTERM");

// ---- the owner goes on and mends the day's root as well ----
const mended = run("heads", "--list").stdout.replace(line, `${village} ${position} ${sqlite(folder,
    `SELECT lower(hex(digest)) AS digest FROM ledger_record WHERE ledger = '${village}' AND position = ${position};`)[0].digest}`);
const heads = (more) => (r) => r.type === "core.heads" &&
    JSON.stringify({ ...JSON.parse(r.body), heads: mended.trim().split("\n"), root: sha256(mended), ...more(r) });
rewrite(folder, "4405", heads(() => ({})));
expect("without the key its signature does not hold", run("verify"), 1, "bad_ledgers 0", "signature 4405");
expect("nor for a stranger", stranger(exported()), 1, "the signature is not the key's");
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const key = Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url").toString("hex");
rewrite(folder, "4405", heads((r) => {
    const { day, ledgers } = JSON.parse(r.body);
    return { key, sign: sign(null, Buffer.from(["core.heads", r.area, day, ledgers, sha256(mended)].join(" ")), privateKey).toString("hex") };
}));
expect("under another key it is not this installation's", run("verify"), 1, "bad_ledgers 0", "signature 4405");
const paper = stranger(exported());
report("a stranger sees another fingerprint than the paper's",
    paper.stdout.includes("roots signed by") && !paper.stdout.includes(finger) && run("heads").stdout.match(/^root.*$/m)[0] !== page.match(/^root.*$/m)[0]
        ? [] : [paper.stdout]);
