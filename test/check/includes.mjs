// includes.mjs - each room includes only what is below it, in C, SQL and TypeScript.
import { existsSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { below, features, lines, text } from "./files.mjs";
import { report } from "./report.mjs";

// What a room may open beside its own files.
const ground = ["ledger", "seal", "store", "base"];
const rooms = {
    base: [],
    store: ["base"],
    seal: ["store", "base"],
    ledger: ["seal", "store", "base"],
    core: ground,
    features: ["core", ...ground],
    http: ["core", ...ground],
    exchange: ["core", ...ground],
    drill: ["exchange", "core", ...ground],
    command: ["drill", "exchange", "core", ...ground],
};
const libraries = {
    sqlite3: ["store"], "libpq-fe": ["store"], microhttpd: ["http"], zlib: ["http"], sodium: ["base", "store", "seal", "core"], "nettle/sha2": ["ledger"],
    "nettle/ecc": ["seal"], "nettle/ecc-curve": ["seal"], "nettle/gcm": ["seal"],
    "gnutls/abstract": ["http"], "gnutls/x509": ["http"], qrencode: ["http"],
    geos_c: ["core", "drill", "features"],
};
const sources = [...below("src", /\.[ch]$/), ...below("features", /\.[ch]$/)].filter((f) => f !== "src/main.c");   // main may open every door
const included = (file) =>
    lines(file).flatMap(({ line, at }) => {
        const found = line.match(/^\s*#\s*include\s*([<"])([^>"]+)/);
        return found ? [{ at, own: found[1] === '"', name: found[2] }] : [];
    });

// ---- C ----
const wrong = [], doors = [];
for (const file of sources) {
    const [top, folder] = file.split("/");
    const room = top === "features" ? top : folder;
    for (const { at, own, name } of included(file)) {
        const [place, door] = name.split("/");
        if (!own) {
            const users = libraries[name.replace(/\.h$/, "")];
            if (users && !users.includes(room)) wrong.push(`${at}: ${name} is not for ${room}`);
        } else if (!door) {
            if (!name.endsWith(".sql.h") && !existsSync(join(dirname(file), name))) wrong.push(`${at}: write ${name} with its room`);
        } else if (place !== folder) {
            if (!rooms[room]?.includes(place)) wrong.push(`${at}: ${folder} may not include ${name}`);
            if (door !== `${place}.h` && name !== "base/json.h") doors.push(`${at}: the door of ${place} is ${place}/${place}.h`);
        }
    }
}
report("rooms include only what is below them", wrong);
report("rooms are entered by their doors", doors);
report("core and http know no feature by name", ["core", "http"].flatMap((room) => below(`src/${room}`, /\.(c|h|sql)$/)).flatMap(lines)
    .filter(({ line }) => features.some((f) => new RegExp(`\\bfeature_${f}\\b|"/api/${f}\\b`).test(line))).map(({ at, line }) => `${at}: ${line.trim()}`));

// ---- SQL ----
const sql = [...below("src", /\.sql$/), ...below("features", /\.sql$/)];
const usersOf = (header) => sources.filter((f) => included(f).some(({ name }) => name === header));
report("every .sql file is included by exactly one .c file", sql.map((f) => [f, usersOf(`${basename(f)}.h`)])
    .filter(([, by]) => by.length !== 1).map(([f, by]) => `${f}: ${by.join(", ") || "nobody"}`));
const reads = (feature) => new RegExp(`\\b(FROM|JOIN|INTO|UPDATE|TABLE)\\s+${feature}_`, "i");
const writes = (part) => new RegExp(`\\b(INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE INDEX \\w+ ON)\\s+${part}_`, "i");
report("features read to their left and write only their own tables", below("features", /\.sql$/).flatMap((file) => {
    const own = file.split("/")[1];
    const right = features.slice(features.indexOf(own) + 1), others = [...features.filter((f) => f !== own), "core", "ledger", "seal"];
    return lines(file).map(({ line, at }) => ({ line: line.replace(/--.*/, ""), at })).flatMap(({ line, at }) => [
        ...right.filter((f) => reads(f).test(line)).map((f) => `${at}: ${f} is to the right of ${own}`),
        ...others.filter((f) => writes(f).test(line)).map((f) => `${at}: ${own} may not write ${f}`),
    ]);
}));

// ---- TypeScript ----
const mayImport = { kit: ["web/kit"], data: ["web/data"], app: ["web/app", "web/kit", "web/data"] };
const outside = /\b(fetch|indexedDB|XMLHttpRequest|EventSource|sendBeacon)\s*[(.]|new (XMLHttpRequest|EventSource|WebSocket)\b|from ["']idb["']/;
const imports = [], reach = [];
for (const file of [...below("web", /\.(ts|vue|mjs)$/), ...below("features", /\.(ts|vue)$/)]) {
    const [top, name, ui] = file.split("/");
    if (dirname(file) === "web" || name === "public") continue;   // the build's own settings
    const may = top === "features" ? ["web/kit", "web/data", `features/${name}/${ui}`] : mayImport[name] ?? ["web"];
    for (const [, raw] of text(file).matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
        const target = raw.startsWith(".") ? normalize(join(dirname(file), raw)) : raw.replace(/^@(kit|data)\b/, "web/$1");
        if (!/^(web|features)\//.test(target)) continue;          // a package, or made by the build
        if (!may.some((m) => `${target}/`.startsWith(`${m}/`))) imports.push(`${file}: may not import ${raw}`);
    }
    if (name !== "data" || top === "features")
        for (const { line, at } of lines(file)) if (outside.test(line.replace(/\/\/.*/, ""))) reach.push(`${at}: ${line.trim().slice(0, 100)}`);
}
report("pages import only kit, data and their own folder", imports);
report("only web/data fetches and keeps", reach);
