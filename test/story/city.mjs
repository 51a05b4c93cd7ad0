// city.mjs CITY - the invented city as its command post sees it: every village
// there, figures that add up from grid to city, ledgers a stranger can verify.
import { spawnSync } from "node:child_process";
import { report } from "../check/report.mjs";
import { accounts, borrow, serve, signIn, wangge } from "../program.mjs";

const [, , city] = process.argv;
const { store } = borrow(city);
const password = new Map(accounts(city));
const server = await serve(store);
const figures = ["households", "entered", "entered_door", "persons", "screened", "away", "late", "refused", "retry", "unowned"];

const post = await signIn(server.url, "city", password.get("city"));
const tree = await post.ask("area/tree", { area: "4405" });
const named = ["city", "district-440514", "town-440513108", "village-440513108216", "grid-44051310821601"];
report("the accounts of the README are there", named.filter((a) => !password.has(a)));
report("1,087 villages, 232 of them in 440514", [
    ...[tree.filter((a) => a.level === 4).length].filter((n) => n !== 1087),
    ...[tree.filter((a) => a.level === 4 && a.path.includes("/440514/")).length].filter((n) => n !== 232),
]);

// Coverage row by row: each row of an area is the sum of the rows below it.
const wrong = [];
const rows = new Map();
const began = Date.now();
let asked = 0;
async function below(area) {
    const children = await post.ask("screening/coverage", { area });
    asked++;
    rows.set(area, children.length);
    const sum = Object.fromEntries(figures.map((f) => [f, 0]));
    for (const row of children) {
        if (row.level < 3 || row.area === "440513108") {
            const inside = await below(row.area);
            // what nobody owns is counted at each level: an area itself may be the hole
            for (const f of figures)
                if (f !== "unowned" && inside[f] !== row[f]) wrong.push(`${row.area} ${f}: ${row[f]}, its parts ${inside[f]}`);
        }
        for (const f of figures) sum[f] += row[f];
        for (const [less, more] of [["entered_door", "entered"], ["entered", "households"], ["screened", "persons"]])
            if (row[less] > row[more]) wrong.push(`${row.area}: ${less} ${row[less]} is more than ${more} ${row[more]}`);
    }
    return sum;
}
const all = await below("4405");
const each = (Date.now() - began) / asked;
report("figures of an area are the sum of its parts", wrong);
report(`somebody lives here, and work was done (${all.households} households, ${all.entered} entered)`,
    all.households > 5000 && all.entered > 0 && all.entered_door < all.entered && all.retry > 0 ? [] : [JSON.stringify(all)]);
report("coverage of the city has a row a district, of a town a row a village", [
    ...(rows.get("4405") === tree.filter((a) => a.level === 2).length ? [] : [`city: ${rows.get("4405")}`]),
    ...(rows.get("440513108") === tree.filter((a) => a.parent === "440513108").length ? [] : [`town: ${rows.get("440513108")}`]),
]);
const towns = tree.filter((a) => a.level === 3);
let villageRows = 0, southern = 0;
for (const town of towns) {
    const n = (await post.ask("screening/coverage", { area: town.area })).length;
    villageRows += n;
    if (town.path.includes("/440514/")) southern += n;
}
report("coverage knows 1,087 villages, 232 in 440514", villageRows === 1087 && southern === 232 ? [] : [`${villageRows}, ${southern}`]);
console.log(`    coverage took ${each.toFixed(1)} ms a question over HTTP`);

const chain = await post.ask("duty/chain", { area: "440513108216" });
report("a village has a chain of people with phones", chain.some((r) => r.name && r.phone) ? [] : [JSON.stringify(chain)]);
const unowned = await post.ask("duty/unowned", { area: "4405" });
report("what nobody owns is a list", unowned.length ? [] : ["the drill leaves holes, the list shows none"]);
await server.kill("SIGTERM");

// Doors leave in parts, each noted before it does: together what left.
const doors = wangge("export", "--as", "doors", "--area", "4405", "--store", store).trim().split("\n").length - 1;
const notes = wangge("export", "--as", "ledger", "--area", "4405/read", "--store", store).trim().split("\n")
    .map((l) => JSON.parse(JSON.parse(l).body)).filter((b) => b.query === "exchange/doors").map((b) => b.count);
report(`${doors} rows of doors are noted in ${notes.length} parts`, notes.length > 1 && notes.reduce((a, b) => a + b) === doors ? [] : [notes.join()]);

const ledger = wangge("export", "--as", "ledger", "--area", "440513108216", "--store", store);
const verified = (text) => spawnSync("node", ["tool/verify.mjs"], { input: text, encoding: "utf8" });
const good = verified(ledger);
report("tool/verify.mjs finds the ledger whole", good.status === 0 ? [] : [good.stdout]);
const lines = ledger.trim().split("\n");
const spoilt = [
    [lines[0], ...lines.slice(2)],              // one missing
    lines.map((l, i) => (i === 3 ? l.replace(/"at":(\d+)/, (_, n) => `"at":${Number(n) + 1}`) : l)),   // one changed
    [...lines, lines[lines.length - 1]],        // one twice
];
report("and notices a record missing, changed or twice", spoilt.flatMap((s, i) => (verified(s.join("\n")).status === 1 ? [] : [`case ${i}`])));
