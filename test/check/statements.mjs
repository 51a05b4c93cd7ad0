// statements.mjs - every named statement of the project, in the order its tables are made.
import { basename } from "node:path";
import { below, features, text } from "./files.mjs";

const folders = [...["store", "seal", "ledger", "core"].map((room) => `src/${room}`), ...features.map((f) => `features/${f}`)];

// A statement that reads a whole table says why: "-- whole: …" below its name.
const statements = folders.flatMap((folder) => below(folder, /\.sql$/)).flatMap((file) => {
    let line = 1;
    return text(file).split(/^(?=-- name: )/m).flatMap((piece) => {
        const at = `${file}:${line}`, name = piece.match(/^-- name: (\S+)/)?.[1];
        line += piece.split("\n").length - 1;
        const sql = piece.replace(/--[^\n]*/g, "").replace(/\s+/g, " ").trim().replace(/;$/, "");
        return name ? [{ name, sql, part: basename(file, ".sql"), at: `${at}: ${name}`, whole: /^-- whole: \S/m.test(piece) }] : [];
    });
});
const isSchema = (s) => /\b(CREATE (TABLE|INDEX|UNIQUE INDEX)|ALTER TABLE|DROP TABLE)\b/.test(s.sql);
export const schemas = statements.filter(isSchema);
export const queries = statements.filter((s) => !isSchema(s));

// Tables with their columns and the columns of their primary key.
export const tables = schemas.flatMap((schema) =>
    [...schema.sql.matchAll(/CREATE TABLE (\w+) \(((?:[^()]|\([^()]*\))*)\)/g)].map(([, name, body]) => ({
        name,
        at: `${schema.at}: ${name}`,
        key: (body.match(/PRIMARY KEY \(([^)]*)\)/)?.[1] ?? body.match(/(\w+)[^,]*? PRIMARY KEY/)?.[1] ?? "").split(",").map((c) => c.trim()),
        columns: body.replace(/\([^)]*\)/g, "").split(",").map((c) => c.trim()).filter((c) => c && !/^(PRIMARY KEY|UNIQUE|CHECK)/.test(c)),
    })));
// Tables of village data have the ledger first in their key.
export const village = new Set(tables.filter((t) => t.key[0] === "ledger").map((t) => t.name));
