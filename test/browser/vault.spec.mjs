// vault.spec.mjs - what a phone keeps is locked under a PIN: set, opened, missed, voided; two workers, old data, no encryption.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accounts } from "../program.mjs";
import { asks, at, axe, grid, page, phone, pin, signInBy, text, until, unvisited, url, well } from "./browser.mjs";

const other = accounts(process.env.TEST_CITY).map(([name]) => name).find((name) => /^grid-\d+$/.test(name) && name !== `grid-${grid}`);
const closed = { unlocks: false };
const type = async (p, digits) => {
    for (const d of digits) await p.click(`.pin .keys button:text-is("${d}")`);
};
const said = (p) => text(p, ".pin .said");
const stage = (p, name) => p.waitForSelector(`.pin[data-stage=${name}]`);
const unsent = async (p) => Number(await text(p, ".unsent .count"));
/** Everything in the phone's databases, as text: boxes as the bytes they are. */
const dump = (p) =>
    p.evaluate(async () => {
        const all = {};
        for (const { name } of await indexedDB.databases()) {
            const db = await new Promise((ok) => (indexedDB.open(name).onsuccess = (e) => ok(e.target.result)));
            for (const store of db.objectStoreNames) {
                const rows = await new Promise((ok) => (db.transaction(store).objectStore(store).getAll().onsuccess = (e) => ok(e.target.result)));
                all[`${name}/${store}`] = rows.map((r) => JSON.stringify(r, (_, v) => (v instanceof Uint8Array ? new TextDecoder("latin1").decode(v) : v)));
            }
            db.close();
        }
        return all;
    });
const change = (p, store, how) =>
    p.evaluate(
        async ([name, patch]) => {
            const db = await new Promise((ok) => (indexedDB.open("wangge").onsuccess = (e) => ok(e.target.result)));
            const tx = db.transaction(name, "readwrite"), all = tx.objectStore(name);
            all.getAll().onsuccess = (e) => e.target.result.forEach((row) => all.put({ ...row, ...patch }));
            await new Promise((ok) => (tx.oncomplete = ok));
            db.close();
        },
        [store, how],
    );
