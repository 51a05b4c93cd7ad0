// fork.spec.mjs - a village's ledger is rewritten while nobody looks: the phone that was answered before says so, in words, and tells the auditor.
import assert from "node:assert/strict";
import { test } from "node:test";
import { rewrite } from "../ledger.mjs";
import { axe, grid, page, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";
import { auditor, folder, serveAgain, stop, store, url, village } from "./watched.mjs";

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
    await signInBy(p, `grid-${grid}`, undefined, url);
    await p.locator(unvisited).first().tap();
    await well(p);
    await until("the answer is remembered", async () => (await kept(p, "heads")).length === 1);
    const [head] = await kept(p, "heads");
    assert.equal(head.ledger, village);
    const asked = p.waitForResponse(/core\/digest/);
    await p.reload();
    await asked;
    await p.waitForTimeout(300);
    assert.equal(await p.locator(".fork").count(), 0, "nothing is wrong yet");

    await stop();
    const changed = rewrite(folder, village, (r) => r.position === 3 && r.body.replace(/}$/, ',"order":7}').replace(/"order":\d+,(.*"order":7)/, "$1"));
    assert.ok(changed > 3);
    await serveAgain(store);

    await p.reload();
    await p.waitForSelector(".fork");
    assert.match(await text(p, ".fork"), /账本对不上/);
    assert.match(await text(p, ".fork"), new RegExp(`账本 ${village} 第 ${head.last.position} 条`));
    await until("it is reported", async () => /已写入账本/.test(await text(p, ".fork")));
    const he = await auditor();
    const [fork] = await he.ask("core/forks", { area: village });
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
    assert.equal((await he.ask("core/forks", { area: village })).length, 1, "and reported once");
    assert.deepEqual(p.errors, []);
});
