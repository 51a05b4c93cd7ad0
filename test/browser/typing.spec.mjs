// typing.spec.mjs - a clerk types in for somebody: chosen under Me, said in a strip and in the list, carried by each record, judged by the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../program.mjs";
import { accessible, asks, at, grid, page, phone, signInBy, text, until, unvisited, url, well } from "./browser.mjs";

const village = grid.slice(0, 12), word = "typed-in-at-the-office";
const office = await asks(`village-${village}`), worker = (await asks(`grid-${grid}`)).session;
/** A clerk of the village with an account. */
async function clerk() {
    const id = newId(), record = (type, body) => ({ id: newId(), type, area: village, at: Date.now(), body });
    const { results } = await office.post([
        record("duty.worker", { worker: id, name: "许代录", phone: "10090000077", category: "village_committee" }),
        record("duty.assign", { duty: newId(), worker: id, role: "clerk", since: Date.now() - 60_000 }),
    ]);
    assert.deepEqual(results.map((r) => r.status), ["stored", "stored"]);
    const headers = { Authorization: `Bearer ${office.session.token}`, "Content-Type": "application/json" };
    const account = JSON.stringify({ name: `clerk-${village}`, worker: id, password: word });
    assert.ok((await fetch(`${url}/api/account`, { method: "POST", headers, body: account })).ok);
    return id;
}

test("what a clerk types in is the worker's, and says who typed it", async () => {
    const id = await clerk();
    const p = await page(phone);
    await signInBy(p, `clerk-${village}`, word);
    const sent = [];
    await p.route("**/api/records", async (way) => {
        sent.push(...way.request().postDataJSON().records.filter((r) => r.type === "screening.visit"));
        await way.continue();
    });
    await at(p, "field", "doors");
    await p.waitForSelector(unvisited);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".savebutton");
    assert.match(await text(p, ".savebutton"), /先在“我的”里选替谁录入/, "a clerk makes no visits of his own");
    await at(p, "field", "me");
    await p.waitForSelector(`.typingfor option[value="${worker.worker}"]`, { state: "attached" });
    await p.selectOption("[name=whom]", worker.worker);
    await p.click(".typingfor .btn");
    const name = (await office.ask("screening/phones", { area: village })).find((r) => r.worker === worker.worker).name;
    assert.match(await text(p, ".typing"), new RegExp(`正在替${name}录入`));
    await accessible(p);
    await p.reload();
    await at(p, "field", `doors?area=${village}`);
    await p.locator(`${unvisited}`).first().tap();
    await p.waitForSelector(".typing");
    const here = p.url();
    await well(p);
    await p.waitForURL((u) => u.href !== here);
    await until("it is sent", async () => (await text(p, ".unsent .count")) === "0" && sent.length === 1);
    assert.equal(sent[0].for, worker.worker);
    await at(p, "field", "out");
    await p.waitForSelector(".parcel.sent");
    assert.match(await text(p, ".parcel.sent"), new RegExp(`替${name}`));
    if (process.env.SHOT) await p.screenshot({ path: process.env.SHOT });
    await p.click(".typing .btn");
    await until("it has ended", async () => (await p.locator(".typing").count()) === 0);
    await at(p, "field", "doors");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".savebutton");
    assert.match(await text(p, ".savebutton"), /先在“我的”里选替谁录入/);
    assert.ok(id);
    assert.deepEqual(p.errors, []);
});
