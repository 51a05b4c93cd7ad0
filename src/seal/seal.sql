-- The key store.  A column "wrapped" is a 24-byte nonce, ciphertext and tag
-- under the master; its associated data are the table's name and all other
-- columns of the row, so that no row can be put in another's place.

-- name: schema
CREATE TABLE seal_key (
    name    TEXT NOT NULL,            -- "token", "nonce": that they open proves the master; "sign": seed of the signature; "office": opens parcels
    wrapped BLOB NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE seal_subject (
    ledger  TEXT NOT NULL,            -- village
    subject BLOB NOT NULL,            -- household, door, worker, passer-by
    wrapped BLOB NOT NULL,            -- its secret
    PRIMARY KEY (ledger, subject)
);
CREATE TABLE seal_period (
    ledger  TEXT NOT NULL,
    class   INTEGER NOT NULL,         -- enum seal_class
    month   INTEGER NOT NULL,         -- month_of(), 0 is the standing period of the register
    wrapped BLOB NOT NULL,
    PRIMARY KEY (ledger, class, month)
);
CREATE TABLE seal_tombstone (
    ledger  TEXT NOT NULL,
    subject BLOB NOT NULL,            -- erased; no secret is ever minted for it again
    at      BIGINT NOT NULL,          -- ms UTC
    PRIMARY KEY (ledger, subject)
);
CREATE TABLE seal_tombstone_period (
    ledger  TEXT NOT NULL,
    class   INTEGER NOT NULL,
    month   INTEGER NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (ledger, class, month)
);
CREATE TABLE seal_token (             -- whoever has a token has a row in seal_subject
    ledger  TEXT NOT NULL,            -- first: a village is loaded and erased in one place
    token   BLOB NOT NULL,            -- keyed hash of a piece of a value
    subject BLOB NOT NULL,
    PRIMARY KEY (ledger, token, subject)
);
CREATE TABLE seal_account (
    name    TEXT NOT NULL,
    worker  BLOB NOT NULL,
    wrapped BLOB NOT NULL,            -- verifier of the password, padded to 128 bytes
    PRIMARY KEY (name)
);
CREATE TABLE seal_session (
    token   BLOB NOT NULL,            -- SHA-256 of what the browser holds
    worker  BLOB NOT NULL,
    account TEXT NOT NULL,
    until   BIGINT NOT NULL,          -- ms UTC
    wrapped BLOB NOT NULL,            -- nothing but the tag: proves that the row is ours
    PRIMARY KEY (token)
);
CREATE INDEX seal_session_worker ON seal_session (worker);
CREATE INDEX seal_session_account ON seal_session (account);
CREATE TABLE seal_device (
    device  BLOB NOT NULL,
    worker  BLOB NOT NULL,
    wrapped BLOB NOT NULL,            -- key with which the maker's records are marked
    PRIMARY KEY (device)
);

-- name: schema_2
DROP TABLE IF EXISTS seal_scope;       -- a search is told the ledgers
DELETE FROM seal_token;                -- now hashed with their ledger: `wangge keys tokens` makes them

-- name: schema_3
CREATE TABLE seal_card (              -- in no backup: one that came back could be used again
    name    TEXT NOT NULL,            -- of an account
    until   BIGINT NOT NULL,          -- ms UTC
    wrapped BLOB NOT NULL,            -- verifier of its code, padded to 128 bytes
    PRIMARY KEY (name)
);
CREATE INDEX seal_account_worker ON seal_account (worker);

-- name: schema_4
ALTER TABLE seal_session ADD COLUMN unsent BIGINT NOT NULL DEFAULT 0;   -- records that waited on this device when it last said so
ALTER TABLE seal_session ADD COLUMN oldest BIGINT NOT NULL DEFAULT 0;   -- when the first of them was made, ms UTC; never when it said so

-- name: get_key
SELECT name, wrapped FROM seal_key WHERE name = $1
-- name: put_key
INSERT INTO seal_key (name, wrapped) VALUES ($1, $2)
-- name: all_keys
SELECT name, wrapped FROM seal_key
-- name: wrap_key
UPDATE seal_key SET wrapped = $2 WHERE name = $1

-- name: get_subject
SELECT ledger, subject, NULL AS wrapped FROM seal_tombstone WHERE ledger = $1 AND subject = $2
UNION ALL SELECT ledger, subject, wrapped FROM seal_subject WHERE ledger = $1 AND subject = $2
-- name: put_subject
INSERT INTO seal_subject (ledger, subject, wrapped) VALUES ($1, $2, $3)
-- name: all_subjects
SELECT ledger, subject, wrapped FROM seal_subject
-- name: wrap_subject
UPDATE seal_subject SET wrapped = $3 WHERE ledger = $1 AND subject = $2
-- name: drop_subject
DELETE FROM seal_subject WHERE ledger = $1 AND subject = $2

-- name: get_period
SELECT ledger, class, month, NULL AS wrapped FROM seal_tombstone_period WHERE ledger = $1 AND class = $2 AND month = $3
UNION ALL SELECT ledger, class, month, wrapped FROM seal_period WHERE ledger = $1 AND class = $2 AND month = $3
-- name: put_period
INSERT INTO seal_period (ledger, class, month, wrapped) VALUES ($1, $2, $3, $4)
-- name: all_periods
SELECT ledger, class, month, wrapped FROM seal_period
-- name: wrap_period
UPDATE seal_period SET wrapped = $4 WHERE ledger = $1 AND class = $2 AND month = $3
-- name: drop_period
DELETE FROM seal_period WHERE ledger = $1 AND class = $2 AND month = $3

-- name: add_tombstone
INSERT INTO seal_tombstone (ledger, subject, at) VALUES ($1, $2, $3) ON CONFLICT (ledger, subject) DO NOTHING
-- name: add_tombstone_period
INSERT INTO seal_tombstone_period (ledger, class, month, at) VALUES ($1, $2, $3, $4) ON CONFLICT (ledger, class, month) DO NOTHING
-- name: tombstone
SELECT at FROM seal_tombstone WHERE ledger = $1 AND subject = $2
-- name: tombstones
SELECT ledger, subject FROM seal_tombstone ORDER BY ledger, subject
-- name: tombstones_period
SELECT ledger, class, month FROM seal_tombstone_period ORDER BY ledger, class, month

-- name: add_token
INSERT INTO seal_token (ledger, token, subject) VALUES ($1, $2, $3) ON CONFLICT (ledger, token, subject) DO NOTHING
-- name: drop_tokens
DELETE FROM seal_token WHERE ledger = $1 AND subject = $2
-- name: forget_tokens
DELETE FROM seal_token
-- name: hits
SELECT subject FROM seal_token WHERE ledger = $1 AND token = $2 ORDER BY subject
-- name: unfindable
SELECT 1 AS one FROM seal_subject WHERE NOT EXISTS (SELECT 1 FROM seal_token) LIMIT 1
-- name: token
SELECT 1 AS one FROM seal_token WHERE ledger = $1 AND token = $2 AND subject = $3

-- name: get_account
SELECT name, worker, wrapped FROM seal_account WHERE name = $1
-- name: put_account
INSERT INTO seal_account (name, worker, wrapped) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, wrapped = excluded.wrapped
-- name: all_accounts
SELECT name, worker, wrapped FROM seal_account ORDER BY name
-- name: wrap_account
UPDATE seal_account SET wrapped = $3 WHERE name = $1 AND worker = $2
-- name: account_of
SELECT name FROM seal_account WHERE worker = $1 ORDER BY name LIMIT 1
-- name: drop_account
DELETE FROM seal_account WHERE name = $1

-- name: get_session
SELECT token, worker, account, until, wrapped FROM seal_session WHERE token = $1
-- name: put_session
INSERT INTO seal_session (token, worker, account, until, wrapped) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (token) DO UPDATE
SET worker = excluded.worker, account = excluded.account, until = excluded.until, wrapped = excluded.wrapped
-- name: all_sessions
SELECT token, worker, account, until, wrapped FROM seal_session
-- name: wrap_session
UPDATE seal_session SET wrapped = $5 WHERE token = $1 AND worker = $2 AND account = $3 AND until = $4
-- name: put_left
UPDATE seal_session SET unsent = $2, oldest = $3 WHERE token = $1
-- name: left
SELECT unsent, oldest FROM seal_session WHERE token = $1
-- name: left_of
SELECT SUM(unsent), MIN(oldest) FROM seal_session WHERE worker = $1 AND until > $2 AND unsent > 0
-- name: drop_session
DELETE FROM seal_session WHERE token = $1
-- name: end_sessions_account
DELETE FROM seal_session WHERE account = $1
-- name: end_sessions_worker
DELETE FROM seal_session WHERE worker = $1
-- name: end_sessions_until
DELETE FROM seal_session WHERE until <= $1

-- name: get_card
SELECT name, until, wrapped FROM seal_card WHERE name = $1
-- name: put_card
INSERT INTO seal_card (name, until, wrapped) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET until = excluded.until, wrapped = excluded.wrapped
-- name: all_cards
SELECT name, until, wrapped FROM seal_card
-- name: wrap_card
UPDATE seal_card SET wrapped = $3 WHERE name = $1 AND until = $2
-- name: take_card
DELETE FROM seal_card WHERE name = $1 AND until = $2
-- name: drop_card
DELETE FROM seal_card WHERE name = $1
-- name: end_cards_worker
DELETE FROM seal_card WHERE name IN (SELECT name FROM seal_account WHERE worker = $1)
-- name: end_cards_until
DELETE FROM seal_card WHERE until <= $1

-- name: get_device
SELECT device, worker, wrapped FROM seal_device WHERE device = $1
-- name: put_device
INSERT INTO seal_device (device, worker, wrapped) VALUES ($1, $2, $3)
ON CONFLICT (device) DO UPDATE SET worker = excluded.worker, wrapped = excluded.wrapped
-- name: all_devices
SELECT device, worker, wrapped FROM seal_device
-- name: wrap_device
UPDATE seal_device SET wrapped = $3 WHERE device = $1 AND worker = $2
