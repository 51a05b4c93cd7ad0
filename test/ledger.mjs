// ledger.mjs - what somebody with the store's file in his hands can do to a ledger: read it, change it, compute its chain anew.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";

/** Runs SQL on the store in a folder, past the program; answers with the rows. */
export function sqlite(folder, sql) {
    const said = spawnSync("sqlite3", ["-json", join(folder, "wangge.db")], { input: sql, encoding: "utf8", maxBuffer: 1 << 28 });
    if (said.status !== 0) throw new Error(said.stderr);
    return said.stdout ? JSON.parse(said.stdout) : [];
}

/** The digest of a row whose blobs are hexadecimal; doc/records.md describes it. */
function digest(prev, r) {
    const who = (hex) => (/^0*$/.test(hex) ? Buffer.alloc(0) : Buffer.from(hex, "hex"));
    const parts = ["1", r.ledger, `${r.position}`, prev, Buffer.from(r.id, "hex"), r.type, r.area, `${r.at}`, `${r.received_at}`,
        who(r.maker), who(r.author), who(r.for_whom), `${r.proof}`, r.body, r.given, Buffer.from(r.boxes, "hex")];
    const hash = createHash("sha256");
    for (const part of parts) {
        const bytes = Buffer.from(part), length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        hash.update(length).update(bytes);
    }
    return hash.digest();
}

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
/** change(row) gives a record's new body or nothing; the chain is computed anew. Answers with how many records became others. */
export function rewrite(folder, ledger, change) {
    const rows = sqlite(folder, `SELECT ledger, position, hex(id) AS id, type, area, at, received_at, hex(maker) AS maker, hex(author) AS author,
        hex(for_whom) AS for_whom, proof, body, given, hex(boxes) AS boxes, lower(hex(digest)) AS digest
        FROM ledger_record WHERE ledger = ${quoted(ledger)} ORDER BY position;`);
    const script = [];
    let prev = Buffer.alloc(32);
    for (const row of rows) {
        row.body = change(row) || row.body;
        prev = digest(prev, row);
        if (prev.toString("hex") !== row.digest)
            script.push(`UPDATE ledger_record SET body = ${quoted(row.body)}, digest = x'${prev.toString("hex")}'
                WHERE ledger = ${quoted(ledger)} AND position = ${row.position};`);
    }
    sqlite(folder, ["BEGIN;", ...script, `UPDATE ledger_head SET digest = x'${prev.toString("hex")}' WHERE ledger = ${quoted(ledger)};`, "COMMIT;"].join("\n"));
    return script.length;
}
