-- store.sql - which part stands at which version.

-- name: schema
CREATE TABLE IF NOT EXISTS store_part (
    part    TEXT NOT NULL,        -- "ledger", "household"
    version BIGINT NOT NULL,      -- schema steps that were run
    PRIMARY KEY (part)
);

-- name: version
SELECT version FROM store_part WHERE part = $1;

-- name: put_version
INSERT INTO store_part (part, version) VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET version = excluded.version;

-- name: forget
DELETE FROM store_part WHERE part = $1;
