// fork.spec.mjs - a village's ledger is rewritten while nobody looks: the phone that was answered before says so, in words, and tells the auditor.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { rewrite } from "../ledger.mjs";
import { borrow, serve, signIn, wangge } from "../program.mjs";
import { axe, grid, page, password, phone, text, until } from "./browser.mjs";

const village = grid.slice(0, 12);
const { folder, store } = borrow(process.env.TEST_CITY);
wangge(...`worker add --name 何霜降 --account he --role auditor --phone 10090000009 --password grid-2020-he --area ${village} --store ${store}`.split(" "));
let server = await serve(store, "--requests", "100000");
const { url } = server;
after(() => server.kill("SIGKILL"));

/** What this browser remembers of a kind; a database that is not there yet is not made by asking. */
const kept = (p, kind) =>
    p.evaluate(async (name) => {
        if (!(await indexedDB.databases()).some((d) => d.name === "wangge.heads")) return [];
        return new Promise((resolve) => {
            const open = indexedDB.open("wangge.heads");
            open.onsuccess = () => {
                const all = open.result.transaction(name).objectStore(name).getAll();
                all.onsuccess = () => (open.result.close(), resolve(all.result));
            };
        });
    }, kind);

test("a ledger rewritten behind a phone's back is said on its screen and reported", async () => {
    const p = await page(phone);
    await p.goto(url);
    await p.fill("[name=name]", `grid-${grid}`);
    await p.fill("[name=password]", password);
    await p.click("button[type=submit]");
    await p.locator(".doors .list a[data-state=pending][href*=household]").first().tap();
    await p.click("[data-value=at_door]");
    await p.click("[data-value=told_by_family]");
    if (await p.locator(".questions .none").count()) await p.click(".questions .none");
    await p.click(".savebutton");
    await until("the answer is remembered", async () => (await kept(p, "heads")).length === 1);
    const [head] = await kept(p, "heads");
    assert.equal(head.ledger, village);
    const asked = p.waitForResponse(/core\/digest/);
    await p.reload();
    await asked;
    await p.waitForTimeout(300);
    assert.equal(await p.locator(".fork").count(), 0, "nothing is wrong yet");

    await server.kill("SIGTERM");
    const changed = rewrite(folder, village, (r) => r.position === 3 && r.body.replace(/}$/, ',"order":7}').replace(/"order":\d+,(.*"order":7)/, "$1"));
    assert.ok(changed > 3);
    server = await serve(store, "--requests", "100000", "--listen", new URL(url).host);

    await p.reload();
    await p.waitForSelector(".fork");
    assert.match(await text(p, ".fork"), /账本对不上/);
    assert.match(await text(p, ".fork"), new RegExp(`账本 ${village} 第 ${head.last.position} 条`));
    await until("it is reported", async () => /已写入账本/.test(await text(p, ".fork")));
    const auditor = await signIn(url, "he", "grid-2020-he");
    const [fork] = await auditor.ask("core/forks", { area: village });
    assert.equal(fork.position, head.last.position);
    assert.equal(fork.digest, head.last.digest);
    assert.equal(fork.stands, fork.found);
    assert.equal(fork.same, 0);
    assert.equal((await kept(p, "forks"))[0].digest, head.last.digest);

    // It is said again at the next start, in the language of the page, and everybody can read it.
    await p.evaluate(() => localStorage.setItem("wangge.language", "en"));
    await p.reload();
    await p.waitForSelector(".fork");
    assert.match(await text(p, ".fork"), /The ledger does not match/);
    await p.evaluate(axe);
    const { violations } = await p.evaluate(() => window.axe.run(".fork"));
    assert.deepEqual(violations.map((v) => v.id), []);
    await p.click(".fork button");
    assert.equal(await p.locator(".fork").count(), 0);
    assert.equal((await auditor.ask("core/forks", { area: village })).length, 1, "and reported once");
    assert.deepEqual(p.errors, []);
});
