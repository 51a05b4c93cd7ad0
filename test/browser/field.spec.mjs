// field.spec.mjs - the phone: few taps, nothing lost, whatever the network does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asks, at, enter, grid, none, phone, text, until, unvisited, well } from "./browser.mjs";

const unsent = async (p) => Number(await text(p, ".unsent .count"));
const worker = await asks(`grid-${grid}`);
/** Visits of the round that stands; earlier rounds had theirs. */
const visits = async (household) => {
    const round = (await worker.ask("screening/rounds", { area: grid })).find((r) => r.current).round;
    return (await worker.ask("screening/household", { area: grid, household })).filter((v) => v.round === round);
};
const state = async (household) => {
    const left = await worker.ask("screening/doors", { area: grid });
    return left.find((d) => d.household === household)?.state ?? "entered";
};
/** Opens the list and answers with a household nobody has entered, not among the first `skip`. */
async function doors(skip = 0, language = "zh") {
    const p = await enter(`grid-${grid}`, phone, language);
    await p.waitForSelector(".doors .list a[data-state=pending]");
    const link = p.locator(unvisited).nth(skip);
    return { p, link, household: await link.getAttribute("data-slot") };
}
test("an unchanged household takes no more than ten taps, and the visit arrives", async () => {
    const { p, link, household } = await doors();
    await link.tap();
    await p.waitForSelector(".people");
    assert.ok(await p.isDisabled(".savebutton"), "nothing is chosen beforehand");
    const taps = 1 + (await well(p));
    assert.ok(taps <= 10, `${taps} taps`);
    await p.waitForSelector(".toasts p");
    await until("it arrived", async () => (await state(household)) === "entered");
    await until("nothing is unsent", async () => (await unsent(p)) === 0);
    const [visit] = await visits(household);
    assert.equal(visit.method, "at_door");
    assert.equal(visit.outcome, "completed");
    assert.ok(visit.checked > 0);
    assert.ok(!p.url().includes(household), "on to the next door");
    assert.equal(await p.locator(".visit [aria-checked=true]:not([data-tab])").count(), 0, "whose form is empty");
    assert.deepEqual(p.errors, []);
});

test("a visit without a network survives a reload and is sent later", async () => {
    const { p, link, household } = await doors(1);
    await link.tap();
    await p.waitForSelector(".people");
    await p.waitForTimeout(2500); // the other pages are fetched meanwhile
    await p.context().setOffline(true);
    await well(p);
    await until("it is kept", async () => (await unsent(p)) === 1);
    assert.equal(await state(household), "pending");
    // The pages come back, the records still find no way.
    await p.route("**/api/records", (r) => r.abort());
    await p.context().setOffline(false);
    await p.reload();
    await until("it is still here after the reload", async () => (await unsent(p)) === 1);
    await at(p, "field", "out");
    await p.waitForSelector(".parcel.waiting");
    await p.unroute("**/api/records");
    await p.click(".outbox .btn");
    await until("it arrived", async () => (await state(household)) === "entered");
    await until("nothing is unsent", async () => (await unsent(p)) === 0);
    assert.equal((await visits(household)).length, 1, "once");
});

test("an answer that was lost is asked for again under the same id", async () => {
    const { p, link, household } = await doors(2);
    let times = 0;
    await p.route("**/api/records", async (r) => {
        if (times++) return r.continue();
        await r.fetch(); // the server has it, the phone does not know
        await r.abort();
    });
    await link.tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is sent again", () => times >= 2);
    await until("nothing is unsent", async () => (await unsent(p)) === 0);
    assert.equal((await visits(household)).length, 1, "once");
});

test("a refused record comes back in words, is mended and sent", async () => {
    const { p, link, household } = await doors(3);
    await p.route("**/api/records", async (r) => {
        const { records } = r.request().postDataJSON();
        const results = records.map(({ id }) => ({ id, status: "refused", error: { key: "field.phone", field: "note", again: false } }));
        await r.fulfill({ json: { results } });
    });
    await link.tap();
    await p.waitForSelector(".people");
    await well(p);
    await p.waitForSelector(".toasts p");
    await at(p, "field", "out");
    await p.waitForSelector(".parcel.refused");
    assert.match(await text(p, ".parcel.refused"), /电话号码不对/);
    assert.equal(await unsent(p), 1, "still counted");
    await p.unroute("**/api/records");
    await p.click(".parcel.refused .btn.main");
    await p.waitForSelector(".people");
    assert.equal(await p.getAttribute("[data-value=at_door]", "aria-checked"), "true", "as it was written");
    await p.click(".savebutton");
    await until("it arrived", async () => (await state(household)) === "entered");
    await until("nothing is unsent", async () => (await unsent(p)) === 0);
});

