// command.spec.mjs - the desk: map, tree, table and panel of one area, moving by themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../program.mjs";
import { asks, at, enter, grid, text, until } from "./browser.mjs";

const village = grid.slice(0, 12);
const rows = (p) => p.getAttribute("[role=table]", "aria-rowcount").then(Number);

test("coverage has one row a child and, asked so, one a village", async () => {
    const p = await enter("city");
    await at(p, "command", "coverage?area=440514");
    await until("11 towns", async () => (await rows(p)) === 11);
    await p.check("[name=villages]");
    await until("232 villages", async () => (await rows(p)) === 232);
    await at(p, "command", "coverage?area=4405");
    await until("1087 villages", async () => (await rows(p)) === 1087);
    assert.ok((await p.locator("[role=table] [data-row]").count()) < 80, "only the rows in sight are drawn");
    assert.deepEqual(p.errors, []);
});

test("the map is drawn in the colours of the classes and says that its shapes are synthetic", async () => {
    const p = await enter("district-440514");
    await p.waitForSelector(".areamap canvas");
    const seen = () =>
        p.evaluate(() => {
            const c = document.querySelector(".areamap canvas");
            const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
            const colours = new Set();
            for (let i = 0; i < data.length; i += 64) if (data[i + 3]) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
            return ["#8c2d04", "#d9691a", "#f6b26b", "#f3e9c6", "#8ec1de", "#1f6fae"].filter((h) => colours.has(parseInt(h.slice(1), 16)))
                .length;
        });
    await until("three classes or more on the map", async () => (await seen()) >= 3);
    assert.equal(await text(p, ".synthetic"), "合成数据,非行政界线");
    const legend = await p.getAttribute(".legend", "aria-label");
    assert.match(legend, /无数据/);
    assert.deepEqual(p.errors, []);
});

test("one selection: a click on the map moves tree, table, panel and address", async () => {
    const p = await enter("district-440514");
    await p.waitForSelector(".areamap canvas");
    await until("figures", async () => /%/.test(await text(p, ".figures .big")));
    const box = await p.locator(".areamap .holder").boundingBox();
    for (const [x, y] of [
        [0.5, 0.5],
        [0.45, 0.45],
        [0.55, 0.55],
        [0.5, 0.4],
    ]) {
        await p.mouse.click(box.x + box.width * x, box.y + box.height * y);
        await p.waitForTimeout(300);
        if (/area=/.test(p.url())) break;
    }
    const area = /area=(\d+)/.exec(p.url())?.[1];
    assert.ok(area?.startsWith("440514") && area.length > 6, p.url());
    await p.waitForSelector(`.tree [aria-selected=true]`);
    const name = await text(p, ".right h1");
    assert.equal(await text(p, ".tree [aria-selected=true] .name"), name);
    assert.equal(await text(p, ".crumbs [aria-current=location]"), name);
    await p.click(".crumbs li:first-child a");
    await until("back to the district", async () => (await text(p, ".right h1")) !== name);
    assert.deepEqual(p.errors, []);
});

test("the panel names who answers, with phones, and what nobody answers for", async () => {
    const p = await enter("city");
    await at(p, "command", `post?area=${village}`);
    await p.waitForSelector(".chain a[href^='tel:100']");
    assert.ok((await p.locator(".chain li").count()) >= 4, "city, district, town, village");
    await at(p, "command", "holes?area=4405");
    await until("holes", async () => (await rows(p)) > 0);
    await at(p, "command", `left?area=${village}`);
    await until("doors not entered", async () => (await rows(p)) > 0);
    assert.match(await text(p, "[role=table]"), /\*\*/, "a commander sees masks");
    await p.locator("[role=table] [data-row]", { hasText: "100****" }).first().locator("button").click();
    await p.click("[data-value=call]");
    await p.click(".dialog footer .main");
    await p.waitForSelector(".dialog dl a[href^='tel:100']");
    assert.deepEqual(p.errors, []);
});

test("a visit elsewhere moves the figures without a reload", async () => {
    const p = await enter(`village-${village}`);
    await at(p, "command", `post?area=${village}`);
    const entered = async () => Number((await text(p, ".figures .pair a")).split("/")[0].replace(/\D/g, ""));
    await until("figures", async () => (await entered()) > 0);
    await p.waitForSelector(".figures .tag.ok");
    const before = await entered();
    const worker = await asks(`grid-${grid}`);
    const [round] = (await worker.ask("screening/rounds", { area: grid })).filter((r) => r.current);
    const [door] = (await worker.ask("screening/doors", { area: grid, state: "pending" })).filter((d) => d.household);
    await worker.post([
        {
            id: newId(),
            type: "screening.visit",
            area: door.area,
            at: Date.now(),
            body: { round: round.round, door: door.door, household: door.household, method: "phone", outcome: "completed" },
        },
    ]);
    await until("one more household", async () => (await entered()) === before + 1);
    assert.deepEqual(p.errors, []);
});

test("the tree is walked by keyboard", async () => {
    const p = await enter("district-440514");
    await p.waitForSelector(".tree [role=treeitem]");
    await p.focus(".tree [tabindex='0']");
    await p.keyboard.press("ArrowDown");
    await p.keyboard.press("ArrowRight");
    await p.keyboard.press("ArrowDown");
    await p.keyboard.press("Enter");
    await until("a village is selected", async () => /area=440514\d{6}/.test(p.url()));
});

test("a secretary opens a round; it freezes its lists and becomes the current one", async () => {
    const p = await enter(`village-${village}`);
    await at(p, "command", `rounds?area=${village}`);
    await p.click(".rounds header .main");
    await p.fill(".dialog [name=name]", "复核一轮");
    await p.click(".dialog [data-value=recheck]");
    await p.click(".dialog [data-value=educate]");
    await p.click(".dialog footer .main");
    await p.waitForSelector(".dialog", { state: "detached" });
    await until("the round is open in its village", async () => /1 \/ 1/.test(await text(p, ".rounds .round:first-of-type")));
    await until("and current", async () => /复核一轮[^]*当前/.test(await text(p, ".rounds .round:first-of-type")));
    assert.deepEqual(p.errors, []);
});
