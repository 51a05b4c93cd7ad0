-- core_heads.sql - the statements of heads.c: daily roots, and forks that clients report.

-- name: add_root
INSERT INTO core_root (ledger, area, day, position, at, ledgers, records, root) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (ledger, area, day) DO NOTHING;

-- name: root_of
-- $3 the day.
SELECT position FROM core_root WHERE ledger = $1 AND area = $2 AND day = $3;

-- name: newest_root
SELECT position FROM core_root WHERE ledger = $1 AND area = $2 ORDER BY day DESC LIMIT 1;

-- name: add_fork
INSERT INTO core_fork (ledger, record, position, digest, found, at, maker) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (ledger, record) DO NOTHING;
