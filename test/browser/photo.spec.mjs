// photo.spec.mjs - photos of a visit: drawn anew on the phone, sent after the records, opened at the desk for a purpose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, asks, at, desk, enter, grid, page, phone, signInBy, text, until, unvisited, well } from "./browser.mjs";

const village = grid.slice(0, 12);
const unsent = async (p) => Number(await text(p, ".unsent .count"));
/** A camera's picture, large and of many colours, with a segment that says where it was made. */
async function camera(p) {
    const plain = await p.evaluate(async () => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 3000, height: 2000 }), on = canvas.getContext("2d");
        for (let i = 0; i < 900; i++) {
            on.fillStyle = `hsl(${(i * 47) % 360} 80% ${20 + (i % 60)}%)`;
            on.fillRect((i * 97) % 3000, (i * 389) % 2000, 200 + (i % 90), 200 + (i % 70));
        }
        const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
        return Array.from(new Uint8Array(await blob.arrayBuffer()));
    });
    const exif = Buffer.from("Exif\0\0II*\0 N 23.3540 E 116.6820", "latin1"), head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
    return { name: "IMG_1.jpg", mimeType: "image/jpeg", buffer: Buffer.concat([Buffer.from(plain.slice(0, 2)), head, exif, Buffer.from(plain.slice(2))]) };
}
const take = (p, file) => p.locator("input[name=photo]").setInputFiles(file);
/** What is sent from here on, a list of types a batch; photos are kept, too. */
function watchSent(p) {
    const batches = [], photos = [];
    p.on("request", (r) => {
        const records = r.url().endsWith("/api/records") ? r.postDataJSON().records : [];
        if (records.length) batches.push(records.map((x) => x.type));
        photos.push(...records.filter((x) => x.type === "screening.photo"));
    });
    return { batches, photos };
}
async function openDoor(p) {
    await at(p, "field", "doors");
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".photos");
    return new URLSearchParams((await p.evaluate(() => location.hash)).split("?")[1]).get("household");
}

test("a photo goes small and bare, and the desk opens it for a purpose", async () => {
    const p = await enter(`grid-${grid}`, phone), { batches, photos } = watchSent(p);
    const household = await openDoor(p), file = await camera(p);
    assert.ok(file.buffer.includes("Exif"));
    await p.click("[data-tab=refused]");
    for (let n = 1; n <= 3; n++) {
        await take(p, file);
        await until(`photo ${n} shows`, async () => (await p.locator(".photos img").count()) === n);
    }
    assert.equal(await p.locator("input[name=photo]").count(), 0, "three, no more");
    await accessible(p);
    if (process.env.SHOT) await p.locator(".photos").scrollIntoViewIfNeeded(), await p.screenshot({ path: process.env.SHOT });
    await p.click(".photos figure:nth-child(3) button");
    await p.click(".photos figure:nth-child(1) button");
    assert.equal(await p.locator(".photos img").count(), 1);
    const size = Number((await text(p, ".photos figcaption")).match(/\d+/)[0]);
    assert.ok(size > 5 && size <= 60, `${size} kB`);
    await p.click("[data-value=at_door]");
    await p.click(".savebutton");
    await until("all is sent", async () => photos.length === 1 && (await unsent(p)) === 0);
    assert.deepEqual(batches, [["screening.visit"], ["screening.photo"]]);
    const image = Buffer.from(photos[0].body.image, "base64");
    assert.ok(image.length <= 60_000 && !image.includes("Exif") && !image.includes("116.68"), "what the camera wrote stays on the phone");

    const office = await asks(`village-${village}`);
    const [kept] = await office.ask("screening/photos", { area: village, household });
    assert.deepEqual([kept.photo, kept.visit, kept.image], [photos[0].id, photos[0].body.visit, undefined]);
    const d = await enter(`village-${village}`, desk);
    await at(d, "command", `left?area=${grid}&state=refused`);
    const row = d.locator(`.datatable [data-row="${household}"]`);
    await row.locator(".plainlink").click();
    await d.click(".dialog [data-value=check]");
    await d.click(".dialog footer .main");
    await d.waitForSelector(".shots button");
    assert.equal(await d.locator(".shots img").count(), 0, "not before it is asked for");
    await d.click(".shots button");
    await d.waitForSelector(".shots img");
    const [width, height] = await d.$eval(".shots img", async (i) => (await i.decode(), [i.naturalWidth, i.naturalHeight]));
    assert.deepEqual([width, Math.round(height / 10)], [1024, 68]);
    await accessible(d);
    if (process.env.SHOT) await d.screenshot({ path: process.env.SHOT.replace(".png", "-desk.png") });
    assert.deepEqual([...p.errors, ...d.errors], []);
});

