// along.spec.mjs - who is along on a visit: asked once a day, shown in a line, carried by each visit of that day.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, asks, at, enter, grid, phone, text, until, unvisited, well } from "./browser.mjs";

const worker = await asks(`grid-${grid}`);
async function open(p) {
    await at(p, "field", "doors");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector("[data-along]");
}
test("companions are chosen once, and every visit of the day says them", async () => {
    const p = await enter(`grid-${grid}`, phone);
    const sent = [];
    await p.route("**/api/records", async (way) => {
        sent.push(...way.request().postDataJSON().records.filter((r) => r.type === "screening.visit"));
        await way.continue();
    });
    await open(p);
    assert.match(await text(p, "[data-along]"), /今天和谁一起走访/);
    await p.click("[data-along]");
    await p.waitForSelector(".dialog .choice");
    assert.equal(await p.locator(`.dialog [data-value="${worker.session.worker}"]`).count(), 0, "not oneself");
    await accessible(p);
    await p.waitForSelector(".dialog .choice button:has-text(\"网格员\")"); // asked when it is opened
    const buttons = p.locator(".dialog .choice button");
    const [a, b] = await buttons.evaluateAll((all) => all.slice(0, 2).map((x) => [x.dataset.value, x.querySelector(".say").textContent]));
    for (const [id] of [a, b]) await p.click(`.dialog [data-value="${id}"]`);
    await p.click(".dialog footer .main");
    assert.match(await text(p, "[data-along]"), new RegExp(`同行:${a[1]}、${b[1]}`));
    if (process.env.SHOT) await p.locator("[data-along]").scrollIntoViewIfNeeded(), await p.screenshot({ path: process.env.SHOT });
    await well(p);
    await until("it is sent", () => sent.length === 1);
    await p.reload();
    await open(p);
    assert.match(await text(p, "[data-along]"), new RegExp(a[1]), "remembered");
    await well(p);
    await until("the next is sent", () => sent.length === 2);
    for (const r of sent) assert.deepEqual(r.body.by, [a[0], b[0]]);
    await until("the server takes both", async () => (await text(p, ".unsent .count")) === "0");

    await open(p);
    await p.click("[data-along]");
    await p.click(".dialog [data-alone]");
    assert.match(await text(p, "[data-along]"), /今天一个人/);
    await well(p);
    await until("the third is sent", () => sent.length === 3);
    assert.equal(sent[2].body.by, undefined);
    await p.evaluate(() => localStorage.setItem("wangge.along", localStorage.getItem("wangge.along").replace(/^[\d-]+/, "2020-02-01")));
    await p.reload();
    await open(p);
    assert.match(await text(p, "[data-along]"), /今天和谁一起走访/, "another day asks anew");
    assert.deepEqual(p.errors, []);
});
