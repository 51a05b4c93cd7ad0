// offer.spec.mjs - a restore to an older backup loses acknowledged visits: the phone that made them offers them again, and who cannot says so and reports it.
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { wangge } from "../program.mjs";
import { sqlite } from "../ledger.mjs";
import { axe, grid, page, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";
import { auditor, folder, serveAgain, stop, store, url, village } from "./watched.mjs";

/** All of one kind this browser keeps; with `instead`, after these have taken their place. */
const rows = (p, base, kind, instead) =>
    p.evaluate(
        ([from, name, list]) =>
            new Promise((resolve) => {
                const open = indexedDB.open(from);
                open.onsuccess = () => {
                    const tx = open.result.transaction(name, "readwrite"), all = tx.objectStore(name);
                    if (list) all.clear();
                    for (const row of list ?? []) all.put(row);
                    const said = all.getAll();
                    tx.oncomplete = () => (open.result.close(), resolve(said.result));
                };
            }),
        [base, kind, instead],
    );
/** In the order of making. */
const parcels = async (p) => (await rows(p, "wangge", "outbox")).sort((a, b) => a.seq - b.seq);
const heads = (p) => rows(p, "wangge.heads", "heads");
/** Positions in the ledger of a store's folder, null where it is not. */
const positions = (where, list) =>
    list.map((x) => sqlite(where, `SELECT position FROM ledger_record WHERE id = x'${x.id.replaceAll("-", "")}';`)[0]?.position ?? null);

async function enter(p) {
    await signInBy(p, `grid-${grid}`, undefined, url);
    await p.waitForSelector(".doors .list a");
}
async function visit(p, n) {
    await p.goto(`${url}/field.html#/doors`);
    await p.locator(unvisited).first().tap();
    await well(p);
    await until("the visit is acknowledged", async () => (await parcels(p)).filter((x) => x.state === "sent").length === n);
}
/** What is in the backup is served from another folder under the same address; pages are told to sign in again. */
async function restore(from, to) {
    await stop();
    mkdirSync(join(folder, to));
    cpSync(join(folder, "wangge.db.keys.master"), join(folder, to, "wangge.db.keys.master"));
    const other = `sqlite:${join(folder, to, "wangge.db")}`;
    wangge("restore", "--from", join(folder, from), "--store", other);
    await serveAgain(other);
    return join(folder, to);
}

test("a visit that a restore lost is offered again, said and not reported; one nobody has any more is reported", async () => {
    const [p, q, r] = [await page(phone), await page(phone), await page(phone)];
    for (const one of [p, q, r]) await enter(one);
    await visit(p, 1);
    wangge("backup", "--to", join(folder, "older"), "--store", store);
    await visit(p, 2);
    await visit(p, 3);
    await visit(q, 1);
    await visit(r, 1);
    for (const one of [p, q, r]) await until("the answer is remembered", async () => (await heads(one)).length === 1);
    const made = await parcels(p);
    const [{ answer: first }, { answer: second }] = made;
    assert.ok(first.position <= second.safe && second.position > second.safe, "the backup has the first, not the second");
    await rows(q, "wangge", "outbox", []);
    await r.route("**/api/records", (way) => {
        const said = way.request().postDataJSON();
        for (const x of said.records) if (x.type === "screening.visit") x.body.outcome = "nowhere";
        return way.continue({ postData: JSON.stringify(said) });
    });

    const there = await restore("older", "there");
    assert.deepEqual(positions(there, made), [first.position, null, null], "the restore lost two");
    await enter(p);
    await until("they are acknowledged again", async () => (await parcels(p)).every((x) => x.state === "sent" && x.offered === x.incarnation));
    assert.deepEqual((await parcels(p)).map((x) => x.answer.status), ["repeated", "stored", "stored"]);
    const again = positions(there, made);
    assert.equal(again[0], first.position);
    assert.ok(again[1] > first.position && again[2] > again[1], `every visit is there again, in the order of making: ${again}`);
    await until("the screen says so", async () => /恢复了备份.*2 条已答复的记录丢失,已由本机重新提交,全部存好/s.test(await text(p, ".fork")));
    const he = await auditor();
    assert.deepEqual(await he.ask("core/forks", { area: village }), [], "what came back is no fork");
    await p.click(".fork button");
    await until("it is read", async () => (await rows(p, "wangge.heads", "forks")).every((f) => f.read));
    const asked = p.waitForResponse(/core\/digest/);
    await p.reload();
    await asked;
    await p.waitForTimeout(300);
    assert.equal(await p.locator(".fork").count(), 0, "and not said twice");
    assert.equal((await parcels(p)).filter((x) => x.state === "sent").length, 3);

    // The other phone has forgotten its visit: it cannot bring it back, and the auditor learns of it.
    const [head] = await heads(q);
    await q.evaluate(() => localStorage.setItem("wangge.language", "en"));
    await enter(q);
    const said = /The store was restored.*1 answered record was lost and not all came back.*written into the ledger, where/s;
    await until("it is reported", async () => said.test(await text(q, ".fork")));
    await q.evaluate(axe);
    const { violations } = await q.evaluate(() => window.axe.run(".fork"));
    assert.deepEqual(violations.map((v) => v.id), []);
    const [fork] = await he.ask("core/forks", { area: village });
    assert.equal(fork.position, head.last.position);
    assert.equal(fork.digest, head.last.digest);

    // The third one's is refused now: it waits to be mended like any other, and is reported, too.
    await enter(r);
    await until("it is refused", async () => (await parcels(r))[0].state === "refused" && (await text(r, ".unsent .count")) === "1");
    await until("and reported", async () => /1 条已答复的记录丢失,没有全部补上.*已写入账本/s.test(await text(r, ".fork")));
    assert.equal((await he.ask("core/forks", { area: village })).length, 2);
    assert.deepEqual([...p.errors, ...q.errors, ...r.errors], []);
    if (process.env.SHOT) await r.screenshot({ path: process.env.SHOT });
});

test("an acknowledged visit is forgotten when a backup has it and it is old, or after a week", async () => {
    const p = await page(phone);
    await enter(p);
    await visit(p, 1);
    await visit(p, 2);
    await visit(p, 3);
    // Before the second position there is a backup; four days have passed, for the last one eight.
    const made = await parcels(p);
    const [, { answer }, last] = made;
    await until("the newest is remembered", async () => (await heads(p))[0]?.last.position === last.answer.position);
    const [head] = await heads(p);
    await rows(p, "wangge.heads", "heads", [{ ...head, safe: answer.position - 1 }]);
    await rows(p, "wangge", "outbox", made.map((x) => ({ ...x, sent_at: x.sent_at - (x === last ? 8 : 4) * 86_400_000 })));
    await p.reload();
    await until("two are forgotten", async () => (await parcels(p)).length === 1);
    assert.equal((await parcels(p))[0].answer.position, answer.position, "what no backup has is kept for a week");
    assert.deepEqual(p.errors, []);
});
