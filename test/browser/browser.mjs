// browser.mjs - Chromium before the real program: a copy of the made city of
// TEST_CITY is served, or WANGGE_URL names a server and WANGGE_PASSWORD its
// accounts' password.  Every page's own errors are collected.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after } from "node:test";
import { accounts, borrow, serve, signIn } from "../program.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
export const axe = require("axe-core").source;
export const acorn = require("acorn");

const flags = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP phone.test 127.0.0.1", // an address that is no secure context
];
export const desk = { width: 1600, height: 900 },
    phone = { width: 390, height: 844 };

let server;
if (!process.env.WANGGE_URL) server = await serve(borrow(process.env.TEST_CITY).store, "--requests", "100000");
export const url = process.env.WANGGE_URL ?? server.url;
export const password = process.env.WANGGE_PASSWORD ?? accounts(process.env.TEST_CITY)[0][1];
export const grid = process.env.WANGGE_GRID ?? "44051310821601";
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
after(async () => {
    await browser.close();
    await server?.kill("SIGKILL");
});
process.once("exit", () => browser.process?.()?.kill("SIGKILL"));

export const pin = "295174";
/** In the page: whoever asks for a PIN gets it, as a thumb would give it. */
const thumb = (digits) => {
    let told;
    setInterval(() => {
        const lock = document.querySelector(".pin[data-stage]"), again = `${lock?.dataset.stage}${lock?.querySelector(".said")?.textContent}`;
        if (!lock) told = undefined;
        if (!lock || told === again || lock.querySelector(".dots .on")) return;
        told = again;
        for (const d of digits) [...lock.querySelectorAll(".keys button")].find((b) => b.textContent === d)?.click();
    }, 40);
};
/** A page of its own browser profile; `errors` gathers what it complains of, but for answers a test provoked. */
export async function page(size = desk, language = "zh", { unlocks = true, workers = "block" } = {}) {
    const context = await browser.newContext({
        viewport: size,
        hasTouch: size === phone,
        deviceScaleFactor: size === phone ? 2 : 1,
        serviceWorkers: workers,
    });
    if (unlocks) await context.addInitScript(thumb, pin);
    await context.addInitScript((l) => localStorage.getItem("wangge.language") ?? localStorage.setItem("wangge.language", l), language);
    const p = await context.newPage();
    p.setDefaultTimeout(15_000);
    p.errors = [];
    p.on("pageerror", (e) => p.errors.push(e.message));
    p.on("console", (m) => m.type() === "error" && !/Failed to load resource/.test(m.text()) && p.errors.push(m.text()));
    return p;
}
/** Signs in by the form, here or at another server, and lands on the face that fits. */
export async function signInBy(p, account, word = password, server = url) {
    await p.goto(server);
    await p.fill("[name=name]", account);
    await p.fill("[name=password]", word);
    await p.click("button[type=submit]");
    await p.waitForURL(/(command|field)\.html/);
}
export async function enter(account, size = desk, language = "zh") {
    const p = await page(size, language);
    await signInBy(p, account);
    return p;
}
/** The round's questions, all answered with no in one tap; how many taps it took. */
export async function none(p) {
    const questions = await p.locator(".questions .none").count();
    if (questions) await p.click(".questions .none");
    return questions;
}
/** "All well here", as taps; answers with how many they were. */
export async function well(p) {
    await p.click("[data-value=at_door]");
    await p.click("[data-value=told_by_family]");
    const questions = await none(p);
    await p.click(".savebutton");
    return 3 + questions;
}
export const unvisited = ".doors .list a[data-state=pending][href*=household]";
export const at = (p, face, hash) => p.goto(`${url}/${face}.html#/${hash}`);
export const asks = (account) => signIn(url, account, password);
export const text = async (p, selector) => ((await p.textContent(selector)) ?? "").trim();
/** Waits until the function is true; the figures of a living city need a moment. */
export async function until(what, test, seconds = 15) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((r) => setTimeout(r, 150))) if (await test()) return;
    throw new Error(`not in ${seconds} seconds: ${what}`);
}
/** axe finds nothing serious. */
export async function accessible(p) {
    await p.evaluate(axe);
    const { violations } = await p.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`), []);
}
