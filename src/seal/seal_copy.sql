-- seal_copy.sql - the statements of copy.c: each table that a backup takes, in pieces after a key.

-- name: keys
SELECT name, wrapped FROM seal_key WHERE name > $1 ORDER BY name LIMIT $2
-- name: put_key
INSERT INTO seal_key (name, wrapped) VALUES ($1, $2)

-- name: subjects
SELECT ledger, subject, wrapped FROM seal_subject WHERE (ledger, subject) > ($1, $2) ORDER BY ledger, subject LIMIT $3
-- name: put_subject
INSERT INTO seal_subject (ledger, subject, wrapped) VALUES ($1, $2, $3)

-- name: periods
SELECT ledger, class, month, wrapped FROM seal_period WHERE (ledger, class, month) > ($1, $2, $3) ORDER BY ledger, class, month LIMIT $4
-- name: put_period
INSERT INTO seal_period (ledger, class, month, wrapped) VALUES ($1, $2, $3, $4)

-- name: accounts
SELECT name, worker, wrapped FROM seal_account WHERE name > $1 ORDER BY name LIMIT $2
-- name: put_account
INSERT INTO seal_account (name, worker, wrapped) VALUES ($1, $2, $3)

-- name: devices
SELECT device, worker, wrapped FROM seal_device WHERE device > $1 ORDER BY device LIMIT $2
-- name: put_device
INSERT INTO seal_device (device, worker, wrapped) VALUES ($1, $2, $3)

-- name: tombstones
SELECT ledger, subject, at FROM seal_tombstone WHERE (ledger, subject) > ($1, $2) ORDER BY ledger, subject LIMIT $3
-- name: put_tombstone
INSERT INTO seal_tombstone (ledger, subject, at) VALUES ($1, $2, $3)

-- name: tombstones_period
SELECT ledger, class, month, at FROM seal_tombstone_period WHERE (ledger, class, month) > ($1, $2, $3) ORDER BY ledger, class, month LIMIT $4
-- name: put_tombstone_period
INSERT INTO seal_tombstone_period (ledger, class, month, at) VALUES ($1, $2, $3, $4)

-- name: drop_erased
DELETE FROM seal_subject WHERE EXISTS
(SELECT 1 FROM seal_tombstone t WHERE t.ledger = seal_subject.ledger AND t.subject = seal_subject.subject)
-- name: drop_erased_period
DELETE FROM seal_period WHERE EXISTS
(SELECT 1 FROM seal_tombstone_period t WHERE t.ledger = seal_period.ledger AND t.class = seal_period.class AND t.month = seal_period.month)

-- name: erasures
SELECT (SELECT COUNT(*) FROM seal_tombstone), (SELECT COUNT(*) FROM seal_tombstone_period)
