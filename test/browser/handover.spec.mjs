// handover.spec.mjs - doors go to somebody else: one act on one phone, and on the other all that waits at them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, asks, at, desk, enter, grid, password, phone, text, until, unvisited, url, well } from "./browser.mjs";

const village = grid.slice(0, 12);
const shots = process.env.SHOTS; // a folder, to look at what was tested
const shoot = async (p, name) => shots && (await p.waitForTimeout(400), await p.screenshot({ path: `${shots}/${name}.png`, fullPage: true }));
const unsent = async (p) => Number(await text(p, ".unsent .count"));
const sent = (p) => until("all is sent", async () => (await unsent(p)) === 0);
// The workers of two grids of one village get accounts.
const office = await asks(`village-${village}`);
const takers = await office.ask("duty/takers", { area: village });
const [mine, theirs] = [grid, `${village}02`].map((area) => takers.find((r) => r.area === area && r.role === "grid_worker"));
for (const [name, { worker }] of [["giver", mine], ["taker", theirs]]) {
    const headers = { Authorization: `Bearer ${office.session.token}`, "Content-Type": "application/json" };
    const { status } = await fetch(`${url}/api/account`, { method: "POST", headers, body: JSON.stringify({ name, worker, password }) });
    assert.equal(status, 200);
}
const [first, second] = [await asks("giver"), await asks("taker")];
const [gave, took] = [first, second].map((s) => s.session.name);

