-- core_fact.sql - what is kept of the installation; not derived, no ledger knows it.

-- name: schema
CREATE TABLE installation_fact (
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);

-- name: fact
SELECT value FROM installation_fact WHERE name = $1;

-- name: facts
SELECT name, value FROM installation_fact ORDER BY name;

-- name: put_fact
INSERT INTO installation_fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
