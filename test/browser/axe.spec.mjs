// axe.spec.mjs - what axe finds serious on any page, in both faces and themes: nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, axe, enter, grid, page, phone, unvisited, url } from "./browser.mjs";

async function look(p, where) {
    await p.evaluate(axe);
    const { violations } = await p.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
    assert.deepEqual(
        bad.map(
            (v) =>
                `${where}: ${v.id}: ${v.nodes
                    .slice(0, 3)
                    .map((n) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? ""}`)
                    .join(" | ")}`,
        ),
        [],
    );
}

test("sign-in", async () => {
    const p = await page(phone);
    await p.goto(url);
    await p.waitForSelector("[name=password]");
    await look(p, "sign-in");
});

test("field", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(".doors .list a");
    await look(p, "doors");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await look(p, "visit");
    await p.locator(".people li button:not(.away)").first().tap();
    await p.click(".dialog [data-value=temp]");
    await look(p, "person");
    await p.keyboard.press("Escape");
    for (const hash of ["newdoor", "out", "me"]) {
        await at(p, "field", hash);
        await p.waitForSelector("main .panel, main .outbox");
        await look(p, hash);
    }
});

test("command", async () => {
    const p = await enter("district-440514");
    await p.waitForSelector(".datatable [data-row]");
    await p.waitForSelector(".chain li");
    for (const theme of ["light", "wall"]) {
        await p.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
        await look(p, `map, ${theme}`);
    }
    for (const hash of ["coverage", "left", "holes", "households", "rounds"]) {
        await at(p, "command", `${hash}?area=440514`);
        await p.waitForTimeout(700);
        await look(p, hash);
    }
});