test("the desk finds a household's visits and opens their photos, each for a purpose", async () => {
    const p = await enter(`grid-${grid}`, phone), { photos } = watchSent(p), household = await openDoor(p), file = await camera(p);
    for (let n = 1; n <= 2; n++) {
        await take(p, file);
        await until(`photo ${n} shows`, async () => (await p.locator(".photos img").count()) === n);
    }
    await well(p);
    await until("all is sent", async () => photos.length === 2 && (await unsent(p)) === 0);
    const d = await enter(`village-${village}`, desk, process.env.TONGUE ?? "zh"), requests = [];
    d.on("request", (r) => r.url().endsWith("/api/reveal") && requests.push(r.postDataJSON()));
    await at(d, "command", `households?area=${grid}`);
    const link = d.locator(`.datatable [data-row="${household}"] a[href*=visits]`);
    for (let n = 0; n < 40 && !(await link.count()); n++) await d.mouse.move(800, 500), await d.mouse.wheel(0, 300), await d.waitForTimeout(100);
    await link.click();
    const visit = `[data-visit="${photos[0].body.visit}"]`;
    await d.waitForSelector(visit);
    assert.equal(await d.locator(`${visit} [data-photo]`).count(), 2);
    assert.equal(await d.locator(".apart").count(), 0);
    await accessible(d);
    if (process.env.SHOT) await d.screenshot({ path: process.env.SHOT.replace(".png", "-visits.png") });
    await d.click(`${visit} [data-photo="${photos[1].id}"]`);
    assert.ok(await d.isDisabled(".dialog footer .main"), "not without a purpose");
    await d.click(".dialog [data-value=check]");
    await d.click(".dialog footer .main");
    await d.waitForSelector(".dialog img.shot");
    assert.equal(await d.$eval(".shot", async (i) => (await i.decode(), i.naturalWidth)), 1024);
    assert.deepEqual(requests.map((r) => [r.query, r.photo, r.household, r.fields]), [["screening/photo", photos[1].id, household, ["image"]]]);
    await accessible(d);
    if (process.env.SHOT) await d.screenshot({ path: process.env.SHOT.replace(".png", "-photo.png") });
    await d.click(".dialog .shut");
    assert.equal(await d.locator("img.shot").count(), 0, "closed, it is gone");
    assert.deepEqual([...p.errors, ...d.errors], []);
});

test("what is no photo, or twenty megabytes, is said, and the visit is saved as if nothing was", async () => {
    const p = await enter(`grid-${grid}`, phone), { batches } = watchSent(p);
    await openDoor(p);
    const files = [
        [{ name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(20_000_000, 7)]) }, /太大/],
        [{ name: "b.jpg", mimeType: "image/jpeg", buffer: Buffer.from("%PDF-1.4\n1 0 obj\n") }, /不像照片/],
        [{ name: "c.heic", mimeType: "image/heic", buffer: Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1") }, /不像照片/],
        [{ name: "d.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc(0) }, /不像照片/],
    ];
    for (const [file, words] of files) {
        await take(p, file);
        await until(`words about ${file.name}`, async () => words.test(await text(p, ".photos [role=alert]").catch(() => "")));
        assert.equal(await p.locator(".photos img").count(), 0);
    }
    await well(p);
    await until("the visit is sent", async () => batches.length === 1 && (await unsent(p)) === 0);
    assert.deepEqual(batches, [["screening.visit"]]);
    assert.deepEqual(p.errors, []);
});

test("a browser that reads pictures the old way, and writes notes into what it draws, sends the picture alone", async () => {
    const p = await page(phone);
    await p.addInitScript(() => {
        delete window.createImageBitmap;
        const drawn = HTMLCanvasElement.prototype.toBlob;
        const label = (marker, text) => [0xff, marker, 0, text.length + 2, ...new TextEncoder().encode(text)];
        const notes = Uint8Array.from([...label(0xe1, "Exif\0\0MM"), ...label(0xed, "Photoshop 3.0"), ...label(0xfe, "iOS")]);
        HTMLCanvasElement.prototype.toBlob = function (done, ...how) {
            drawn.call(this, async (blob) => {
                const bytes = new Uint8Array(await blob.arrayBuffer());
                done(new Blob([bytes.subarray(0, 20), notes, bytes.subarray(20)], { type: blob.type }));
            }, ...how);
        };
    });
    await signInBy(p, `grid-${grid}`);
    const { batches, photos } = watchSent(p);
    await openDoor(p);
    await take(p, await camera(p));
    await p.waitForSelector(".photos img");
    await well(p);
    await until("all is sent", async () => photos.length === 1 && (await unsent(p)) === 0);
    assert.deepEqual(batches, [["screening.visit"], ["screening.photo"]]);
    const image = Buffer.from(photos[0].body.image, "base64");
    assert.ok(["Exif", "Photoshop", "iOS"].every((note) => !image.includes(note)) && image.includes("JFIF"));
    assert.deepEqual(p.errors, []);
});

test("without a network photos wait, and go after every record", async () => {
    const p = await enter(`grid-${grid}`, phone), { batches, photos } = watchSent(p);
    await p.waitForSelector(unvisited);
    const file = await camera(p);
    await p.locator(unvisited).first().tap();
    await p.waitForSelector(".photos");
    await p.waitForTimeout(2500); // the other pages are fetched meanwhile
    await p.context().setOffline(true);
    for (let n = 1; n <= 3; n++) {
        await p.waitForSelector(".photos");
        if (n < 3) {
            await take(p, file);
            await p.waitForSelector(".photos img");
        }
        await well(p);
        await until(`visit ${n} is kept`, async () => (await unsent(p)) === n + Math.min(n, 2));
    }
    await at(p, "field", "out");
    await until("the list tells them apart", async () => (await p.locator(".parcel", { hasText: "照片" }).count()) === 2);
    batches.length = photos.length = 0;
    await p.context().setOffline(false);
    await until("all is sent", async () => (await unsent(p)) === 0);
    assert.deepEqual(batches.flat(), [...Array(3).fill("screening.visit"), "screening.photo", "screening.photo"]);
    assert.deepEqual(batches.slice(-2), [["screening.photo"], ["screening.photo"]], "one a batch");
    assert.deepEqual(p.errors, []);
});
