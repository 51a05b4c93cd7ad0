// slow.spec.mjs - 32 kbit/s and a processor six times slower: the doors come first, then the pages; a visit is kept long before it arrives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grid, page, phone, pin, signInBy, text, until, unvisited, url, well } from "./browser.mjs";

const unsent = async (p) => Number(await text(p, ".unsent .count"));
const BYTES = 32_000 / 8; // a second

test("first sync, a visit and its way to the server on a slow network", async () => {
    const p = await page(phone, "zh", { unlocks: false });
    const order = [];
    const path = (r) => new URL(r.url()).pathname;
    p.on("request", (r) => r.url().startsWith(url) && order.push(path(r)));
    await signInBy(p, `grid-${grid}`);
    const wire = await p.context().newCDPSession(p);
    const type = async (stage) => {
        await p.waitForSelector(`.pin[data-stage=${stage}]`);
        for (const d of pin) await p.click(`.pin .keys button:text-is("${d}")`);
    };
    await wire.send("Network.enable");
    await wire.send("Emulation.setCPUThrottlingRate", { rate: 6 });
    await type("set");
    await wire.send("Network.emulateNetworkConditions", { offline: false, latency: 300, downloadThroughput: BYTES, uploadThroughput: BYTES });
    order.length = 0;
    const answered = p.waitForResponse((r) => path(r) === "/api/bundle").then(async (r) => (await r.finished(), r.request().sizes()));
    const began = performance.now();
    await type("again");
    const { responseBodySize: size } = await answered, took = (performance.now() - began) / 1000;
    await p.waitForSelector(unvisited);
    assert.ok(order.includes("/api/bundle"), order.join());
    assert.deepEqual(order.filter((x) => /Visit-|Outbox-|sw\.js/.test(x)), [], "nothing else is on the way meanwhile");
    console.log(`# ${size} bytes on the wire, ${took.toFixed(1)} s`);
    assert.ok(took <= size / BYTES + 8, `${took} s for ${size} bytes`);      // the rest is the processor and this machine
    // A door is tapped at once: its page comes, and the visit is kept while the other pages are still on their way.
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people", { timeout: 60_000 });
    await well(p);
    await until("it is kept", async () => (await unsent(p)) === 1, 5);
    await until("it arrives", async () => (await unsent(p)) === 0, 60);
    assert.deepEqual(p.errors, []);
});
