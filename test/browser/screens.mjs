// screens.mjs FOLDER - pictures of the faces for the README and for looking at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { at, desk, enter, grid, none, page, phone, signInBy, until, unvisited, url } from "./browser.mjs";

const folder = process.argv[2] ?? "doc/screens";
mkdirSync(folder, { recursive: true });
const shoot = async (p, name, whole) => {
    await p.waitForTimeout(700);
    await p.screenshot({ path: join(folder, `${name}.png`), fullPage: whole, animations: "disabled" });
};
const town = grid.slice(0, 9),
    village = grid.slice(0, 12);

for (const language of ["zh", "en"]) {
    const tail = language === "zh" ? "" : "-en";
    const p = await enter("city", desk, language);
    await p.waitForSelector(".datatable [data-row]");
    await until("the figures", async () => /%/.test(await p.textContent(".figures .big")));
    await shoot(p, `command-city${tail}`);
    await at(p, "command", `post?area=${town}`);
    await shoot(p, `command-town${tail}`);
    await at(p, "command", `post?area=${village}`);
    await shoot(p, `command-village${tail}`);
    await p.click(".areamap .switch button:last-child");
    await at(p, "command", `post?area=440514`);
    await shoot(p, `command-schematic${tail}`);
    await p.click(".areamap .switch button:first-child");
    await at(p, "command", `left?area=${village}`);
    await shoot(p, `command-left${tail}`);
    await at(p, "command", `rounds?area=440514`);
    await p.click(".rounds header .main");
    await shoot(p, `command-round${tail}`);
    await p.keyboard.press("Escape");
    await at(p, "command", "coverage?area=440514");
    await p.check("[name=villages]");
    await shoot(p, `command-coverage${tail}`);
    await p.click(".who > button");
    await p.click(".menu button >> nth=0");
    await at(p, "command", "post?area=4405");
    await p.click(".who > button");
    await shoot(p, `command-wall${tail}`);

    const s = await page(phone, language);
    await s.goto(url);
    await s.waitForSelector("[name=password]");
    await shoot(s, `sign-in${tail}`);
    const k = await page(phone, language, { unlocks: false });
    await signInBy(k, `grid-${grid}`);
    await k.click('.pin .keys button:text-is("4")');
    await shoot(k, `field-pin${tail}`);
    const f = await enter(`grid-${grid}`, phone, language);
    await f.waitForSelector(".doors .list a[data-state=pending]");
    await shoot(f, `field-doors${tail}`);
    await f.locator(unvisited).first().tap();
    await f.waitForSelector(".people");
    await shoot(f, `field-visit${tail}`);
    await f.click("[data-value=at_door]");
    await f.click("[data-value=told_by_family]");
    await shoot(f, `field-visit-chosen${tail}`);
    await f.locator(".people li button:not(.away)").first().tap();
    await f.click(".dialog [data-value=temp]");
    for (const digit of ["3", "7", "8"]) await f.click(`.keypad .keys button:text-is("${digit}")`);
    await shoot(f, `field-fever${tail}`);
    await f.keyboard.press("Escape");
    await f.click("[data-tab=no_answer]");
    await shoot(f, `field-nobody${tail}`, true);
    await f.context().setOffline(true);
    await f.click("[data-tab=someone]");
    await none(f);
    await f.click(".savebutton");
    await f.waitForSelector(".toasts p");
    await f.waitForTimeout(500);
    await f.evaluate(() => (location.hash = "#/out"));
    await f.waitForSelector(".parcel");
    await shoot(f, `field-outbox${tail}`);
}
process.exit(0);
