// revoked.spec.mjs - an account is taken away while its phone holds unsent work: the lists go at the next contact, the work does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accounts, signIn, wangge } from "../program.mjs";
import { grid, page, password, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";
import { store, url, village } from "./watched.mjs";

const account = `grid-${grid}`, other = accounts(process.env.TEST_CITY).map(([name]) => name).find((name) => /^grid-\d+$/.test(name) && name !== account);
const rows = (p, name) =>
    p.evaluate(
        (of) =>
            new Promise((ok) => {
                indexedDB.open("wangge").onsuccess = (e) => {
                    const db = e.target.result;
                    db.transaction(of).objectStore(of).getAll().onsuccess = ({ target }) => {
                        db.close();
                        ok(target.result.map((row) => ({ ...row, box: !!row.box, office: !!row.office })));
                    };
                };
            }),
        name,
    );

test("whose account is taken away keeps no list and loses no visit: whoever uses the phone next brings it in, in the maker's name", async () => {
    const { worker } = (await signIn(url, account, password)).session;
    const p = await page(phone);
    await signInBy(p, account, undefined, url);
    await p.waitForSelector(unvisited);
    await p.route("**/api/records", (r) => r.abort());
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    const household = new URLSearchParams((await p.evaluate(() => location.hash)).split("?")[1]).get("household");
    await well(p);
    await until("it is kept", async () => (await text(p, ".unsent .count")) === "1");
    assert.ok((await rows(p, "kept")).length > 0);

    wangge("account", "drop", account, "--store", store);
    await p.unroute("**/api/records");
    await p.reload();
    await p.waitForSelector("[name=password]");
    await until("the lists are gone", async () => (await rows(p, "kept")).length === 0);
    const [left, ...more] = await rows(p, "outbox");
    assert.deepEqual([left.worker, left.state, left.box, left.office, left.record, more.length], [worker, "waiting", true, true, undefined, 0]);
    await assert.rejects(signIn(url, account, password), "nobody signs in by it");

    const seen = (await (await signIn(url, `village-${village}`, password)).ask("screening/household", { area: village, household })).length;
    await signInBy(p, other, undefined, url);
    await p.waitForSelector(".doors .list a[data-state]");
    await until("it is brought along", async () => (await text(p, ".unsent .count")) === "0");
    const visits = await (await signIn(url, `village-${village}`, password)).ask("screening/household", { area: village, household });
    assert.deepEqual([visits.length, visits[0].visit, visits[0].maker], [seen + 1, left.id, worker]);
    assert.deepEqual(p.errors, []);
});
