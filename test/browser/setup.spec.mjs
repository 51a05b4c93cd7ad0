// setup.spec.mjs - a village that begins with nothing, on screen: its secretary cuts the first grid, names who answers
// for it and gives that person an account, and the person signs in at the doors.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { borrow, serve, wangge } from "../program.mjs";
import { accessible, desk, page, phone, text, until } from "./browser.mjs";

const village = "440513108216", grid = `${village}01`, password = "grid-2020-lin";
const { folder, store } = borrow();
const list = join(folder, "village.csv");
writeFileSync(list, `code,name,level,parent_code,type,short_name
440500000000,汕头市,city,,prefecture,汕头市
440513000000,潮阳区,district,440500000000,district,潮阳区
440513108000,铜盂镇,town,440513000000,town,铜盂镇
440513108216,草尾村委会,village,440513108000,village,草尾村
`);
wangge("import", list, "--as", "divisions", "--apply", "--store", store);
wangge("worker", "add", "--name", "林立秋", "--phone", "10090000002", "--account", "lin", "--role", "secretary", "--area", village, "--password", password,
    "--store", store);
const server = await serve(store);
after(() => server.kill("SIGKILL"));

async function enter(name, word, size = desk, language = "zh") {
    const p = await page(size, language);
    await p.goto(server.url);
    await p.fill("[name=name]", name);
    await p.fill("[name=password]", word);
    await p.click("button[type=submit]");
    await p.waitForURL(/(command|field)\.html/);
    return p;
}
const lin = await enter("lin", password);
const open = (path, query = "") => lin.goto(`${server.url}/command.html#/${path}?area=${village}${query}`);
const closed = () => lin.waitForSelector(".dialog", { state: "detached" });
const todo = () => lin.waitForSelector(".nextstep [data-step]").then((e) => e.getAttribute("data-step"));

test("an empty village leads its secretary to the first grid", async () => {
    await open("post");
    assert.equal(await todo(), "grids");
    await lin.click(".nextstep [data-step]");
    await lin.waitForSelector(".grids .first");
    assert.match(await text(lin, ".grids .first h2"), /还没有网格:先划第一个网格/);
    await accessible(lin);
});

test("the first grid: its code is made, only a name is asked", async () => {
    await lin.click("button[name=open]");
    assert.equal(await lin.inputValue(".dialog [name=code]"), grid);
    assert.match(await text(lin, ".dialog .notice"), /将多一个网格/);
    await accessible(lin);
    await lin.fill(".dialog [name=name]", "第一网格");
    await lin.keyboard.press("Enter");
    await closed();
    await lin.waitForSelector(`.grids [data-area="${grid}"]`);
    await lin.click("button[name=open]");
    assert.equal(await lin.inputValue(".dialog [name=code]"), `${village}02`);
    await lin.fill(".dialog [name=code]", grid);
    await lin.fill(".dialog [name=name]", "又一个");
    await lin.click(".dialog footer .main");
    assert.match(await text(lin, ".dialog [role=alert]"), /已有别的区域在用/);
    await lin.keyboard.press("Escape");
    await closed();
});

test("a grid is renamed, and one that is not needed is closed", async () => {
    await lin.click("button[name=open]");
    await lin.fill(".dialog [name=name]", "多余");
    await lin.keyboard.press("Enter");
    await closed();
    await lin.click(`[data-area="${village}02"] [name=rename]`);
    await lin.fill(".dialog [name=name]", "第二网格");
    await lin.keyboard.press("Enter");
    await closed();
    await until("renamed", async () => /第二网格/.test(await text(lin, `[data-area="${village}02"]`)));
    await lin.click(`[data-area="${village}02"] [name=close]`);
    await lin.fill(".dialog [name=reason]", "划多了");
    await lin.click(".dialog footer .danger");
    await closed();
    await lin.waitForSelector(`[data-area="${village}02"]`, { state: "detached" });
    await lin.click("button[name=open]");
    assert.equal(await lin.inputValue(".dialog [name=code]"), `${village}03`, "a code once used is not given again");
    await lin.keyboard.press("Escape");
});

