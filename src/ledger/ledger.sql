-- ledger.sql - the log everything else is derived from.

-- name: schema
CREATE TABLE ledger_head (
    ledger   TEXT NOT NULL,        -- area id of the village (or of the area above villages); "…/read": who looked
    position BIGINT NOT NULL,      -- of the newest record
    digest   BLOB NOT NULL,        -- of the newest record
    PRIMARY KEY (ledger)
);
CREATE TABLE ledger_record (
    ledger      TEXT NOT NULL,
    position    BIGINT NOT NULL,   -- 1, 2, 3 … without holes
    id          BLOB NOT NULL,     -- made where the record was made
    type        TEXT NOT NULL,
    area        TEXT NOT NULL,     -- id of the area it concerns
    at          BIGINT NOT NULL,   -- by the maker's clock, ms UTC; the corrected time is in given
    received_at BIGINT NOT NULL,
    maker       BLOB NOT NULL,     -- zero: the program itself
    author      BLOB NOT NULL,     -- whose session handed it in
    for_whom    BLOB NOT NULL,     -- zero: nobody but the maker
    proof       INTEGER NOT NULL,  -- enum ledger_proof
    body        TEXT NOT NULL,     -- the clear fields
    given       TEXT NOT NULL,     -- what the server decided on acceptance
    boxes       BLOB NOT NULL,     -- the sealed fields
    digest      BLOB NOT NULL,     -- over the digest before it and every byte above
    PRIMARY KEY (ledger, position)
);
CREATE UNIQUE INDEX ledger_record_id ON ledger_record (ledger, id);
CREATE TABLE ledger_fact (
    name  TEXT NOT NULL,           -- "incarnation"
    value BLOB NOT NULL,
    PRIMARY KEY (name)
);

-- name: schema_safe
-- Not derived: position in the last finished backup, 0 none; in a backup itself, what of it is finished.
ALTER TABLE ledger_head ADD COLUMN safe BIGINT NOT NULL DEFAULT 0;

-- name: lock
UPDATE ledger_head SET position = position WHERE ledger = $1 RETURNING position, digest, safe;

-- name: begin
INSERT INTO ledger_head (ledger, position, digest) VALUES ($1, $2, $3);

-- name: settle
UPDATE ledger_head SET position = $2, digest = $3 WHERE ledger = $1;

-- name: append
INSERT INTO ledger_record (ledger, position, id, type, area, at, received_at, maker, author, for_whom, proof, body, given, boxes, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: find
SELECT ledger, position, id, type, area, at, received_at, maker, author, for_whom, proof, body, given, boxes, digest
FROM ledger_record WHERE ledger = $1 AND id = $2;

-- name: after
SELECT ledger, position, id, type, area, at, received_at, maker, author, for_whom, proof, body, given, boxes, digest
FROM ledger_record WHERE ledger = $1 AND position > $2 ORDER BY position;

-- name: between
SELECT ledger, position, id, type, area, at, received_at, maker, author, for_whom, proof, body, given, boxes, digest
FROM ledger_record WHERE ledger = $1 AND position > $2 AND position <= $3 ORDER BY position;

-- name: said
SELECT type, body FROM ledger_record WHERE ledger = $1 AND position > $2 AND position <= $3 ORDER BY position;

-- name: digest
SELECT digest FROM ledger_record WHERE ledger = $1 AND position = $2;

-- name: put_safe
UPDATE ledger_head SET safe = $2 WHERE ledger = $1;

-- name: put_unsafe
UPDATE ledger_head SET safe = 0;

-- name: head
SELECT position, digest FROM ledger_head WHERE ledger = $1;

-- name: heads
SELECT ledger, position, digest, safe FROM ledger_head ORDER BY ledger;

-- name: heads_begun
SELECT h.ledger, h.position, h.digest, h.safe FROM ledger_head h LEFT JOIN ledger_record r ON r.ledger = h.ledger AND r.position = 1
ORDER BY r.received_at, h.ledger;

-- name: fact
SELECT value FROM ledger_fact WHERE name = $1;

-- name: put_fact
INSERT INTO ledger_fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