test("nobody home: a notice, another hour, and the door is under Again", async () => {
    const { p, link, household } = await doors(4);
    await link.tap();
    await p.click("[data-tab=no_answer]");
    await p.click("[data-value=at_door]");
    await p.click("[data-value=yes]");
    await p.locator(".visit .card").nth(2).locator("button").first().tap();
    await p.click(".savebutton");
    await until("it is to be visited again", async () => (await state(household)) === "retry");
    const left = await worker.ask("screening/doors", { area: grid });
    assert.ok(left.find((d) => d.household === household).retry_at > Date.now());
});

test("who is different is tapped out of the list: 3-7-8 is a fever, in red and in words", async () => {
    const { p, link, household } = await doors(5);
    await link.tap();
    await p.waitForSelector(".people");
    await p.click("[data-value=at_door]");
    await p.click("[data-value=told_by_person]");
    await p.locator(".people li button:not(.away)").first().tap();
    await p.click(".dialog [data-value=temp]");
    for (const digit of ["3", "7", "8"]) await p.click(`.keypad .keys button:text-is("${digit}")`);
    assert.match(await text(p, ".keypad .shown"), /37\.8.*发热/s);
    await p.click(".dialog footer .btn");
    await none(p);
    await p.click(".savebutton");
    await until("it arrived", async () => (await state(household)) === "entered");
});

test("nothing is wider than a small phone, in either language and in large type", async () => {
    for (const language of ["zh", "en"]) {
        const p = await enter(`grid-${grid}`, { width: 360, height: 740 }, language);
        const wide = () => p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        await p.evaluate(() => localStorage.setItem("wangge.size", "large"));
        await p.reload();
        await p.waitForSelector(unvisited);
        assert.equal(await wide(), 0, `${language} doors`);
        await p.locator(unvisited).first().click();
        await p.waitForSelector(".people");
        for (const tab of ["no_answer", "refused", "other", "someone"]) {
            await p.click(`[data-tab=${tab}]`);
            assert.equal(await wide(), 0, `${language} visit, ${tab}`);
        }
        for (const hash of ["newdoor", "out", "me"]) {
            await at(p, "field", hash);
            await p.waitForSelector("main .panel, main .outbox");
            if (hash === "newdoor") {
                await p.click("[data-value=new]");
                await p.click("[data-value=rent]");
                await p.click(".newdoor [data-value=yes]");
            }
            assert.equal(await wide(), 0, `${language} ${hash}`);
        }
    }
});

test("a door and its household that are in no list are registered as one walks", async () => {
    const { p } = await doors();
    const before = (await worker.ask("household/list", { area: grid })).length;
    await at(p, "field", "newdoor");
    await p.click("[data-value=new]");
    await p.fill(".newdoor .card:nth-of-type(2) .input >> nth=1", "新巷9号");
    await p.click("[data-value=self]");
    await p.click(".newdoor [data-value=yes]");
    await p.click("[data-value=resident]");
    await p.locator(".newdoor .card").last().locator("button").tap();
    await p.fill(".newdoor .person .input >> nth=0", "陈试");
    await p.click(".savedoor");
    await until("it arrived", async () => (await worker.ask("household/list", { area: grid })).length === before + 1);
    await until("nothing is unsent", async () => (await unsent(p)) === 0);
    assert.deepEqual(p.errors, []);
});

test("what a visit finds wrong in the register is mended with it: away, back, living elsewhere", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(".doors .list a[data-state=pending]");
    const homes = (await worker.ask("household/people", { area: grid })).reduce((m, r) => m.set(r.household, [...(m.get(r.household) ?? []), r]), new Map());
    const links = await p.locator(unvisited).evaluateAll((all) => all.map((a) => a.dataset.slot));
    const day = new Date().toISOString().slice(0, 10);
    const household = links.find((h) => (homes.get(h) ?? []).filter((m) => !(m.away_until >= day)).length >= 3);
    const before = homes.get(household).filter((m) => !(m.away_until >= day)).length;
    await p.click(`[data-slot="${household}"]`);
    await p.waitForSelector(".people");
    const people = p.locator(".people li button:not(.away)");
    await people.nth(0).tap();
    await p.click(".dialog [data-value=away]");
    assert.ok(await p.isDisabled(".dialog footer .main"), "until when?");
    await p.click(".dialog .choice >> nth=1 >> [data-value]");
    const last = await p.inputValue("[name=until]");
    await p.click(".dialog footer .main");
    await people.nth(0).tap();
    await p.click(".dialog [data-value=gone]");
    await p.click(".dialog footer .main");
    await until("two fewer are at home", async () => (await people.count()) === before - 2);
    await well(p);
    await p.waitForSelector(".toasts p");
    await until("all is sent", async () => (await unsent(p)) === 0);
    const after = await worker.ask("household/members", { area: grid, household });
    assert.equal(after.length, homes.get(household).length - 1);
    assert.equal(after.filter((m) => m.away_until === last).length, 1);
    const [visit] = await visits(household);
    assert.deepEqual([visit.outcome, visit.persons, visit.checked], ["completed", before - 2, before - 2]);
    assert.deepEqual(p.errors, []);
});
