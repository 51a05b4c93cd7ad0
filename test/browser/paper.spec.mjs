// paper.spec.mjs - what is printed for the doors, and what was written on it typed in afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asks, at, enter, grid, none, phone, text, until, unvisited } from "./browser.mjs";

const village = grid.slice(0, 12);
const pages = (pdf) => pdf.toString("latin1").match(/\/Type \/Page\b/g).length;
const millimetres = (box) => box.split(" ").slice(2).map((n) => Math.round((n / 72) * 25.4)).join("x");
const boxes = (pdf) => [...new Set([...pdf.toString("latin1").matchAll(/\/MediaBox \[([\d. ]+)\]/g)].map((m) => millimetres(m[1])))];

test("a card a door, four on a page: two people with their phones, and the door's own code", async () => {
    const p = await enter(`village-${village}`);
    await at(p, "command", `households?area=${grid}`);
    await p.click("a[href*=paper]");
    await p.waitForSelector(".doorcard");
    const rows = await (await asks(`village-${village}`)).ask("household/list", { area: grid });
    const doors = new Set(rows.map((r) => r.door));
    assert.equal(await p.locator(".doorcard").count(), doors.size);
    const all = await (await asks(`village-${village}`)).ask("duty/chain", { area: grid });
    const chain = all.filter((l) => l.phone).sort((a, b) => b.level - a.level || a.deputy - b.deputy);
    const card = await text(p, ".doorcard >> nth=0");
    assert.ok(card.includes(chain[0].phone) && card.includes(chain[0].name), card);
    assert.equal(await p.locator(".doorcard >> nth=0 >> .phone").count(), Math.min(2, new Set(chain.map((l) => l.worker)).size));
    assert.ok(!/\*\*/.test(await text(p, ".doorcards")), "nothing masked is printed as an address");
    assert.equal(await p.locator(".doorcard .qr path").count(), doors.size);
    const pdf = await p.pdf({ preferCSSPageSize: true });
    assert.deepEqual([boxes(pdf), pages(pdf)], [["210x297"], Math.ceil(doors.size / 4)]);
    await p.click("[data-value=sheet]");
    assert.equal(await p.locator(".gridsheet tbody tr").count(), rows.length);
    assert.deepEqual(boxes(await p.pdf({ preferCSSPageSize: true })), ["297x210"]);
    assert.deepEqual(p.errors, []);
});

test("what a sheet says is typed in with its own time, and marked as such", async () => {
    const f = await enter(`grid-${grid}`, phone);
    await f.waitForSelector(".doors .list a[data-state=pending]");
    await f.locator(unvisited).first().tap();
    await f.waitForSelector(".people");
    await f.click("[data-value=at_door]");
    await f.click("[data-value=told_by_family]");
    await none(f);
    await f.click("[data-paper]");
    assert.ok(await f.isDisabled(".savebutton"), "no time, no visit");
    const day = new Date(Date.now() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10);
    await f.fill("[name=day]", day);
    await f.fill("[name=hour]", "19:05");
    const household = /household=([\w-]+)/.exec(f.url())[1];
    await f.click(".savebutton");
    await f.waitForSelector(".toasts p");
    await until("it is sent", async () => /^0/.test((await text(f, ".unsent")).trim()));
    const visits = await (await asks(`grid-${grid}`)).ask("screening/household", { area: grid, household });
    const off = visits.map((v) => Math.abs(v.at - Date.parse(`${day}T19:05:00+08:00`)));       // what the sending took is in it
    assert.ok(Math.min(...off) < 30_000, JSON.stringify(visits));
    assert.deepEqual(f.errors, []);
});
