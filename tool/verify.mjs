// verify.mjs - verifies an exported ledger without the program that wrote it.
//
//     wangge export --as ledger --area 440513108216 | node tool/verify.mjs
//
// One JSON object a line.  The digest of a record is SHA-256 over its parts,
// each with its length before it as 4 bytes, big-endian:
//     "1" (the algorithm), ledger, position, prev, id, type, area, at, received_at,
//     maker, author, for, proof, body, given, boxes
// Numbers are decimal text; ids are their 16 bytes, nothing when there is
// none; prev is the 32 bytes of the digest before, zeros at the start; body
// and given are the very text, boxes the very bytes (base64 in the export).
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const ALGORITHM = "1";
const idBytes = (id) => Buffer.from((id ?? "").replaceAll("-", ""), "hex");

function digest(prev, row) {
    const hash = createHash("sha256");
    const parts = [
        ALGORITHM, row.ledger, String(row.position), prev, idBytes(row.id), row.type, row.area, String(row.at), String(row.received_at),
        idBytes(row.maker), idBytes(row.author), idBytes(row.for), String(row.proof), row.body ?? "", row.given ?? "",
        Buffer.from(row.boxes ?? "", "base64"),
    ];
    for (const part of parts) {
        const bytes = Buffer.from(part);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        hash.update(length).update(bytes);
    }
    return hash.digest();
}

const ledgers = new Map();   // name -> { position, digest } of the record before
let records = 0;
let bad = 0;

function complain(row, why) {
    bad++;
    console.log(`bad ${row?.ledger ?? "?"} ${row?.position ?? "?"}: ${why}`);
}

for await (const line of createInterface({ input: process.argv[2] ? createReadStream(process.argv[2]) : process.stdin, crlfDelay: Infinity })) {
    if (!line.trim()) continue;
    let row;
    try {
        row = JSON.parse(line);
    } catch (error) {
        complain(null, `line ${records + 1} is no JSON: ${error.message}`);
        continue;
    }
    const before = ledgers.get(row.ledger) ?? { position: 0, digest: Buffer.alloc(32), ids: new Set() };
    records++;
    if (row.position !== before.position + 1) complain(row, `follows position ${before.position}`);
    if (before.ids.has(row.id)) complain(row, `id ${row.id} a second time`);
    const right = digest(before.digest, row);
    if (right.toString("hex") !== row.digest) complain(row, `digest ${row.digest} should be ${right.toString("hex")}`);
    before.ids.add(row.id);
    ledgers.set(row.ledger, { position: row.position, digest: right, ids: before.ids });
}
for (const [ledger, head] of ledgers) console.log(`${ledger} ${head.position} ${head.digest.toString("hex")}`);
console.log(`${records} records, ${ledgers.size} ledgers, ${bad} bad`);
process.exitCode = bad || !records ? 1 : 0;
