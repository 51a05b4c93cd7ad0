// questions.spec.mjs - the round's own questions at the door: what does not fit is said there, and questions that are lost stop no visit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, enter, grid, page, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";

const answer = (p, question, which) => p.locator(".questions .q", { hasText: question }).locator(`[data-value="${which}"]`).click();

test("a number beyond its bounds is said in words and not saved; within them it is", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await p.click("[data-value=at_door]");
    await p.click("[data-value=told_by_family]");
    if (await p.locator(".questions .none").count()) await p.click(".questions .none");
    await answer(p, "重点地区", "true");
    await answer(p, "从哪里来", "wuhan");
    const many = p.locator(".questions .q", { hasText: "几个人" }).locator("input");
    const day = p.locator(".questions .q", { hasText: "哪天到的" }).locator("input");
    await day.fill("2020-02-01");
    await day.dispatchEvent("change");
    for (const [n, word] of [["51", /1–50/], ["0", /1–50/], ["2.5", /整数/]]) {
        await many.fill(n);
        await many.dispatchEvent("change");
        await until(`${n} does not fit`, async () => word.test(await text(p, ".questions [role=alert]")));
        assert.equal(await many.getAttribute("aria-invalid"), "true");
        assert.ok(await p.isDisabled(".savebutton"));
        assert.match(await text(p, ".savebutton"), /不合要求/);
    }
    await accessible(p);
    await many.fill("3");
    await many.dispatchEvent("change");
    await until("it fits", async () => !(await p.locator(".questions [role=alert]").count()));
    const here = p.url();
    await p.click(".savebutton");
    await p.waitForURL((u) => u.href !== here);
    await until("the server takes it", async () => (await text(p, ".unsent .count")) === "0");
    assert.deepEqual(p.errors, []);
});

test("a round whose questions nobody knows is visited without them, and the screen says so", async () => {
    const p = await page(phone);
    await p.route("**/api/bundle**", async (route) => {
        const answer = await (await route.fetch()).json();
        const rounds = answer.parts["screening/rounds"], at = rounds?.columns.indexOf("questionnaire");
        for (const row of rounds?.rows ?? []) row[at] = '"gone"';
        await route.fulfill({ json: answer });
    });
    await signInBy(p, `grid-${grid}`);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector("[data-lost]");
    assert.match(await text(p, "[data-lost]"), /问卷在这里找不到/);
    await well(p);
    await until("it is sent", async () => (await text(p, ".unsent .count")) === "0");
    assert.deepEqual(p.errors, []);
});
