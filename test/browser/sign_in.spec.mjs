// sign_in.spec.mjs - who signs in sees the face of their duties, in the language they chose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, grid, page, phone, text, until, url } from "./browser.mjs";

test("a wrong password is said in words", async () => {
    const p = await page(phone);
    await p.goto(url);
    await p.fill("[name=name]", "city");
    await p.fill("[name=password]", "not this one");
    await p.click("button[type=submit]");
    assert.match(await text(p, "[role=alert]"), /密码不对/);
    assert.deepEqual(p.errors, []);
});

test("a commander comes to the map, a grid worker to the doors", async () => {
    assert.match((await enter("district-440514")).url(), /command\.html/);
    assert.match((await enter(`grid-${grid}`, phone)).url(), /field\.html/);
});

test("without a session every face sends to the sign-in", async () => {
    for (const face of ["command", "field"]) {
        const p = await page();
        await p.goto(`${url}/${face}.html`);
        await p.waitForSelector("[name=password]");
    }
});

test("a drill store says so on every page, and the language is switched", async () => {
    const p = await enter("district-440514");
    assert.match(await text(p, ".drill"), /演练库 · 人物均为虚构/);
    await p.click("button.language");
    await until("English", async () => (await text(p, ".drill")).includes("Drill store"));
    assert.equal(await p.getAttribute("html", "lang"), "en");
    await p.reload();
    await p.waitForSelector(".drill");
    assert.match(await text(p, "nav"), /Coverage/);
    const q = await enter(`grid-${grid}`, phone, "en");
    await q.waitForSelector(".doors");
    assert.match(await text(q, ".drill"), /Drill store/);
    assert.deepEqual([...p.errors, ...q.errors], []);
});

test("signing out ends the session", async () => {
    const p = await enter("city");
    await p.click(".who > button");
    await p.click(".menu button:last-of-type");
    await p.waitForSelector("[name=password]");
    await p.goto(`${url}/command.html`);
    await p.waitForSelector("[name=password]");
});
