-- core.sql - the tables of core: areas, duties, alarms, the outbox. Their statements are in the core_*.sql beside.

-- name: schema
CREATE TABLE core_area (                -- reference table: small, everywhere the same
    id        TEXT NOT NULL,            -- its code at birth, for ever
    code      TEXT NOT NULL,            -- its present code
    name      TEXT NOT NULL,
    kind      TEXT NOT NULL,            -- "village", "community", "base" …
    level     INTEGER NOT NULL,         -- 1 city 2 district 3 town 4 village 5 grid 6 block …
    parent    TEXT,                     -- id; NULL at a root
    ledger    TEXT NOT NULL,            -- where records about it go
    path      TEXT NOT NULL,            -- "4405/440513/" in today's tree; derived
    open      INTEGER NOT NULL,
    successor TEXT,                     -- id of the area it was merged into
    lon       INTEGER,                  -- point, 1e-6 degrees WGS-84
    lat       INTEGER,
    shape     TEXT,                     -- GeoJSON-like geometry in 1e-6 degrees
    synthetic INTEGER NOT NULL,         -- 1: the shape is invented
    shape_stamp BLOB NOT NULL,          -- stamp of the record that brought the shape
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    held      INTEGER NOT NULL,         -- 1: somebody answers for it today as main person; kept with core_duty
    stamp     BLOB NOT NULL,            -- stamp of the record that gave code, name and parent
    PRIMARY KEY (id)
);
CREATE INDEX core_area_path ON core_area (path);
CREATE INDEX core_area_parent ON core_area (parent);
CREATE INDEX core_area_level ON core_area (level, path);
CREATE INDEX core_area_unheld ON core_area (path) WHERE open = 1 AND held = 0;
CREATE TABLE core_area_code (           -- every code an area ever had
    code TEXT NOT NULL,
    area TEXT NOT NULL,
    PRIMARY KEY (code, area)
);
CREATE TABLE core_duty (                -- reference table: who answers for which area in which role
    duty      BLOB NOT NULL,
    worker    BLOB NOT NULL,
    area      TEXT NOT NULL,
    role      TEXT NOT NULL,
    household BLOB,                     -- the centre household whose linked ones are meant
    deputy    INTEGER NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL,          -- 0: open end
    begun     INTEGER NOT NULL,         -- 1: its first moment has come
    ended_at  BIGINT,                   -- NULL while it stands
    stamp     BLOB NOT NULL,
    PRIMARY KEY (duty)
);
CREATE INDEX core_duty_worker ON core_duty (worker);
CREATE INDEX core_duty_area ON core_duty (area);
CREATE INDEX core_duty_household ON core_duty (household);
CREATE TABLE core_alarm (               -- what is due by itself; derived
    ledger  TEXT NOT NULL,
    type    TEXT NOT NULL,              -- the record that will be appended
    subject BLOB NOT NULL,
    area    TEXT NOT NULL,
    due_at  BIGINT NOT NULL,
    PRIMARY KEY (ledger, type, subject)
);
CREATE INDEX core_alarm_due ON core_alarm (due_at);
CREATE TABLE core_outbox (              -- records owed to other villages; derived
    ledger   TEXT NOT NULL,
    position BIGINT NOT NULL,           -- of the first record
    target   TEXT NOT NULL,             -- area id
    PRIMARY KEY (ledger, position, target)
);

-- name: schema_heads
CREATE TABLE core_root (                -- the daily roots over the heads of all ledgers (core.heads)
    ledger   TEXT NOT NULL,             -- of the root area
    area     TEXT NOT NULL,             -- the root area
    day      TEXT NOT NULL,             -- "2020-02-05"
    position BIGINT NOT NULL,           -- of the record; the heads themselves are in its body
    at       BIGINT NOT NULL,
    ledgers  BIGINT NOT NULL,           -- how many heads
    records  BIGINT NOT NULL,           -- in them, all together
    root     TEXT NOT NULL,             -- hexadecimal, as on paper
    PRIMARY KEY (ledger, area, day)
);
CREATE TABLE core_fork (                -- what a client was answered once and is not answered now (core.fork)
    ledger     TEXT NOT NULL,
    record     BLOB NOT NULL,           -- the client's report
    position   BIGINT NOT NULL,         -- of the row that was changed
    digest     BLOB NOT NULL,           -- as the client was answered it
    found      BLOB,                    -- as it was answered later; NULL: nothing
    at         BIGINT NOT NULL,
    maker      BLOB NOT NULL,
    PRIMARY KEY (ledger, record)
);

-- name: looks
-- $3 the read ledger; $4 the position to go on after; $5 rows. The body says query, count, purpose: never what was seen.
SELECT position, type, area, maker, at, body FROM ledger_record WHERE $1 < $2 AND ledger = $3 AND position > $4 ORDER BY position LIMIT $5;

-- name: writes
-- $3 the ledger; $4 the position to go on after; $5 rows.
SELECT position, id, type, area, maker, author, for_whom, proof, at, received_at FROM ledger_record
WHERE $1 < $2 AND ledger = $3 AND position > $4 ORDER BY position LIMIT $5;

-- name: digest
-- $3 the position; $4 the ledger of the asked area.
SELECT ledger, position, digest FROM ledger_record WHERE $1 < $2 AND ledger = $4 AND position = $3;

-- name: roots
-- For everybody: what is printed is no secret. $3 $4 $5 the key to go on after; $6 rows.
SELECT ledger, area, day, position, at, ledgers, records, root FROM core_root
WHERE $1 < $2 AND (ledger, area, day) > ($3, $4, $5) ORDER BY ledger, area, day LIMIT $6;

-- name: forks
-- What was remembered, and what stands there now: same 1 says that today the report is not borne out. $3 $4 the key to go on after; $5 rows.
SELECT f.ledger, f.record, f.position, f.digest, f.found, r.digest AS stands, CASE WHEN r.digest = f.digest THEN 1 ELSE 0 END AS same,
    f.at, f.maker
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN core_fork f ON f.ledger = l.ledger
LEFT JOIN ledger_record r ON r.ledger = f.ledger AND r.position = f.position
WHERE (f.ledger, f.record) > ($3, $4)
ORDER BY f.ledger, f.record LIMIT $5;
