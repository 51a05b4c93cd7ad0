// rights.spec.mjs - every role walks every page: what its menu offers opens and is refused nothing, what it does not offer says so and asks nothing.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { declared } from "../declared.mjs";
import { accounts, borrow, newId, serve, signIn, wangge } from "../program.mjs";
import { rightsOf, roles } from "../roles.mjs";
import { desk, grid, page, phone, signInBy, until } from "./browser.mjs";

// Roles with the same rights are shown the same (test/check/pages.mjs): one of each is enough.
const walkers = Object.keys(roles).filter((role, i, all) => role === "centre_head" || all.findIndex((r) => roles[r] === roles[role]) === i);
const village = grid.slice(0, 12), secret = "pages-are-walked";
const { store } = borrow(process.env.TEST_CITY);
const words = "worker add --category village_committee --phone 10090000000".split(" ");
for (const role of walkers.filter((role) => role !== "centre_head"))
    wangge(...words, "--name", role, "--account", `walk ${role}`, "--role", role, "--area", village, "--password", secret, "--store", store);
const server = await serve(store, "--requests", "100000");
const { url } = server;
after(() => server.kill("SIGKILL"));

/** A centre head answers for a household. */
async function centreHead() {
    const known = new Map(accounts(process.env.TEST_CITY)), office = await signIn(url, "city", known.get("city"));
    const walker = await signIn(url, `grid-${grid}`, known.get(`grid-${grid}`)), worker = newId();
    const { household } = (await walker.ask("household/list", { area: grid })).find((h) => h.household);
    const post = async (who, type, area, body) => {
        const { results } = await who.post([{ id: newId(), type, area, at: Date.now(), body }]);
        assert.equal(results[0].status, "stored", JSON.stringify(results));
    };
    await post(walker, "household.change", grid, { household, centre: true });
    await post(office, "duty.worker", village, { worker, name: "centre_head", phone: "10090000000", category: "village_committee" });
    await post(office, "duty.assign", grid, { duty: newId(), worker, role: "centre_head", household, since: Date.now() });
    wangge("account", "add", "walk centre_head", "--worker", worker, "--password", secret, "--store", store);
}

const own = { command: ["post"], field: ["out", "me"] };      // the frames' pages are everybody's
for (const role of walkers)
    test(`${role}: ${[...rightsOf(role)].join(" ")}`, async () => {
        if (role === "centre_head") await centreHead();
        const p = await page(rightsOf(role).has("reveal") ? desk : phone);
        const refused = [], wrong = [], waiting = new Set(), place = role === "centre_head" ? grid : village;
        // Who answers for some households only is not told by the stream what happens in the rest of the grid.
        const listens = (r) => r.url().includes("/api/stream");
        let asked = 0, document = "";
        p.on("request", (r) => listens(r) || (asked++, waiting.add(r)));
        p.on("requestfailed", (r) => waiting.delete(r));
        p.on("framenavigated", (f) => f.url().split("#")[0] !== document && ((document = f.url().split("#")[0]), waiting.clear()));
        p.on("response", (r) => {
            waiting.delete(r.request());
            if (r.status() >= 400 && !(role === "centre_head" && listens(r))) refused.push(`${r.status()} ${new URL(r.url()).pathname}`);
        });
        const quiet = () =>
            until("its questions are answered", async () => {
                const before = asked;
                await p.waitForTimeout(80);
                return !waiting.size && asked === before;
            }).catch((e) => assert.fail(`${e.message}: ${[...waiting].map((r) => r.url())}`));
        await signInBy(p, `walk ${role}`, secret, url);
        // Whose duties are all at doors has no desk: that face leads back to the phone's.
        const atDoors = p.url().includes("/field.html");
        for (const [face, menu] of [["command", ".bar nav"], ["field", ".places"]]) {
            if (face === "command" && atDoors) {
                await p.waitForSelector(".places a");
                await p.goto(`${url}/command.html`);
                await p.waitForURL(/field\.html/);
                await p.waitForSelector(".places a");
                continue;
            }
            await quiet();
            refused.length = 0;
            await p.goto(`${url}/${face}.html`);
            await p.waitForSelector(`${menu} a`);
            await quiet();
            if (refused.length) wrong.push(`${face} begins with ${refused}`);
            const offered = await p.$$eval(`${menu} a`, (all) => all.map((a) => a.getAttribute("href").match(/#\/([\w-]+)/)[1]));
            const pages = declared.filter((d) => d.face === face), may = (d) => !d.right || d.right.split(" ").some((r) => rightsOf(role).has(r));
            assert.deepEqual(offered.sort(), [...own[face], ...pages.filter((d) => d.order && may(d)).map((d) => d.path)].sort());
            for (const d of pages) {
                refused.length = 0;
                await p.goto(`${url}/${face}.html#/${d.path}?area=${place}`);
                await quiet();
                const told = await p.locator("main > .notice.pad").count();
                if (told !== (may(d) ? 0 : 1)) wrong.push(`${face} ${d.path}: ${may(d) ? "is told he may not" : "opens"}`);
                if (refused.length) wrong.push(`${face} ${d.path}: ${refused}`);
                for (const alert of await p.locator("main [role=alert]").allTextContents()) wrong.push(`${face} ${d.path}: ${alert}`);
            }
        }
        assert.deepEqual([...wrong, ...p.errors], []);
        await p.context().close();
    });
