// verify.mjs - verifies exported ledgers without the program that wrote them.
//
//     wangge export --as ledger --area 440513108216 | node tool/verify.mjs
//     (wangge export --as ledger --area 4405; wangge export --as ledger --area 440513108216) | node tool/verify.mjs
//
// One JSON object a line.  The digest of a record is SHA-256 over its parts,
// each with its length before it as 4 bytes, big-endian:
//     "1" (the algorithm), ledger, position, prev, id, type, area, at, received_at,
//     maker, author, for, proof, body, given, boxes
// Numbers are decimal text; ids are their 16 bytes, nothing when there is
// none; prev is the 32 bytes of the digest before, zeros at the start; body
// and given are the very text, boxes the very bytes (base64 in the export).
//
// A record core.heads lists the heads of all ledgers: each one that is among
// the input is held against its line, the root against the list, the signature
// against the key.  Whether the key is the right one only paper tells: its
// fingerprint is printed as `wangge heads` prints it.
import { createHash, createPublicKey, verify } from "node:crypto";
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

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const publicKey = (hex) =>
    createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") }, format: "jwk" });

// What a day's root is wrong about; digestAt tells what the input holds at a position, undefined for a ledger that is not in it.
function rootWrongs({ area, body }, digestAt) {
    const { day, ledgers, root, key, sign, heads } = JSON.parse(body);
    const right = sha256(heads.map((l) => `${l}\n`).join(""));
    const wrong = [];
    if (right !== root) wrong.push(`root ${root} should be ${right}`);
    if (heads.length !== ledgers) wrong.push(`${heads.length} ledgers, not ${ledgers}`);
    const said = Buffer.from(["core.heads", area, day, ledgers, root].join(" "));
    if (!verify(null, said, publicKey(key), Buffer.from(sign, "hex"))) wrong.push("the signature is not the key's");
    for (const [ledger, position, digest] of heads.map((l) => l.split(" "))) {
        const held = digestAt(ledger, Number(position));
        if (held !== undefined && held !== digest) wrong.push(`ledger ${ledger} is another one up to position ${position}`);
    }
    return wrong;
}

const roots = [];            // records core.heads
const digests = new Map();   // name -> digest of each position
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
    if (!digests.has(row.ledger)) digests.set(row.ledger, []);
    digests.get(row.ledger)[row.position] = right.toString("hex");
    if (row.type === "core.heads") roots.push(row);
}
const keys = new Map();      // fingerprint -> how many roots it signed
for (const row of roots) {
    const finger = sha256(JSON.parse(row.body).key).replace(/(....)(?=.)/g, "$1 ");
    keys.set(finger, (keys.get(finger) ?? 0) + 1);
    for (const why of rootWrongs(row, (ledger, n) => digests.get(ledger) && (digests.get(ledger)[n] ?? null))) complain(row, why);
}
for (const [finger, count] of keys) console.log(`${count} roots signed by ${finger}`);
for (const [ledger, head] of ledgers) console.log(`${ledger} ${head.position} ${head.digest.toString("hex")}`);
console.log(`${records} records, ${ledgers.size} ledgers, ${bad} bad`);
process.exitCode = bad || !records ? 1 : 0;
