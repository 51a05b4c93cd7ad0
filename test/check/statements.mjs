// statements.mjs - every named statement of the project, in the order its tables are made.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const features = readFileSync("features/LIST", "utf8").split("\n").map((l) => l.replace(/#.*/, "").trim()).filter(Boolean);
const folders = [...["store", "seal", "ledger", "core"].map((r) => join("src", r)), ...features.map((f) => join("features", f))];

export const isSchema = (s) => /\bCREATE (TABLE|INDEX|UNIQUE INDEX)\b/.test(s.sql);
// A statement that reads a whole table says why: "-- whole: …" below its name.
export const statements = folders.flatMap((folder) =>
    (existsSync(folder) ? readdirSync(folder) : []).filter((f) => f.endsWith(".sql")).sort().flatMap((file) => {
        const path = join(folder, file);
        let line = 1;
        return readFileSync(path, "utf8").split(/^(?=-- name: )/m).flatMap((piece) => {
            const at = line;
            line += piece.split("\n").length - 1;
            const name = piece.match(/^-- name: (\S+)/)?.[1];
            return name ? [{
                name, part: basename(file, ".sql"), where: `${path}:${at}`, whole: /^-- whole: \S/m.test(piece),
                sql: piece.replace(/--[^\n]*/g, "").replace(/\s+/g, " ").trim(),
            }] : [];
        });
    }));
export const schemas = statements.filter(isSchema);
export const queries = statements.filter((s) => !isSchema(s));

// Tables with the columns of their primary key, read from the schemas.
export const tables = schemas.flatMap((schema) =>
    [...schema.sql.matchAll(/CREATE TABLE (\w+) \(((?:[^()]|\([^()]*\))*)\)/g)].map(([, name, body]) => {
        const key = body.match(/PRIMARY KEY \(([^)]*)\)/)?.[1] ?? body.match(/(\w+)[^,]*? PRIMARY KEY/)?.[1] ?? "";
        return { name, where: schema.where, key: key.split(",").map((c) => c.trim()), columns: body.split(",").map((c) => c.trim()), body };
    }));
export const isVillage = (table) => table.key[0] === "ledger";
