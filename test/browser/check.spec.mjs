// check.spec.mjs - what a phone can do, said in words; and a chat app's browser, which is told how to open the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, grid, page, password, phone, text, until, url } from "./browser.mjs";

const plain = url.replace("127.0.0.1", "phone.test");
const chatApp = "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36 MicroMessenger/8.0";
const can = async (p) => {
    await p.waitForSelector(".check li");
    return Object.fromEntries(await p.locator(".check li").evaluateAll((all) => all.map((li) => [li.dataset.name, li.dataset.can])));
};
const inChat = (p) => p.addInitScript((agent) => Object.defineProperty(navigator, "userAgent", { get: () => agent }), chatApp);

test("at a safe address a phone can do all of it, and says so in both languages", async () => {
    for (const [language, word] of [["zh", /这部手机|可以用/], ["en", /This phone|It will do/]]) {
        const p = await page(phone, language);
        await p.goto(`${url}/`);
        await p.click("a[href='/check']");
        const { stay, ...rest } = await can(p);
        assert.deepEqual(rest, { reach: "yes", clock: "yes", safe: "yes", seal: "yes", keep: "yes", open: "yes", room: "yes" });
        assert.ok(["yes", "partly"].includes(stay));
        assert.match(await text(p, ".check .notice"), word);
        assert.equal((await p.evaluate(() => indexedDB.databases())).filter((d) => d.name === "wangge.check").length, 0, "and leaves nothing");
        await accessible(p);
        assert.deepEqual(p.errors, []);
    }
});

test("what is missing is said, with what to do: no https, a wrong clock, nothing kept, no server", async () => {
    const p = await page(phone);
    await p.addInitScript(() => {
        const now = Date.now;
        Date.now = () => now() + 3_600_000;
        indexedDB.open = () => {
            throw new DOMException("refused", "SecurityError");
        };
    });
    await p.goto(`${plain}/check`);
    const found = await can(p);
    assert.deepEqual([found.safe, found.seal, found.keep, found.open, found.clock, found.reach], ["no", "no", "no", "no", "no", "yes"]);
    for (const name of ["safe", "seal", "keep", "open", "clock"]) assert.ok((await text(p, `[data-name=${name}] .todo`)).length > 10);
    assert.match(await text(p, "[data-name=clock]"), /60 min/);
    await p.route("**/healthz", (r) => r.abort());
    await p.click(".check > button >> nth=0");
    await until("nobody answers", async () => (await p.locator("[data-name=reach]").getAttribute("data-can").catch(() => "")) === "no");
    await accessible(p);
    assert.deepEqual(p.errors.filter((e) => !/Cross-Origin-Opener-Policy/.test(e)), [], "but that the browser finds the address unsafe, too");
});

test("the copy for the office says what was found and nobody's name", async () => {
    const p = await page(phone);
    await p.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await p.goto(`${url}/check`);
    await can(p);
    await p.click(".check > button >> nth=1");
    await until("it is copied", async () => /已复制/.test(await text(p, ".check > button >> nth=1")));
    const copy = await p.evaluate(() => navigator.clipboard.readText());
    assert.match(copy, /手机时间: 可以/);
    assert.equal(copy.split("\n").length, 10);
});

test("in a chat app's browser the first page shows the way out of it, with the card's code still in the address; going on is possible", async () => {
    const p = await page(phone);
    await inChat(p);
    await p.goto(`${url}/#card=grid-x:12345678`);
    await p.waitForSelector(".chat svg");
    assert.match(await text(p, ".chat .address"), /#card=grid-x:12345678$/);
    assert.equal(await p.locator("[name=name]").count(), 0);
    await accessible(p);
    await p.click("[name=on]");
    await until("the card is in the form", async () => (await p.inputValue("[name=code]")) === "12345678");
    const q = await page(phone, "en");
    await inChat(q);
    await q.goto(url);
    await q.click("[name=on]");
    await q.fill("[name=name]", `grid-${grid}`);
    await q.fill("[name=password]", password);
    await q.click("button[type=submit]");
    await q.waitForURL(/field\.html/);
    await q.waitForSelector(".doors .list a");
    assert.deepEqual([...p.errors, ...q.errors], []);
});
