// phones.spec.mjs - what waits on a phone shows at the village's desk, to call; it is gone when it is mended and sent. Nothing there ranks anybody.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, asks, at, desk, enter, grid, phone, text, until, unvisited, well } from "./browser.mjs";

const village = grid.slice(0, 12);
const unsent = async (p) => Number(await text(p, ".unsent .count"));
const rowOf = (d) => d.locator(".phones [data-row]", { hasText: "条待发" });

test("two visits made without a network, one of them refused: the desk sees one wait until it is mended", async () => {
    const { worker } = (await asks(`grid-${grid}`)).session;
    const me = (await (await asks(`village-${village}`)).ask("screening/phones", { area: village })).find((r) => r.worker === worker);
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(".doors .list a[data-state=pending]");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await p.waitForTimeout(2500); // the other pages are fetched meanwhile
    await p.context().setOffline(true);
    for (let n = 1; n <= 2; n++) {
        await p.waitForSelector(".people");
        await well(p);
        await until(`${n} are kept`, async () => (await unsent(p)) === n);
    }
    const said = [];
    let spoilt;
    await p.route("**/api/records", async (way) => {
        const body = way.request().postDataJSON();
        said.push(body);
        spoilt ??= body.records.find((r) => r.type === "screening.visit")?.id;
        for (const r of body.records) if (r.id === spoilt) r.body = { ...r.body, method: "broom" };
        await way.continue({ postData: JSON.stringify(body) });
    });
    await p.context().setOffline(false);
    await at(p, "field", "out");
    await p.click(".outbox .btn");
    await p.waitForSelector(".parcel.refused");
    const d = await enter(`village-${village}`, desk);
    const look = async (all = false) => {
        await at(d, "command", `phones?area=${village}`);
        await d.reload();
        if (all) await d.click(".phones .switch button >> nth=1");
        await d.waitForSelector(".phones [data-row]");
    };
    await until("the desk sees one", async () => (await look(), /1 条待发/.test((await rowOf(d).count()) ? await rowOf(d).first().textContent() : "")));
    const row = rowOf(d).first();
    assert.match(await row.textContent(), new RegExp(me.name));
    assert.equal(await row.locator("a[href^='tel:']").getAttribute("href"), `tel:${me.phone}`);
    assert.equal(await d.locator(".phones [role=columnheader] button").count(), 0, "nothing to sort by");
    assert.match(await text(d, ".deskpage"), /不显示上线时间和快慢,也不排名/);
    await accessible(d);
    await d.focus(".phones .datatable");
    await d.keyboard.press("Tab");
    assert.match(await d.evaluate(() => document.activeElement.getAttribute("href")), /^tel:/, "by keys alone to the first to call");
    if (process.env.SHOT) await d.screenshot({ path: process.env.SHOT });

    await p.unroute("**/api/records");
    await p.click(".parcel.refused .btn.main");
    await p.waitForSelector(".people");
    await p.click(".savebutton");
    await until("it is sent", async () => (await unsent(p)) === 0);
    await until("the desk sees none", async () => (await look(), (await rowOf(d).count()) === 0));
    await d.evaluate(() => localStorage.setItem("wangge.language", "en"));
    await look(true);
    assert.match(await text(d, ".phones"), /nothing waits/);
    await accessible(d);
    assert.deepEqual([...p.errors, ...d.errors], []);
    assert.ok(said.length >= 2 && said.every((b) => Number.isInteger(b.left)), "each batch says what is left");
});

test("no field tells when somebody was there, and who walks doors asks nothing of others", async () => {
    const office = await asks(`village-${village}`);
    const rows = await office.ask("screening/phones", { area: village });
    assert.ok(rows.length > 0);
    for (const r of rows) assert.deepEqual(Object.keys(r).sort(), ["area", "area_name", "due", "name", "oldest", "phone", "unsent", "worker"]);
    assert.deepEqual(rows.map((r) => r.area), rows.map((r) => r.area).sort(), "in the order of areas");
    await assert.rejects((await asks(`grid-${grid}`)).ask("screening/phones", { area: grid }));
});
