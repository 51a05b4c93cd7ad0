// includes.mjs - each room includes only what is below it, in C and in TypeScript.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { report } from "./report.mjs";

// What a room may open beside its own files. base's outer library is jansson; only store names a database.
const rooms = {
    base: [],
    store: ["base"],
    seal: ["store", "base"],
    ledger: ["seal", "store", "base"],
    core: ["ledger", "seal", "store", "base"],
    http: ["core", "ledger", "seal", "store", "base"],
    exchange: ["core", "ledger", "seal", "store", "base"],
    drill: ["exchange", "core", "ledger", "seal", "store", "base"],
    command: ["drill", "exchange", "core", "ledger", "seal", "store", "base"],
};
const below = ["core", "ledger", "seal", "store", "base"];   // of a feature
const libraries = { jansson: ["base"], sqlite3: ["store"], "libpq-fe": ["store"], microhttpd: ["http"], geos_c: ["core", "drill", "features"] };

function* walk(dir, ends) {
    for (const entry of existsSync(dir) ? readdirSync(dir, { withFileTypes: true }) : []) {
        const path = join(dir, entry.name);
        if (entry.name === "node_modules") continue;
        if (entry.isDirectory()) yield* walk(path, ends);
        else if (ends.test(entry.name)) yield path;
    }
}
function* includes(file) {
    for (const [i, line] of readFileSync(file, "utf8").split("\n").entries()) {
        const found = line.match(/^\s*#\s*include\s*([<"])([^>"]+)/);
        if (found) yield { at: `${file}:${i + 1}`, own: found[1] === '"', name: found[2] };
    }
}
const features = readFileSync("features/LIST", "utf8").split("\n").map((l) => l.replace(/#.*/, "").trim()).filter(Boolean);

// ---- C: rooms and features ----
const wrong = [];
const doors = [];
for (const file of [...walk("src", /\.[ch]$/), ...walk("features", /\.[ch]$/)]) {
    const [top, name] = file.split("/");
    if (file === "src/main.c") continue;   // main hands things over: it may open every door
    for (const { at, own, name: included } of includes(file)) {
        const [room, ...rest] = included.split("/");
        const library = included.replace(/\.h$/, "");
        if (!own) {
            if (libraries[library] && !libraries[library].includes(top === "features" ? top : name)) wrong.push(`${at}: ${included} is not for ${name}`);
        } else if (rest.length === 0) {
            if (!existsSync(join(dirname(file), included)) && !included.endsWith(".sql.h")) wrong.push(`${at}: write ${included} with its room`);
        } else if (room === name) {
            continue;   // its own room
        } else if (top === "features" ? !below.includes(room) : !rooms[name]?.includes(room)) {
            wrong.push(`${at}: ${name} may not include ${included}`);
        } else if (rest[0] !== `${room}.h` && !(room === "base" && rest[0] === "json.h")) {
            doors.push(`${at}: the door of ${room} is ${room}/${room}.h, not ${rest[0]}`);
        }
    }
}
report("rooms include only what is below them", wrong);
report("rooms are entered by their doors", doors);

// ---- each sql header belongs to one file ----
const users = new Map();
for (const file of [...walk("src", /\.[ch]$/), ...walk("features", /\.[ch]$/)])
    for (const { name } of includes(file)) if (name.endsWith(".sql.h")) users.set(name, [...(users.get(name) ?? []), file]);
const statements = [...walk("src", /\.sql$/), ...walk("features", /\.sql$/)].map((f) => basename(f) + ".h");
report("every .sql file is included by exactly one .c file", [
    ...statements.filter((s) => users.get(s)?.length !== 1).map((s) => `${s}: ${users.get(s)?.join(", ") ?? "nobody"}`),
    ...statements.filter((s, i) => statements.indexOf(s) !== i).map((s) => `${s}: two files of that name`),
]);
report("core knows no feature by name", [...walk("src/core", /\.(c|h|sql)$/), ...walk("src/http", /\.(c|h|sql)$/)].flatMap((file) =>
    readFileSync(file, "utf8").split("\n").flatMap((line, i) =>
        features.filter((f) => new RegExp(`\\bfeature_${f}\\b|"/api/${f}\\b`).test(line)).map((f) => `${file}:${i + 1}: names ${f}`))));

// ---- a feature's SQL names core, itself and its left ----
const tables = [];
for (const file of walk("features", /\.sql$/)) {
    const own = file.split("/")[1];
    const right = features.slice(features.indexOf(own) + 1);
    for (const [i, line] of readFileSync(file, "utf8").replace(/--[^\n]*/g, "").split("\n").entries()) {
        for (const f of right) if (new RegExp(`\\b(FROM|JOIN|INTO|UPDATE|TABLE)\\s+${f}_`, "i").test(line)) tables.push(`${file}:${i + 1}: ${f} is to the right of ${own}`);
        for (const f of [...features.filter((x) => x !== own), "core", "ledger", "seal"])
            if (new RegExp(`\\b(INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE INDEX \\w+ ON)\\s+${f}_`, "i").test(line)) tables.push(`${file}:${i + 1}: ${own} may not write ${f}`);
    }
}
report("features read to their left and write only their own tables", tables);

// ---- TypeScript ----
const imports = [];
const reach = [];
for (const file of [...walk("web", /\.(ts|vue|mjs)$/), ...walk("features", /\.(ts|vue)$/)]) {
    if (dirname(file) === "web") continue;   // the build's own settings
    const text = readFileSync(file, "utf8");
    const [top, name, ui] = file.split("/");
    const place = top === "features" ? "feature" : name;
    for (const found of text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
        const raw = found[1];
        const target = raw.startsWith(".") ? normalize(join(dirname(file), raw))
            : raw.startsWith("@kit") ? raw.replace("@kit", "web/kit") : raw.startsWith("@data") ? raw.replace("@data", "web/data") : null;
        if (!target) continue;   // a package, or made by the build
        const own = top === "features" ? `features/${name}/${ui}` : null;
        const may = { feature: ["web/kit", "web/data", own], kit: ["web/kit"], data: ["web/data"], app: ["web/app", "web/kit", "web/data"] }[place] ?? ["web/"];
        if (!may.some((m) => target === m || target.startsWith(m.endsWith("/") ? m : `${m}/`) || target.startsWith(`${m}.`))) imports.push(`${file}: ${place} may not import ${raw}`);
    }
    if (place !== "data" && place !== "public")
        for (const [i, line] of text.split("\n").entries())
            if (/\b(fetch|indexedDB|XMLHttpRequest|EventSource|sendBeacon)\s*[(.]|new (XMLHttpRequest|EventSource|WebSocket)\b|from ["']idb["']/.test(line.replace(/\/\/.*/, "")))
                reach.push(`${file}:${i + 1}: only web/data talks to the server and the store: ${line.trim().slice(0, 80)}`);
}
report("pages import only kit, data and their own folder", imports);
report("only web/data fetches and keeps", reach);