test("somebody is registered and answers for the grid", async () => {
    await open("post");
    assert.equal(await todo(), "workers");
    await lin.click(".nextstep [data-step]");
    await lin.waitForSelector(".people tbody tr");
    assert.match(await text(lin, ".people tbody"), /林立秋/);
    await lin.click("header button[name=worker]");
    await lin.fill(".dialog [name=name]", "李小满");
    await lin.fill(".dialog [name=phone]", "call me");
    await lin.selectOption(".dialog [name=category]", "grid_worker_full");
    await lin.click(".dialog footer .main");
    assert.match(await text(lin, ".dialog [role=alert]"), /电话只能是数字/);
    await lin.fill(".dialog [name=phone]", "10090000003");
    await lin.click(".dialog footer .main");
    await lin.waitForSelector(".dialog [data-value=grid_worker]");
    assert.equal(await lin.locator(".dialog [data-value=auditor]").count(), 0, "only the keeper makes an auditor");
    assert.equal(await lin.inputValue(".dialog [name=where]"), grid, "the grid that led here");
    await lin.click(".dialog [data-value=grid_worker]");
    await accessible(lin);
    await lin.click(".dialog footer .main");
    await closed();
    await until("the duty", async () => /李小满[^]*第一网格[^]*网格员/.test(await text(lin, ".people tbody")));
    await accessible(lin);
    await open("grids");
    await until("who holds the grid", async () => /李小满/.test(await text(lin, `[data-area="${grid}"]`)));
    await open("post");
    assert.equal(await todo(), "doors");
});

test("a duty is handed over, and ended", async () => {
    await open("people");
    await lin.click("header button[name=worker]");
    await lin.fill(".dialog [name=name]", "王谷雨");
    await lin.fill(".dialog [name=phone]", "10090000004");
    await lin.selectOption(".dialog [name=category]", "volunteer");
    await lin.click(".dialog footer .main");
    await lin.waitForSelector(".dialog [data-value=volunteer]");
    await lin.keyboard.press("Escape");
    await closed();
    const row = (name) => lin.locator(".people tbody tr", { hasText: name });
    const give = async (from, to) => {
        await row(from).locator("[name=handover]").click();
        await lin.locator(".dialog [name=to]").selectOption({ label: await lin.locator(".dialog [name=to] option", { hasText: to }).textContent() });
        await lin.click(".dialog footer .main");
        await closed();
        await until(`${to} has it`, async () => (await row(to).locator(".held").count()) === 1);
    };
    await give("李小满", "王谷雨");
    await give("王谷雨", "李小满");
    await row("王谷雨").locator("[name=assign]").click();
    await lin.click(".dialog [data-value=volunteer]");
    await lin.click(".dialog footer .main");
    await closed();
    await row("王谷雨").locator("[name=end]").click();
    await lin.fill(".dialog [name=reason]", "返校");
    await lin.click(".dialog footer .danger");
    await closed();
    await until("it has ended", async () => (await row("王谷雨").locator(".held").count()) === 0);
});

test("with the account that is shown once the worker signs in and has a door to register", async () => {
    await open("people");
    await lin.locator(".people tbody tr", { hasText: "李小满" }).locator("[name=account]").click();
    await lin.fill(".dialog [name=account]", "lin");
    await lin.click(".dialog footer .main");
    assert.match(await text(lin, ".dialog [role=alert]"), /已有别人在用/);
    await lin.fill(".dialog [name=account]", "li");
    await lin.click(".dialog footer .main");
    const word = await text(lin, "[data-made=password]");
    assert.ok(word.length >= 8, word);
    assert.equal(await text(lin, "[data-made=name]"), "li");
    await accessible(lin);
    await lin.click(".dialog footer .main");
    await closed();
    const li = await enter("li", word, phone);
    assert.match(li.url(), /field\.html/);
    await li.waitForSelector(".doors");
    assert.deepEqual([...lin.errors, ...li.errors], []);
});
