// bundle.spec.mjs - what the phone asks of the server: its grid whole once, then what changed; with a session that is in its vault alone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accounts, borrow, newId, serve, signIn } from "../program.mjs";
import { at, enter, grid, page, password, phone, pin, signInBy, text, until, unvisited, url, well } from "./browser.mjs";

const listed = ".doors .list a[data-state]";
/** What the page asks from now on; those of the bundle with what they said. */
function listen(p) {
    const asked = [], bundles = [];
    p.on("request", (r) => r.url().includes("/api/") && asked.push(new URL(r.url()).pathname));
    p.on("response", async (r) => {
        const address = new URL(r.url());
        if (address.pathname === "/api/bundle" && r.ok()) bundles.push({ since: address.searchParams.get("since"), ...(await r.json()) });
    });
    return { asked, bundles };
}
const kept = (p) =>
    p.evaluate(async () => {
        const db = await new Promise((ok) => (indexedDB.open("wangge").onsuccess = (e) => ok(e.target.result)));
        const all = db.transaction("kept").objectStore("kept").getAllKeys();
        return new Promise((ok) => (all.onsuccess = () => ok(all.result.map((k) => k.split("|")[1]))));
    });

test("the whole comes once and with it every list; then a visit is all that comes", async () => {
    const p = await page(phone);
    const { asked, bundles } = listen(p);
    await signInBy(p, `grid-${grid}`);
    await p.waitForSelector(listed);
    await p.waitForTimeout(2500);
    assert.deepEqual([bundles.length, bundles[0].whole, bundles[0].since], [1, true, null]);
    assert.deepEqual(asked.filter((path) => !/^\/api\/(session|bundle|heads)/.test(path)), [], "no question by itself");
    const door = p.locator(unvisited).first(), slot = await door.getAttribute("data-slot");
    await door.tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is sent", async () => (await text(p, ".unsent .count")) === "0" && asked.includes("/api/records"));
    await at(p, "field", "doors?filter=all");
    await until("the change came", () => bundles.length > 1);
    const { whole, since, touched } = bundles.at(-1);
    assert.deepEqual([whole, since, touched.length], [false, bundles[0].cursor, 1]);
    await until("it stands as the server says", async () => (await p.getAttribute(`[data-slot="${slot}"]`, "data-state")) === "entered");
    // As a phone that asks anew has it.
    const q = await enter(`grid-${grid}`, phone);
    await at(q, "field", "doors?filter=all");
    await q.waitForSelector(listed);
    assert.deepEqual(await p.locator(".doors .list a").evaluateAll((all) => all.map((a) => [a.dataset.slot, a.dataset.state])),
        await q.locator(".doors .list a").evaluateAll((all) => all.map((a) => [a.dataset.slot, a.dataset.state])), "rows and their order");
    assert.deepEqual([...p.errors, ...q.errors], []);
});

test("an answer that is spoilt or cut changes nothing, and words say that the list is of before", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(listed);
    const doors = await p.locator(".doors .list a").count();
    const good = { cursor: "x", whole: false, touched: [], tags: {}, parts: {}, ids: [] };
    const short = { "household/list": { columns: ["door"], rows: [7], ids: [] } };
    const wrong = [{ touched: null }, { parts: null }, { tags: undefined }, { whole: true }, { parts: short }, { cursor: 5 }];
    const spoilt = ["{", "[]", "null", '"', ...wrong.map((w) => JSON.stringify({ ...good, ...w }))];
    for (const body of spoilt) {
        await p.route("**/api/bundle**", (r) => r.fulfill({ contentType: "application/json", body }));
        const answered = p.waitForResponse("**/api/bundle**");
        await p.click(".doors .fresh");
        await answered;
        await until(`${body}: of before`, () => p.isVisible(".doors .warn"));
        assert.equal(await p.locator(".doors .list a").count(), doors, body);
        await p.unroute("**/api/bundle**");
        await p.click(".doors .fresh");
        await until("and it is of now", async () => !(await p.isVisible(".doors .head .warn")));
    }
    await p.reload();
    await p.waitForSelector(listed);
    assert.equal(await p.locator(".doors .list a").count(), doors);
    assert.deepEqual(p.errors, []);
});

test("the session is in the vault: no cookie opens anything, and before the PIN nothing is asked", async () => {
    const p = await page(phone, "zh", { unlocks: false });
    const type = async () => {
        for (const d of pin) await p.click(`.pin .keys button:text-is("${d}")`);
    };
    await signInBy(p, `grid-${grid}`);
    for (const stage of ["set", "again"]) {
        await p.waitForSelector(`.pin[data-stage=${stage}]`);
        await type();
    }
    await p.waitForSelector(listed);
    assert.deepEqual((await p.context().cookies()).map((c) => c.name), ["wangge_device"]);
    assert.deepEqual(await p.evaluate(() => Object.keys(sessionStorage)), ["wangge.who"], "nothing that opens is in the tab");
    assert.equal(await p.evaluate(async () => (await fetch("/api/session")).status), 401, "the browser by itself is nobody");
    const { asked } = listen(p);
    await p.goto(`${url}/`);
    await p.waitForURL(/field\.html/);
    await p.waitForSelector(".pin[data-stage=open]");
    await p.waitForTimeout(2500);
    assert.deepEqual(asked, ["/api/session"], "the first page looks for a desk's session");
    await type();
    await p.waitForSelector(listed);
    await until("the server knows who it is", async () => asked.includes("/api/bundle"));
    assert.deepEqual(p.errors, []);
});

test("a grid that is another's now leaves the phone; what is unsent stays", async () => {
    const { store } = borrow(process.env.TEST_CITY), server = await serve(store);
    after(() => server.kill("SIGKILL"));
    const known = new Map(accounts(process.env.TEST_CITY));
    const p = await page(phone);
    await signInBy(p, `grid-${grid}`, password, server.url);
    await p.waitForSelector(listed);
    await p.route("**/api/records", (r) => r.abort());
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is kept", async () => (await text(p, ".unsent .count")) === "1");
    assert.ok((await kept(p)).includes(`bundle:${grid}`));
    const office = await signIn(server.url, "city", known.get("city"));
    const { worker } = (await signIn(server.url, `grid-${grid}`, password)).session;
    const held = (await office.ask("duty/held", { area: grid })).filter((d) => d.worker === worker);
    const { results } = await office.post(
        held.map(({ duty, area }) => ({ id: newId(), type: "duty.end", area, at: Date.now(), body: { duty, reason: "moved" } })),
    );
    assert.deepEqual(results.map((r) => r.status), held.map(() => "stored"));
    await p.goto(`${server.url}/field.html#/doors`);
    await until("it is told", async () => !(await p.locator(listed).count()));
    await p.reload();
    await until("nothing of it is kept", async () => !(await kept(p)).includes(`bundle:${grid}`));
    assert.equal(await text(p, ".unsent .count"), "1");
});
