// budget.spec.mjs - how much a face weighs before it can be used, and how old a phone may be.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { acorn, desk, enter, grid, none, phone, until, unvisited, url } from "./browser.mjs";

const built = new URL("../../build/web/", import.meta.url);

/** Bytes of the pages' own files, as sent, until the selector shows; with whatever was fetched for it. */
async function weight(p, shown, act) {
    const sizes = new Map();
    p.on("response", async (r) => {
        const path = new URL(r.url()).pathname;
        if (r.url().startsWith(url) && !path.startsWith("/api/") && r.status() === 200)
            sizes.set(path, gzipSync(await r.body().catch(() => Buffer.alloc(0)), { level: 9 }).length);
    });
    await act();
    await p.waitForSelector(shown);
    return [...sizes.values()].reduce((a, b) => a + b, 0);
}

test("field: first load within 45 kB", async () => {
    const first = await enter(`grid-${grid}`, phone);
    await first.waitForSelector(".doors .list a");
    const p = await first.context().newPage();
    await p.route("**/*", (r) => r.continue());
    const bytes = await weight(p, ".doors .list a", () => p.goto(`${url}/field.html`));
    console.log(`# field ${bytes} bytes`);
    assert.ok(bytes > 20_000 && bytes <= 45_000, `${bytes} bytes`);
});

test("command: first load within 130 kB", async () => {
    const first = await enter("district-440514", desk);
    const p = await first.context().newPage();
    await p.route("**/*", (r) => r.continue());
    const bytes = await weight(p, ".datatable [data-row]", () => p.goto(`${url}/command.html`));
    console.log(`# command ${bytes} bytes`);
    assert.ok(bytes > 50_000 && bytes <= 130_000, `${bytes} bytes`);
});

test("what the phone and the sign-in load is ES2017, what the desk loads ES2019", () => {
    const imports = (file) =>
        [...readFileSync(new URL(file, built), "utf8").matchAll(/["'`](?:\.\/|\/?assets\/)([\w.-]+\.js)["'`]/g)].map(
            (m) => `assets/${m[1]}`,
        );
    for (const [pages, version] of [
        [["index.html", "field.html", "check.html"], 2017],
        [["command.html"], 2019],
    ]) {
        const seen = new Set(),
            queue = pages.flatMap(imports);
        for (let file; (file = queue.pop());) {
            if (seen.has(file)) continue;
            seen.add(file);
            const code = readFileSync(new URL(file, built), "utf8");
            queue.push(...imports(file));
            // import() is younger than ES2017 but in every browser that knows modules.
            acorn.parse(code.replace(/\bimport\s*\(/g, "load("), { ecmaVersion: version, sourceType: "module" });
        }
        assert.ok(seen.size > 5, `${seen.size} files`);
    }
});

test("no page carries a script or a style of its own", () => {
    for (const file of readdirSync(built).filter((f) => f.endsWith(".html"))) {
        const html = readFileSync(new URL(file, built), "utf8");
        assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/, file);
    }
});

test("a visit form opens within 200 ms on a phone six times slower", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(".doors .list a[data-state=pending][href*=household]");
    await p.waitForTimeout(3000);
    const slow = await p.context().newCDPSession(p);
    await slow.send("Emulation.setCPUThrottlingRate", { rate: 6 });
    const open = (n) =>
        p.evaluate(async (nth) => {
            const link = document.querySelectorAll(".doors .list a[data-state=pending][href*=household]")[nth];
            const begin = performance.now();
            link.click();
            while (!document.querySelector(".visit .choice")) await new Promise((r) => requestAnimationFrame(r));
            const took = performance.now() - begin;
            history.back();
            return took;
        }, n);
    const times = [];
    for (let n = 0; n < 5; n++) {
        times.push(await open(n));
        await until("the list again", () => p.locator(".doors .list a").first().isVisible());
    }
    times.sort((a, b) => a - b);
    console.log(`# ${times.map(Math.round).join(" ")} ms`);
    assert.ok(times[0] <= 200, `${Math.round(times[0])} ms`);      // the quickest: what the page costs, not what else the machine does
});

test("a visit is saved, encrypted and sealed, within 100 ms on a phone six times slower", async () => {
    const p = await enter(`grid-${grid}`, phone);
    await p.waitForSelector(unvisited);
    await p.waitForTimeout(3000);
    await p.route("**/api/records", (r) => r.abort());
    const slow = await p.context().newCDPSession(p);
    const times = [];
    for (let n = 0; n < 4; n++) {
        await p.goto(`${url}/field.html#/doors`);
        await p.locator(unvisited).first().tap();
        await p.waitForSelector(".people");
        await p.click("[data-value=at_door]");
        await p.click("[data-value=told_by_family]");
        await none(p);
        await slow.send("Emulation.setCPUThrottlingRate", { rate: 6 });
        times.push(
            await p.evaluate(async () => {
                const here = location.hash, begin = performance.now();
                document.querySelector(".savebutton").click();
                while (location.hash === here) await new Promise((r) => setTimeout(r));
                return performance.now() - begin;
            }),
        );
        await slow.send("Emulation.setCPUThrottlingRate", { rate: 1 });
    }
    times.sort((a, b) => a - b);
    console.log(`# saved ${times.map(Math.round).join(" ")} ms`);
    assert.ok(times[0] <= 100, `${Math.round(times[0])} ms`);
});
