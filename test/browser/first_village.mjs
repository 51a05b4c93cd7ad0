// first_village.mjs FILE - the first evening of a village that began with nothing, as its secretary sees it: one
// division, three grids, people, doors from a list, a round, visits.  The README's first picture.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { borrow, newId, serve, signIn, wangge } from "../program.mjs";

const village = "440513108216", password = "first-evening";
const { folder, store } = borrow();
const file = (name, text) => (writeFileSync(join(folder, name), text), join(folder, name));
const on = ["--store", store];

const divisions = file("village.csv", `code,name,level,parent_code,type,short_name
440500000000,汕头市,city,,prefecture,汕头市
440513000000,潮阳区,district,440500000000,district,潮阳区
440513108000,铜盂镇,town,440513000000,town,铜盂镇
440513108216,草尾村委会,village,440513108000,village,草尾村
`);
wangge("import", divisions, "--as", "divisions", "--apply", ...on);
wangge("worker", "add", "--name", "林立秋", "--phone", "10090000001", "--account", "lin", "--role", "secretary", "--area", village, "--password",
    password, ...on);
const server = await serve(store, "--requests", "100000");
const lin = await signIn(server.url, "lin", password);
const since = Date.now();
async function write(who, area, type, body) {
    const { results } = await who.post([{ id: newId(), type, area, at: Date.now(), body }]);
    if (results[0].status !== "stored") throw new Error(`${type}: ${JSON.stringify(results[0])}`);
}

// Three grids, each with somebody who answers for it and can sign in; the third is still without.
const grids = ["祠堂前", "大路东", "新厝"].map((name, i) => ({ area: `${village}0${i + 1}`, name: `第${"一二三"[i]}网格 ${name}` }));
const people = ["李小满", "王谷雨"];
for (const { area, name } of grids) await write(lin, village, "area.open", { code: area, name, level: 5 });
for (const [i, name] of people.entries()) {
    const worker = newId();
    await write(lin, village, "duty.worker", { worker, name, phone: `1009000000${i + 2}`, category: "grid_worker_full" });
    await write(lin, grids[i].area, "duty.assign", { duty: newId(), worker, role: "grid_worker", since });
    wangge("account", "add", name, "--worker", worker, "--password", password, ...on);
}

// The list the office had: invented heads, numbers that were never issued.
const heads = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏";
const rows = grids.flatMap(({ area, name }, g) =>
    [...heads].slice(g * 10, g * 10 + 10).map((surname, i) => {
        const phone = `1008${String(g * 100 + i).padStart(7, "0")}`;
        return `${area},${10 * (i + 1)},${name.slice(5)}${i + 1}号,self,registered,${surname}一心,${phone},${surname}一心/1;${surname}二美/2;${surname}小三/1`;
    }));
wangge("import", file("doors.csv", `area,order,building,use,household_kind,head,phone,members\n${rows.join("\n")}\n`), "--as", "doors", "--area",
    village, "--apply", ...on);

const round = newId();
await write(lin, village, "screening.round", { round, name: "返乡人员入户排查 第1轮", trigger: "new_key_area", measures: ["educate", "notify", "supply"] });
for (let frozen = 0; !frozen; await new Promise((r) => setTimeout(r, 200)))
    [{ villages_frozen: frozen }] = await lin.ask("screening/rounds", { area: village });

// The evening's walk: most are home, one refuses, one grid is asked by phone, two are not home.
const ends = [["at_door", "completed"], ["at_door", "completed"], ["at_door", "completed"], ["at_door", "refused"], ["at_door", "completed"],
    ["at_door", "completed"], ["phone", "completed"], ["at_door", "no_answer"], ["at_door", "completed"]];
for (const [i, name] of people.entries()) {
    const phone = await signIn(server.url, name, password);
    const doors = await phone.ask("household/list", { area: grids[i].area });
    const everybody = await phone.ask("household/people", { area: grids[i].area });
    for (const [n, door] of doors.slice(0, i ? 6 : 9).entries()) {
        const [method, outcome] = ends[n];
        const checks = everybody.filter((p) => p.household === door.household).map((p) => ({ person: p.person, basis: "told_by_family" }));
        await write(phone, grids[i].area, "screening.visit", { round, door: door.door, household: door.household, method, outcome, seconds: 40 + 3 * n,
            ...(outcome === "completed" && { checks, measures: [{ measure: "educate" }, { measure: "notify" }] }) });
    }
}

process.env.WANGGE_URL = server.url;
process.env.WANGGE_PASSWORD = password;
const { at, desk, enter } = await import("./browser.mjs");
const p = await enter("lin", desk);
await at(p, "command", `post?area=${village}`);
await p.waitForSelector(".datatable [data-row]");
await p.waitForTimeout(1500);
await p.screenshot({ path: process.argv[2] ?? "doc/screens/first-village.png", animations: "disabled" });
console.log("ok a village that began with nothing shows its first evening");
await server.kill("SIGTERM");
process.exit();
