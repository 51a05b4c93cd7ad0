// conflict.spec.mjs - two people without a network say different things of one household: both are heard, the later stands, the village settles it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signIn, wangge } from "../program.mjs";
import { accessible, desk, grid, page, password, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";
import { store, url, village } from "./watched.mjs";

const unsent = async (p) => Number(await text(p, ".unsent .count"));
wangge(..."worker add --name 秦小雪 --phone 10090000021 --account qin --role grid_worker".split(" "), "--area", grid, "--password", password, "--store", store);

async function walker(account) {
    const p = await page(phone);
    await signInBy(p, account, undefined, url);
    await p.waitForSelector(unvisited);
    await p.waitForTimeout(2500); // the other pages are fetched meanwhile
    await p.context().setOffline(true);
    return p;
}
/** At the household's door: the first at home is away until a day, the n-th of those offered. */
async function away(p, household, n) {
    await p.click(`[data-slot="${household}"]`);
    await p.waitForSelector(".people");
    await p.locator(".people li button:not(.away)").first().tap();
    await p.click(".dialog [data-value=away]");
    await p.locator(".dialog .choice >> nth=1 >> [data-value]").nth(n).click();
    const day = await p.inputValue("[name=until]");
    await p.click(".dialog footer .main");
    await well(p);
    await until("it is kept", async () => (await unsent(p)) === 2);
    return day;
}

test("away until this day and until that: the later stands, the other is kept beside it until the village has settled it", async () => {
    const office = await signIn(url, `village-${village}`, password), today = new Date().toISOString().slice(0, 10);
    const home = new Map();
    for (const m of await office.ask("household/people", { area: grid }))
        if (!(m.away_until >= today)) home.set(m.household, (home.get(m.household) ?? 0) + 1);
    const [a, b] = [await walker(`grid-${grid}`), await walker("qin")];
    const household = (await a.locator(unvisited).evaluateAll((all) => all.map((x) => x.dataset.slot))).find((h) => home.get(h) >= 2);
    const first = await away(a, household, 0);
    await new Promise((done) => setTimeout(done, 50));
    const later = await away(b, household, 1);
    assert.notEqual(first, later);
    for (const p of [b, a]) {       // the later one arrives first
        await p.context().setOffline(false);
        await p.goto(`${url}/field.html#/out`);
        await p.click(".outbox .btn");
        await until("all is sent", async () => (await unsent(p)) === 0);
    }
    const of = async () =>
        (await office.ask("household/members", { area: grid, household })).map((m) => m.away_until).filter((day) => [first, later].includes(day));
    assert.deepEqual(await of(), [later]);
    assert.equal((await office.ask("screening/household", { area: village, household })).length, 2, "both visits are kept");

    const d = await page(desk);
    await signInBy(d, `village-${village}`, undefined, url);
    await d.goto(`${url}/command.html#/conflicts?area=${village}`);
    const row = d.locator(".datatable [data-row]", { hasText: later });
    await row.waitFor();
    const said = await row.textContent();
    assert.ok(said.indexOf(later) < said.indexOf(first) && said.includes("秦小雪"), said);
    await accessible(d);
    if (process.env.SHOT) await d.screenshot({ path: process.env.SHOT });
    await row.locator("button").click();
    await until("it is settled", async () => (await row.count()) === 0);
    assert.deepEqual(await of(), [later]);
    assert.deepEqual([...a.errors, ...b.errors, ...d.errors], []);
});
