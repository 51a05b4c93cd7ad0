// install.spec.mjs - the installed page: opens without a network, works a day without one, and takes a new version only when asked.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { asks, grid, page, phone, signInBy, text, until, unvisited, url, well } from "./browser.mjs";

// The way to the server: it can be cut, and can carry a newer service worker than the server has.
let cut = false, newer = false;
const way = createServer((q, a) => {
    if (cut) return q.socket.destroy();
    const asked = { ...q.headers, host: new URL(url).host };
    if (newer && q.url === "/sw.js") delete asked["if-none-match"];
    const on = request(url + q.url, { method: q.method, headers: asked }, (r) => {
        const { "content-length": _length, etag: _tag, ...headers } = r.headers;
        if (q.url !== "/sw.js" || !newer) return a.writeHead(r.statusCode, r.headers), r.pipe(a);
        let body = [];
        r.on("data", (d) => body.push(d)).on("end", () => {
            delete headers["content-encoding"];
            body = Buffer.concat(body);
            if (r.headers["content-encoding"] === "gzip") body = gunzipSync(body);
            a.writeHead(r.statusCode, headers).end(body.toString().replace(/VERSION = "\w+"/, 'VERSION = "newer"'));
        });
    });
    on.on("error", () => a.destroy());
    q.pipe(on);
});
await new Promise((ok) => way.listen(0, "127.0.0.1", ok));
after(() => (way.closeAllConnections(), way.close()));
const here = `http://127.0.0.1:${way.address().port}`;
const unsent = async (p) => Number(await text(p, ".unsent .count"));
const installed = (p) => until("it is installed", () => p.evaluate(() => !!navigator.serviceWorker.controller), 30);

test("ten visits in aeroplane mode, with the page reloaded, closed and opened again; then all arrive, once", async () => {
    const he = await asks(`grid-${grid}`);
    const left = async () => (await he.ask("screening/doors", { area: grid })).filter((d) => d.household && d.state === "pending").length;
    const before = await left();
    const p = await page(phone, "zh", { workers: "allow" });
    await signInBy(p, `grid-${grid}`, undefined, here);
    await p.waitForSelector(unvisited);
    await installed(p);
    await p.waitForTimeout(2500);
    cut = true;
    way.closeAllConnections();
    await p.goto(`${here}/field.html#/doors`);
    await p.reload();
    for (let n = 1; n <= 5; n++) {
        await p.goto(`${here}/field.html#/doors`);
        await p.locator(unvisited).first().tap();
        await p.waitForSelector(".people");
        await well(p);
        await until(`${n} are kept`, async () => (await unsent(p)) === n);
    }
    const q = await p.context().newPage();
    await p.close();
    await q.goto(here);
    await q.waitForURL(/field\.html/);
    await until("five are still here", async () => (await unsent(q)) === 5);
    for (let n = 6; n <= 10; n++) {
        await q.goto(`${here}/field.html#/doors`);
        await q.locator(unvisited).first().tap();
        await q.waitForSelector(".people");
        await well(q);
        await until(`${n} are kept`, async () => (await unsent(q)) === n);
    }
    assert.equal(await left(), before);
    cut = false;
    await q.goto(`${here}/field.html#/out`);
    await q.click(".outbox .btn");
    await until("all have arrived", async () => (await unsent(q)) === 0, 30);
    assert.equal(await left(), before - 10);
    assert.deepEqual(p.errors, []);
});

test("a new version waits, is told of, not in the middle of a form, and is taken when asked; what is unsent stays", async () => {
    const p = await page(phone, "zh", { workers: "allow" });
    await signInBy(p, `grid-${grid}`, undefined, here);
    await p.waitForSelector(unvisited);
    await installed(p);
    await p.route("**/api/records", (r) => r.abort());
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".people");
    await well(p);
    await until("one is kept", async () => (await unsent(p)) === 1);
    newer = true;
    await p.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await p.waitForSelector(".newer");
    assert.equal(await p.locator(".newer button").count(), 0, "not while a form is open");
    await p.goto(`${here}/field.html#/doors`);
    const [name] = await p.evaluate(() => caches.keys());
    await p.click(".newer button");
    await until("the old one is gone", async () => {
        const names = await p.evaluate(() => caches.keys()).catch(() => [name]);
        return names.length === 1 && names[0] === "wangge-newer";
    });
    await p.waitForSelector(".doors .list a");
    assert.equal(await unsent(p), 1);
    newer = false;
});

test("the manifest names icons that are there, and the worker's file is asked for each time", async () => {
    const { headers } = await fetch(`${url}/sw.js`);
    assert.equal(headers.get("cache-control"), "no-cache");
    assert.match(headers.get("content-type"), /javascript/);
    const said = await fetch(`${url}/app.webmanifest`);
    assert.match(said.headers.get("content-type"), /manifest/);
    for (const { src, type } of (await said.json()).icons) assert.equal((await fetch(url + src)).headers.get("content-type"), type);
});