async function first(p, account = `grid-${grid}`, digits = pin, server = url) {
    await signInBy(p, account, undefined, server);
    await stage(p, "set");
    await type(p, digits);
    await stage(p, "again");
    await type(p, digits);
    await p.waitForSelector(".doors .list a[data-state]");
}
const look = async (p) => {
    await p.evaluate(axe);
    const { violations } = await p.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id} ${v.nodes[0].html}`), []);
};
async function visitOffline(p) {
    await p.route("**/api/records", (r) => r.abort());
    const before = await unsent(p);
    await at(p, "field", "doors");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is kept", async () => (await unsent(p)) === before + 1);
}

test("a PIN is set twice over, not an easy one, and asked for at every start; what is kept cannot be read without it", async () => {
    const p = await page(phone, "zh", closed);
    await signInBy(p, `grid-${grid}`);
    await stage(p, "set");
    await look(p);
    for (const easy of ["123456", "666666", "987654", "121212"]) {
        await type(p, easy);
        await until(easy, async () => /太容易猜/.test(await said(p)));
    }
    await type(p, "295174");
    await stage(p, "again");
    await type(p, "295175");
    await until("the two differ", async () => /两次不一样/.test(await said(p)));
    await type(p, "295174");
    await stage(p, "again");
    await type(p, "295174");
    await p.waitForSelector(".doors .list a[data-state]");
    await visitOffline(p);
    await p.waitForTimeout(1500); // everybody in the grid is fetched meanwhile

    const he = await asks(`grid-${grid}`);
    const people = await he.ask("household/people", { area: grid }), doors = await he.ask("household/list", { area: grid });
    const names = [...people, ...doors].flatMap((r) => [r.name, r.head, r.phone, r.landlord]).filter((x) => x && x !== he.session.name);
    assert.ok(names.length > 100);
    const all = await dump(p);
    assert.ok(all["wangge/kept"].length >= 3 && all["wangge/outbox"].length === 1);
    const raw = Object.values(all).flat().join("\n").replaceAll(he.session.name, "");
    const utf8 = (x) => Buffer.from(x).toString("latin1");
    assert.deepEqual([...new Set(names)].filter((x) => raw.includes(x) || raw.includes(utf8(x))), []);

    await p.reload();
    await stage(p, "open");
    await look(p);
    assert.equal(await unsent(p), 1, "the count shows without the PIN");
    await type(p, "295175");
    await until("it is wrong", async () => /还可以试 9 次/.test(await said(p)));
    assert.equal(await p.locator(".people").count(), 0);
    await type(p, "295174");
    await p.waitForSelector(".people");
    await p.unroute("**/api/records");
    await at(p, "field", "out");
    await p.click(".outbox .btn");
    await until("it arrived", async () => (await unsent(p)) === 0);
    assert.deepEqual(p.errors, []);
});

test("wrong PINs wait, a reload does not help, and the tenth voids the key: what was sent is gone, what is unsent stays", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("one is sent", async () => /"state":"sent"/.test((await dump(p))["wangge/outbox"]));
    await visitOffline(p);
    await p.reload();
    await stage(p, "open");
    await type(p, "111111");
    await until("9", async () => /9 次/.test(await said(p)));
    await type(p, "111111");
    await until("it waits", async () => /请等 \d 秒/.test(await said(p)));
    await p.reload();
    await stage(p, "open");
    await until("it still waits", async () => /请等 \d 秒/.test(await said(p)));
    for (let n = 3; n <= 10; n++) {
        await change(p, "vaults", { wait: 0 });
        await p.reload();
        await stage(p, "open");
        await type(p, "111111");
        await until(`the ${n}th`, async () => JSON.parse((await dump(p))["wangge/vaults"][0]).wrong === (n < 10 ? n : 0));
    }
    await until("it is said", async () => /密码已作废/.test(await said(p)));
    const all = await dump(p);
    assert.equal(all["wangge/kept"].length, 0, "lists");
    assert.deepEqual(all["wangge/outbox"].map((r) => JSON.parse(r).state), ["waiting"], "sent ones are gone, the unsent one is there");
    assert.ok(!JSON.parse(all["wangge/vaults"][0]).wrapped, "the key is gone");
    await p.click(".pin .btn.main");
    await p.waitForSelector("[name=password]");
    await first(p, `grid-${grid}`, "730264");
    await until("its sealed copy reaches the office", async () => (await unsent(p)) === 0);
    assert.deepEqual((await dump(p))["wangge/outbox"].map((r) => JSON.parse(r).answer.status), ["stored"]);
});

test("two workers on one phone: each has a vault and an outbox of their own", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await p.route("**/api/parcels", (r) => r.abort());
    await visitOffline(p);
    const mine = await text(p, "main h1");
    await at(p, "field", "me");
    p.once("dialog", (d) => d.accept());
    await p.click("main .stack > button >> nth=0");
    await p.waitForSelector("[name=password]");
    assert.equal((await dump(p))["wangge/kept"].length, 0, "signing out takes the lists");
    await first(p, other, "846201");
    assert.notEqual(await text(p, "main h1"), mine);
    assert.equal(await unsent(p), 1, "what the first one did not send is counted");
    await at(p, "field", "out");
    assert.match(await text(p, ".parcel.shut"), /1 条未发送.*登录后发送/s);
    assert.equal(await p.locator(".parcel:not(.shut)").count(), 0, "and cannot be read");
    // Sealed, it may go by whoever is signed in, and is still its maker's.
    const he = await asks(`grid-${grid}`);
    const visited = async () => (await he.ask("screening/doors", { area: grid })).length;
    const before = await visited();
    await p.unroute("**/api/parcels");
    await p.click(".outbox .btn");
    await until("it is brought along", async () => (await unsent(p)) === 0);
    assert.equal(await visited(), before - 1);
    assert.deepEqual(p.errors, []);
});

test("what is unsent is saved to a file, and another phone hands it in", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await visitOffline(p);
    await at(p, "field", "out");
    const [file] = await Promise.all([p.waitForEvent("download"), p.click(".files .copy")]);
    const path = await file.path();
    const q = await page(phone, "zh", closed);
    await first(q, other, "846201");
    await at(q, "field", "out");
    await q.setInputFiles(".files input", path);
    await until("it is delivered", async () => /1 条已交到/.test(await text(q, ".files .notice")));
    await q.setInputFiles(".files input", { name: "x.json", mimeType: "application/json", buffer: Buffer.from("{") });
    await until("no such file", async () => /不是待发文件/.test(await text(q, ".files .notice")));
    const spoilt = Buffer.from(JSON.stringify({ wangge: "parcels", parcels: ["AAAA"] }));
    await q.setInputFiles(".files input", { name: "x.json", mimeType: "application/json", buffer: spoilt });
    await until("it cannot be opened", async () => /1 条没有收.*打不开/.test(await text(q, ".files .notice")));
    await p.setInputFiles(".files input", path);
    await until("and the first phone learns of it", async () => (await unsent(p)) === 0);
    assert.deepEqual([...p.errors, ...q.errors], []);
});

test("the office hands in a phone's file at the desk: each record is its maker's, there once, and what is no such file is said to be", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await visitOffline(p);
    await p.route("**/api/parcels", (r) => r.abort());
    await at(p, "field", "out");
    const [file] = await Promise.all([p.waitForEvent("download"), p.click(".files .copy")]);
    const path = await file.path();
    const [{ id }] = (await dump(p))["wangge/outbox"].map((r) => JSON.parse(r)).filter((r) => r.state === "waiting");
    const d = await page(undefined, "zh");
    await signInBy(d, "district-440513");
    await at(d, "command", "bring");
    await d.waitForSelector(".bring");
    await look(d);
    const says = (word) => until(String(word), async () => word.test(await text(d, ".bring .notice")));
    await d.setInputFiles(".bring input", path);
    await says(/^1 条已交到$/);
    await d.setInputFiles(".bring input", path);
    await says(/0 条已交到 · 1 条原来就有/);
    for (const [name, body, word] of [
        ["cut", JSON.stringify({ wangge: "parcels", parcels: ["AAAA"] }), /1 条没有收.*打不开/],
        ["not ours", '{"wangge":"other"}', /不是待发文件/], ["empty", "", /不是待发文件/], ["no text", Buffer.from([0, 255, 254]), /不是待发文件/],
    ]) {
        await d.setInputFiles(".bring input", { name: `${name}.json`, mimeType: "application/json", buffer: Buffer.from(body) });
        await says(word);
    }
    await p.unroute("**/api/parcels");
    await p.setInputFiles(".files input", path);
    await until("the phone learns that its record is there", async () => (await unsent(p)) === 0);
    assert.equal((await dump(p))["wangge/outbox"].map((r) => JSON.parse(r)).find((r) => r.id === id).answer.status, "repeated");
    assert.deepEqual([...p.errors, ...d.errors], []);
});

test("what version 1 kept in the clear is in boxes after the first unlocking, and all of it is sent", async () => {
    const p = await page(phone, "zh", closed);
    const he = await asks(`grid-${grid}`);
    const round = (await he.ask("screening/rounds", { area: grid })).find((r) => r.current).round;
    const door = (await he.ask("screening/doors", { area: grid })).find((d) => d.household && d.state === "pending");
    await p.goto(`${url}/icon.svg`);
    await p.evaluate(
        async ([worker, row, body]) => {
            const open = indexedDB.open("wangge", 1);
            open.onupgradeneeded = () => {
                open.result.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq");
                open.result.createObjectStore("kept", { keyPath: "key" });
            };
            const db = await new Promise((ok) => (open.onsuccess = () => ok(open.result)));
            const tx = db.transaction(["outbox", "kept"], "readwrite"), id = "0190a000-0000-7000-8000-00000000000";
            for (const n of [1, 2])
                tx.objectStore("outbox").put({
                    id: id + n, seq: n, worker: n === 1 ? worker : id + 9, maker: "某", village: row.area.slice(0, 12), title: row.head, slot: row.household,
                    state: "waiting", tries: 0, record: { id: id + n, type: "screening.visit", area: row.area, at: Date.now(), body },
                });
            tx.objectStore("kept").put({ key: "session", at: 1, value: { worker } });
            tx.objectStore("kept").put({ key: "slots:x", at: 1, value: [{ head: row.head }] });
            await new Promise((ok) => (tx.oncomplete = ok));
            db.close();
        },
        [he.session.worker, door, { round, door: door.door, household: door.household, method: "at_door", outcome: "refused", source: "phone" }],
    );
    await p.route("**/api/records", (r) => r.abort());
    await first(p);
    assert.equal(await unsent(p), 2);
    const all = await dump(p);
    const rows = all["wangge/outbox"].map((r) => JSON.parse(r));
    assert.ok(rows[0].box && !rows[0].record && !rows[0].title && !rows[0].slot, "in a box");
    assert.ok(rows[1].record, "another's waits for its own key");
    assert.ok(!all["wangge/kept"].join().includes(door.head ?? "-"), "the lists, too");
    await p.unroute("**/api/records");
    await at(p, "field", "out");
    await p.click(".outbox .btn");
    await until("it arrived", async () => (await unsent(p)) === 1);
    assert.equal((await he.ask("screening/doors", { area: grid })).find((d) => d.household === door.household).state, "refused");
});

test("left in the background the page locks itself; unlocked, it is as it was left", async () => {
    const p = await page(phone, "zh", closed);
    await p.clock.install();
    await first(p);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await p.click("[data-value=at_door]");
    await p.evaluate(() => {
        Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    });
    await p.clock.fastForward(601_000);
    await stage(p, "open");
    assert.ok(!(await p.isVisible(".people")), "nothing shows");
    await type(p, pin);
    await until("the form is as it was", () => p.isVisible(".people"));
    assert.equal(await p.getAttribute("[data-value=at_door]", "aria-checked"), "true");
});

test("without encryption nothing of residents is kept, the outbox is, and the screen says so", async () => {
    const p = await page(phone, "zh", closed);
    const plain = url.replace("127.0.0.1", "phone.test");
    await signInBy(p, `grid-${grid}`, undefined, plain);
    await p.waitForSelector(".doors .list a[data-state]");
    assert.match(await text(p, ".notice.open"), /不要关闭本页/);
    await p.route("**/api/records", (r) => r.abort());
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is kept", async () => (await unsent(p)) === 1);
    const all = await dump(p);
    assert.equal(all["wangge/kept"].length, 0);
    assert.equal(all["wangge/outbox"].length, 1);
    await p.unroute("**/api/records");
});

test("a session that is over takes the lists from the disk and leaves what is unsent", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await visitOffline(p);
    const out = { status: 401, json: { key: "session.over" } };
    await p.route("**/api/bundle**", (r) => r.fulfill(out));
    await p.route("**/api/session", (r) => r.fulfill(out));
    await p.reload();
    await stage(p, "open");
    await type(p, pin);
    await p.waitForSelector("[name=password]");
    const all = await dump(p);
    assert.equal(all["wangge/kept"].length, 0);
    assert.equal(all["wangge/outbox"].length, 1);
});

test("lists are forgotten after 72 hours without contact, what is unsent is not", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await visitOffline(p);
    await change(p, "vaults", { contact: Date.now() - 73 * 3_600_000 });
    await p.route("**/api/**", (r) => r.abort());
    await p.reload();
    await stage(p, "open");
    const all = await dump(p);
    assert.deepEqual(all["wangge/kept"].map((r) => JSON.parse(r).key.split("|")[1]), ["device", "session"]);
    await type(p, pin);
    await until("it is still here", async () => (await unsent(p)) === 1);
});

test("where the browser keeps nothing, the page says so", async () => {
    const p = await page(phone, "zh", closed);
    await p.addInitScript(() => {
        indexedDB.open = () => {
            throw new DOMException("refused", "SecurityError");
        };
    });
    await signInBy(p, `grid-${grid}`);
    await p.waitForSelector(".doors .list a[data-state]");
    assert.match(await text(p, ".notice.bad"), /不能保存数据/);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await p.waitForSelector(".notice.bad >> nth=1");
    assert.match(await text(p, ".visit .notice.bad"), /没有存进本机/);
    assert.ok(await p.isVisible(".people"), "the form stays");
});

test("a full phone says so in words and keeps the form; delivered records make room", async () => {
    const p = await page(phone, "zh", closed);
    await first(p);
    await p.evaluate(() => {
        const add = IDBObjectStore.prototype.add;
        window.full = 2;
        IDBObjectStore.prototype.add = function (row) {
            if (window.full-- > 0) throw new DOMException("full", "QuotaExceededError");
            return add.call(this, row);
        };
        navigator.storage.estimate = async () => ({ quota: 1e8, usage: 1e8 - 1e6 });
    });
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("it is said", async () => /手机存满了/.test(await text(p, ".visit .notice.bad")));
    assert.equal(await p.getAttribute("[data-value=at_door]", "aria-checked"), "true", "the form stays");
    await p.click(".savebutton");
    await until("it is kept", async () => (await dump(p))["wangge/outbox"].length === 1);
    await at(p, "field", "out");
    await until("little room is left", async () => /快存满了/.test(await text(p, ".outbox .full")));
});