test("doors, what waits at them and what is still on the way go over in one act", async () => {
    const a = await enter("giver", phone);
    await a.waitForSelector(unvisited);
    const links = await a.locator(unvisited).evaluateAll((all) => all.slice(0, 2).map((l) => ({ href: l.getAttribute("href"), slot: l.dataset.slot })));
    const b = await enter("taker", phone);
    await b.waitForSelector(".doors .list a");
    await b.waitForTimeout(2500); // the other pages are fetched meanwhile
    await b.context().setOffline(true);

    // A promise and a note at one door, and nobody home there.
    await at(a, "field", links[0].href.slice(2));
    for (const [kind, words] of [["promise", "说好带降压药来"], ["note", "后门有狗,先打电话"]]) {
        await a.click("[data-leave]");
        await a.waitForSelector("[name=notetext]");
        await a.click(`.doornotes form [data-value=${kind}]`);
        await a.fill("[name=notetext]", words);
        if (kind === "promise") await shoot(a, "leave");
        await a.click("[name=leavenote]");
        await a.waitForSelector(`.doornotes >> text=${words}`);
    }
    await shoot(a, "door");
    await accessible(a);
    await a.click("[data-tab=no_answer]");
    await a.click("[data-value=at_door]");
    await a.click("[data-value=yes]");
    await a.locator(".visit .card:has(> h2)").last().locator("xpath=..").locator(".choice").last().locator("button").first().tap();
    await a.click(".savebutton");
    await a.waitForSelector(`.toasts >> text=已存本机:`);
    await sent(a);
    await at(a, "field", "notes");
    await a.waitForSelector("[data-sort=promise]");
    await shoot(a, "notes");
    await accessible(a);

    // To whom, and what goes.
    await at(a, "field", "me");
    await a.click("a[href='#/handover']");
    await a.waitForSelector(".handover [data-value]");
    assert.ok(await a.isDisabled("[name=hand]"), "nobody is chosen beforehand");
    await a.fill("[name=find]", second.session.name);
    await a.click(`.handover [data-value="${second.session.worker}"]`);
    const count = async (what) => Number(await text(a, `[data-count=${what}] dd`));
    assert.deepEqual([await count("notes"), await count("promises")], [1, 1]);
    assert.ok((await count("doors")) > 5 && (await count("retries")) >= 1);
    await shoot(a, "handover");
    await accessible(a);
    // A second phone of the same person is without a network when it happens.
    const c = await enter("giver", phone);
    await c.waitForSelector(unvisited);
    await c.waitForTimeout(2500);
    await c.context().setOffline(true);
    await at(c, "field", links[1].href.slice(2)).catch(() => undefined);
    await c.evaluate((hash) => (location.hash = hash), links[1].href);
    await c.waitForSelector(".people");
    await well(c);
    await until("it is kept", async () => (await unsent(c)) === 1);

    await a.fill("[name=handnote]", "发热就医");
    await a.click("[name=hand]");
    await shoot(a, "sure");
    await accessible(a);
    await a.click("[name=sure]");
    await sent(a);
    await a.waitForSelector("[data-handed=gave]");
    assert.match(await text(a, "[data-handed=gave]"), new RegExp(`交给了${took}`));
    await until("what one answers for is told anew", async () => (await a.locator(".me a[href='#/handover']").count()) === 0);
    await shoot(a, "gave");

    // The other learns of it with the next network.
    await b.context().setOffline(false);
    await b.reload();
    await at(b, "field", "me");
    await b.waitForSelector("[data-handed=took]");
    assert.match(await text(b, "[data-handed=took]"), new RegExp(`${gave}把.*交给了您.*1 条留言,1 个承诺`, "s"));
    await at(b, "field", "notes");
    await b.waitForSelector("text=说好带降压药来");
    await at(b, "field", `doors?area=${grid}&filter=again`);
    await b.waitForSelector(`[data-slot="${links[0].slot}"]`);
    await at(b, "field", links[0].href.slice(2));
    await b.waitForSelector(".doornotes >> text=后门有狗");

    // Done without a network, and it arrives.
    await b.context().setOffline(true);
    await b.locator(".doornotes li", { hasText: "降压药" }).locator("button").tap();
    await until("it is off the list", async () => (await b.locator(".doornotes li").count()) === 1);
    assert.equal(await unsent(b), 1);
    await b.context().setOffline(false);
    await b.evaluate(() => dispatchEvent(new Event("online")));
    await sent(b);
    assert.deepEqual((await second.ask("household/notes", { area: grid })).map((n) => n.text), ["后门有狗,先打电话"]);

    // What the giver had visited before arrives as visited, and both read it.
    await c.context().setOffline(false);
    await c.evaluate(() => dispatchEvent(new Event("online")));
    await sent(c);
    await at(c, "field", "me");
    await c.waitForSelector("[data-crossed=mine]");
    assert.match(await text(c, "[data-crossed=mine]"), /收到时已不归您/);
    await until("what one answers for is told anew here, too", async () => (await c.locator("a[href='#/handover']").count()) === 0);
    await shoot(c, "crossed-mine");
    await at(b, "field", "doors");
    await b.reload();
    await at(b, "field", "me");
    await b.waitForSelector("[data-crossed=theirs]");
    assert.match(await text(b, "[data-crossed=theirs]"), new RegExp(`${gave}.*收到时已归您`));
    await shoot(b, "crossed-theirs");
    await accessible(b);
    assert.equal((await second.ask("screening/household", { area: grid, household: links[1].slot }))[0].name, gave);
    assert.deepEqual([...a.errors, ...b.errors, ...c.errors], []);
});

test("the village sees who handed what to whom", async () => {
    const p = await enter(`village-${village}`, desk);
    await at(p, "command", `people?area=${village}`);
    await p.waitForSelector("[data-handed]");
    const row = await text(p, "[data-handed]");
    assert.ok(row.includes(gave) && row.includes(took), row);
    await shoot(p, "desk");
    await accessible(p);
    assert.deepEqual(p.errors, []);
});

test("in English, on a small phone", async () => {
    const p = await enter("taker", { width: 360, height: 740 }, "en");
    await p.waitForSelector(".doors .list a");
    for (const [hash, selector] of [["me", "[data-handed]"], ["notes", "[data-sort=word]"], ["handover", ".handover [data-value]"]]) {
        await at(p, "field", hash);
        await p.waitForSelector(selector);
        assert.equal(await p.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, hash);
        await shoot(p, `${hash}-en`);
    }
    assert.deepEqual(p.errors, []);
});
