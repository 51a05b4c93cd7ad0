// day.spec.mjs - days as they are: fifty doors without a network, answers that never arrive, a server that goes and comes,
// clocks that are wrong, two at one door, three workers and their sum.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accounts, borrow, newId, serve, signIn } from "../program.mjs";
import { grid, none, page, password, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";
import { way } from "./way.mjs";

const village = grid.slice(0, 12), city = process.env.TEST_CITY;
const unsent = async (p) => Number(await text(p, ".unsent .count"));
const kept = (p, n) => until(`${n} are kept`, async () => (await unsent(p)) === n, 30);
const gone = (p, seconds = 60) => until("all is sent", async () => (await unsent(p)) === 0, seconds);
const outbox = (p) =>
    p.evaluate(async () => {
        const db = await new Promise((ok) => (indexedDB.open("wangge").onsuccess = (e) => ok(e.target.result)));
        const all = db.transaction("outbox").objectStore("outbox").getAll();
        const rows = await new Promise((ok) => (all.onsuccess = () => ok(all.result)));
        db.close();
        return rows.sort((a, b) => a.seq - b.seq).map(({ id, seq, state, answer, error }) => ({ id, seq, state, answer, error }));
    });
/** A server of one's own on a copy of the city, and the way to it. */
async function town() {
    const { store } = borrow(city), started = () => serve(store, "--requests", "100000");
    let server = await started();
    const w = await way(server.url);
    const t = {
        w,
        url: () => server.url,
        async restart(work) {
            await server.kill("SIGTERM");
            await work?.();
            server = await started();
            w.target = server.url;
        },
        as: (name) => signIn(server.url, name, password),
        async position(name = `grid-${grid}`) {
            const he = await t.as(name);
            const said = await fetch(`${server.url}/api/bundle?area=${name.slice(5)}`, { headers: { Authorization: `Bearer ${he.session.token}` } });
            return (await said.json()).position;
        },
    };
    after(() => (w.end(), server.kill("SIGKILL")));
    return t;
}
async function walker(t, name = `grid-${grid}`, how = {}) {
    const p = await page(phone, "zh", how);
    await signInBy(p, name, password, t.w.url);
    await p.waitForSelector(".doors .list a[data-state]");
    await p.waitForTimeout(2500); // every page of the face is fetched
    return p;
}
const doors = (p) => p.goto(`${new URL(p.url()).origin}/field.html#/doors`);
async function next(p) {
    await doors(p);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
}
/** Down the list, whether somebody was there before or not. */
async function visits(p, from, to) {
    for (let n = from; n <= to; n++) {
        await p.goto(`${new URL(p.url()).origin}/field.html#/doors?filter=all`);
        await p.locator(".doors .list a[href*=household]").nth(n).evaluate((a) => a.click());
        await p.waitForSelector("[data-value=told_by_family]");
        await well(p);
        await kept(p, n);
    }
}

test("fifty doors without a network, the page closed and killed in between; answers get lost; each is there once, in order", async () => {
    const t = await town(), before = await t.position();
    const p = await walker(t, undefined, { workers: "allow" });
    await until("it is installed", () => p.evaluate(() => !!navigator.serviceWorker.controller), 30);
    t.w.cut(true);
    await visits(p, 1, 25);
    const q = await p.context().newPage();
    await p.close();
    await q.goto(`${t.w.url}/field.html#/doors`);
    await q.waitForSelector(".doors .list a[data-state]");
    await visits(q, 26, 49);
    // The fiftieth: as soon as the screen goes on, the page is no more.
    await next(q);
    const here = q.url();
    await well(q);
    await q.waitForURL((u) => u.href !== here);
    const r = await q.context().newPage();
    await q.close();
    await r.goto(`${t.w.url}/field.html#/doors`);
    await r.waitForSelector(".doors .list a[data-state]");
    await kept(r, 50);
    t.w.lose = 4;
    t.w.cut(false);
    await r.goto(`${t.w.url}/field.html#/out`);
    await r.click(".outbox .btn");
    await gone(r, 90);
    const rows = await outbox(r);
    assert.equal(t.w.lost, 4);
    assert.deepEqual([rows.length, new Set(rows.map((x) => x.state)).size, rows[0].state], [50, 1, "sent"]);
    assert.ok(rows.some((x) => x.answer.status === "repeated"), "what the server had was told again");
    const places = rows.map((x) => x.answer.position);
    assert.deepEqual(places, [...places].sort((a, b) => a - b), "in the order of making");
    assert.equal(await t.position(), before + 50, "each once, and nothing else");
    assert.deepEqual(r.errors ?? [], []);
});

test("the server goes while records are on their way, and comes again: all arrive once, by themselves", async () => {
    const t = await town(), before = await t.position();
    const p = await walker(t);
    t.w.cut(true);
    await visits(p, 1, 3);
    t.w.lose = 1;
    t.w.cut(false);
    await t.restart(async () => {
        await p.goto(`${t.w.url}/field.html#/out`);
        await p.click(".outbox .btn");
        await p.waitForTimeout(500);
        assert.ok((await unsent(p)) > 0);
    });
    await p.evaluate(() => setInterval(() => dispatchEvent(new Event("online")), 500)); // as a phone tells that there is a network
    await gone(p);
    assert.equal(await t.position(), before + 3);
    assert.deepEqual(p.errors, []);
});

test("a phone whose clock is wrong by a day: its visits stand at the right hour, whichever way; one made in the future is said to be", async () => {
    const t = await town(), he = await t.as(`grid-${grid}`), day = 86_400_000;
    for (const off of [-day, day]) {
        const p = await page(phone);
        await p.addInitScript((by) => {
            const now = Date.now;
            Date.now = () => now() + by + (window.further ?? 0);
            const D = Date;
            window.Date = class extends D {
                constructor(...words) {
                    super(...(words.length ? words : [D.now()]));
                }
            };
        }, off);
        await signInBy(p, `grid-${grid}`, password, t.w.url);
        await p.waitForSelector(".doors .list a[data-state]");
        const slot = await p.locator(unvisited).first().getAttribute("data-slot");
        await next(p);
        await well(p);
        await until("it is kept", async () => (await outbox(p)).length === 1);
        await gone(p);
        const [visit] = (await he.ask("screening/household", { area: grid, household: slot })).slice(-1);
        assert.ok(Math.abs(visit.at - Date.now()) < 60_000, `${off}: ${new Date(visit.at).toISOString()}`);
        if (off < 0) continue;
        // Made while the clock was an hour further still, which somebody has mended since.
        await p.evaluate(() => (window.further = 3_600_000));
        await next(p);
        await p.route("**/api/records", (r) => r.abort());
        await well(p);
        await kept(p, 1);
        await p.evaluate(() => (window.further = 0));
        await p.unroute("**/api/records");
        await p.goto(`${t.w.url}/field.html#/out`);
        await p.click(".outbox .btn");
        await until("it is said", async () => /手机时间|时钟|时间/.test(await text(p, ".parcel.refused .bad")));
        assert.equal((await outbox(p)).at(-1).error.key, "clock.ahead");
        assert.equal(await unsent(p), 1, "and is not lost");
    }
});

test("two phones at one door on one day: both visits are kept, the door is counted once", async () => {
    const t = await town(), he = await t.as(`grid-${grid}`);
    const figures = async () => (await he.ask("screening/map", { area: grid })).reduce((n, r) => n + r.entered, 0);
    const before = await figures(), at = await t.position();
    const [a, b] = [await walker(t), await walker(t)];
    t.w.cut(true);
    const slots = [];
    for (const p of [a, b]) {
        slots.push(await p.locator(unvisited).first().getAttribute("data-slot"));
        await next(p);
        await well(p);
        await kept(p, 1);
    }
    assert.equal(slots[0], slots[1]);
    t.w.cut(false);
    for (const p of [a, b]) {
        await p.goto(`${t.w.url}/field.html#/out`);
        await p.click(".outbox .btn");
        await gone(p);
    }
    assert.deepEqual([await t.position(), await figures()], [at + 2, before + 1]);
});

test("a day of three workers, one of them without a network all morning: what their phones show adds up to what the server shows", async () => {
    const t = await town(), names = ["01", "02", "03"].map((n) => `grid-${village}${n}`);
    const known = accounts(city).map(([name]) => name);
    assert.ok(names.every((n) => known.includes(n)));
    const phones = [];
    for (const name of names) phones.push(await walker(t, name));
    await phones[2].route("**/api/**", (r) => r.abort());
    const acts = {
        well: async (p) => void (await well(p)),
        nobody: async (p) => {
            await p.click("[data-tab=no_answer]");
            await p.click("[data-value=at_door]");
            await p.click(".visit [data-value=yes]");
            await p.locator(".visit .card:has(h2:text('再')) [data-value]").first().click();
            await p.click(".savebutton");
        },
        refused: async (p) => {
            await p.click("[data-tab=refused]");
            await p.click("[data-value=at_door]");
            await p.click(".savebutton");
        },
        fever: async (p) => {
            await p.click("[data-value=at_door]");
            await p.click("[data-value=told_by_family]");
            await none(p);
            await p.locator(".people li button:not(.away)").first().tap();
            await p.click(".dialog [data-value=temp]");
            for (const digit of ["3", "7", "8"]) await p.click(`.keypad .keys button:text-is("${digit}")`);
            await p.locator(".dialog .btn.main").last().click();
            if (await p.locator(".dialog").count()) await p.keyboard.press("Escape");
            await p.click(".savebutton");
        },
    };
    const plan = ["well", "nobody", "refused", "fever", "well", "well"];
    for (const [i, p] of phones.entries())
        for (const [n, act] of plan.slice(0, 4 + i).entries()) {
            await next(p);
            const here = p.url();
            await acts[act](p);
            await p.waitForURL((u) => u.href !== here).catch((e) => assert.fail(`${names[i]} ${n} ${act}: ${e.message}`));
        }
    assert.equal(await unsent(phones[2]), 6);
    await phones[2].unroute("**/api/**");
    const shown = { households: 0, entered: 0, again: 0 };
    for (const p of phones) {
        await p.goto(`${t.w.url}/field.html#/out`);
        await p.click(".outbox .btn");
        await gone(p);
        await doors(p);
        await p.reload();
        await p.waitForSelector(".doors .list a[data-state]");
        const [, again, done] = (await p.locator(".doors .chips b").allTextContents()).map(Number);
        shown.households += Number((await text(p, ".doors .sum")).match(/\/ *(\d+)/)[1]);
        shown.entered += done;
        shown.again += again;
        assert.deepEqual(p.errors, []);
    }
    const sums = { households: 0, entered: 0, again: 0 };
    for (const name of names) {
        const he = await t.as(name);
        for (const r of await he.ask("screening/map", { area: name.slice(5) })) {
            sums.households += r.households;
            sums.entered += r.entered;
            sums.again += r.refused + r.retry;
        }
    }
    assert.deepEqual(shown, sums);
});
