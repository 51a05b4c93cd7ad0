// card.spec.mjs - the office prints a card, a phone reads it: one A6 page, the address empty at once, good one time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, at, enter, grid, page, phone, text, url } from "./browser.mjs";

const village = grid.slice(0, 12);
let card;

test("the village makes a card and prints it on one page of A6", async () => {
    const p = await enter(`village-${village}`);
    await at(p, "command", `people?area=${village}`);
    await p.locator(".people tbody tr", { has: p.locator(`[data-duty]`) }).locator("[name=card]:enabled").last().click();
    await p.click(".dialog footer .main");
    await p.waitForSelector(".dialog .signcard");
    card = { name: await text(p, ".dialog [data-made=name]"), code: (await text(p, ".dialog [data-made=code]")).replace(/\s/g, "") };
    assert.match(card.code, /^\d{8}$/);
    await accessible(p);
    const path = await p.getAttribute(".dialog .qr path", "d");
    assert.ok(path.length > 1000);
    const pdf = (await p.pdf({ preferCSSPageSize: true })).toString("latin1");
    assert.deepEqual([...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, w, h]) => [Math.round(w), Math.round(h)]), [[298, 420]]);
    await p.click(".dialog footer .btn:not(.main)");
    assert.equal(await p.locator(".signcard").count(), 0);
    assert.deepEqual(p.errors, []);
});

test("what the QR says fills the sign-in and is gone from the address, and it works once", async () => {
    const address = `${url}/#card=${encodeURIComponent(card.name)}:${card.code}`;
    const p = await page(phone);
    await p.goto(address);
    await p.waitForSelector("[name=code]");
    assert.equal(new URL(p.url()).hash, "");
    assert.deepEqual([await p.inputValue("[name=name]"), await p.inputValue("[name=code]")], [card.name, card.code]);
    await p.click("button[type=submit]");
    await p.waitForURL(/(command|field)\.html/);
    const q = await page(phone);
    await q.goto(address);
    await q.click("button[type=submit]");
    assert.match(await text(q, "[role=alert]"), /已经用过/);
    assert.deepEqual([...p.errors, ...q.errors], []);
});

test("without a camera number and digits are typed; an address that is no card's fills nothing", async () => {
    const p = await page(phone);
    await p.goto(`${url}/#card=%zz:1234`);
    await p.waitForSelector("[name=password]");
    assert.equal(new URL(p.url()).hash, "");
    await p.click("[name=way]");
    await p.fill("[name=name]", "482915");
    await p.fill("[name=code]", "1234 5678");
    await accessible(p);
    await p.click("button[type=submit]");
    assert.match(await text(p, "[role=alert]"), /再要一张/);
    await p.click("[name=way]");
    await p.waitForSelector("[name=password]");
    assert.deepEqual(p.errors, []);
});
