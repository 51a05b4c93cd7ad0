-- duty.sql - organisations, workers, and who answers for what. The duties themselves are core's table core_duty.
--
-- Current: ended_at IS NULL, since <= now, until 0 or later than now.  An area's main person: whoever holds a
-- current duty on that very area as commander, leader_contact, secretary, grid_head or grid_worker, not as deputy.

-- name: schema
CREATE TABLE duty_organisation (        -- reference table; the later stamp stands
    organisation BLOB NOT NULL,
    area         TEXT NOT NULL,         -- where it belongs
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,         -- code of organisation_kind
    stamp        BLOB NOT NULL,
    PRIMARY KEY (organisation)
);
CREATE INDEX duty_organisation_area ON duty_organisation (area);
CREATE TABLE duty_worker (              -- reference table; the later stamp stands
    worker       BLOB NOT NULL,
    home         TEXT NOT NULL,         -- ledger of the record that stands: its box is bound to it
    area         TEXT NOT NULL,         -- where the worker belongs
    category     TEXT NOT NULL,         -- code of worker_category
    organisation BLOB,
    skills       TEXT,                  -- ["dialect",…]
    boxes        BLOB NOT NULL,         -- sealed, register: name, phone
    stamp        BLOB NOT NULL,
    PRIMARY KEY (worker)
);
CREATE INDEX duty_worker_area ON duty_worker (area);
CREATE TABLE duty_end (                 -- reference table: ends, kept apart so that one may come before its duty at a replay
    duty     BLOB NOT NULL,
    ended_at BIGINT NOT NULL,           -- the earliest stands
    PRIMARY KEY (duty)
);

-- name: schema_handed
CREATE TABLE duty_handed (              -- reference table: what went from one worker to another
    handover BLOB NOT NULL,             -- the record
    area     TEXT NOT NULL,
    giver    BLOB NOT NULL,
    taker    BLOB NOT NULL,
    at       BIGINT NOT NULL,           -- since when it is the taker's
    PRIMARY KEY (handover, area)
);
CREATE INDEX duty_handed_giver ON duty_handed (giver);
CREATE INDEX duty_handed_taker ON duty_handed (taker);

-- name: schema_handed_area
CREATE INDEX duty_handed_area ON duty_handed (area);

-- name: put_organisation
INSERT INTO duty_organisation (organisation, area, name, kind, stamp) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organisation) DO UPDATE SET area = excluded.area, name = excluded.name, kind = excluded.kind, stamp = excluded.stamp
WHERE excluded.stamp > duty_organisation.stamp;

-- name: put_worker
INSERT INTO duty_worker (worker, home, area, category, organisation, skills, boxes, stamp) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (worker) DO UPDATE SET home = excluded.home, area = excluded.area, category = excluded.category,
    organisation = excluded.organisation, skills = excluded.skills, boxes = excluded.boxes, stamp = excluded.stamp
WHERE excluded.stamp > duty_worker.stamp;

-- name: put_end
INSERT INTO duty_end (duty, ended_at) VALUES ($1, $2)
ON CONFLICT (duty) DO UPDATE SET ended_at = excluded.ended_at WHERE excluded.ended_at < duty_end.ended_at;

-- name: add_handed
INSERT INTO duty_handed (handover, area, giver, taker, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (handover, area) DO NOTHING;

-- name: end
SELECT ended_at FROM duty_end WHERE duty = $1;

-- name: organisation
SELECT area FROM duty_organisation WHERE organisation = $1;

-- name: name_of
SELECT home, boxes FROM duty_worker WHERE worker = $1;

-- name: worker
SELECT area FROM duty_worker WHERE worker = $1;

-- name: duty
SELECT area, role, until, ended_at FROM core_duty WHERE duty = $1;

-- name: held
-- What worker $1 holds or will hold at $2.
SELECT duty, area, role, household, deputy, since, until FROM core_duty
WHERE worker = $1 AND ended_at IS NULL AND (until = 0 OR until > $2) ORDER BY duty;

-- name: centre
-- Is household $2 of ledger $1 a centre household?
SELECT is_centre FROM household_household WHERE ledger = $1 AND household = $2 AND until IS NULL;

-- Questions. $1 and $2 are the path from and to; hidden columns begin with "_".

-- name: chain
-- $3 a household or NULL; $4 now. A level without a main person has a row of nulls before its others.
WITH RECURSIVE up (id, name, level, ledger, open, held, above, depth) AS (
    SELECT id, name, level, ledger, open, held, COALESCE(successor, parent), 0 FROM core_area WHERE path = $1 AND path < $2
    UNION ALL
    SELECT a.id, a.name, a.level, a.ledger, a.open, a.held, COALESCE(a.successor, a.parent), up.depth + 1
    FROM up JOIN core_area a ON a.id = up.above
),
centre (household) AS (
    SELECT COALESCE(h.centre, CASE h.is_centre WHEN 1 THEN h.household END)
    FROM up JOIN household_household h ON h.ledger = up.ledger AND h.household = $3 WHERE up.depth = 0
),
held (depth, id, name, level, duty, rank) AS (
    SELECT up.depth, up.id, up.name, up.level, d.duty,
        CASE d.role WHEN 'commander' THEN 1 WHEN 'leader_contact' THEN 2 WHEN 'secretary' THEN 3 WHEN 'grid_head' THEN 4
            WHEN 'grid_worker' THEN 5 WHEN 'police' THEN 6 ELSE 7 END
    FROM up JOIN core_duty d ON d.area = up.id
    WHERE up.open = 1 AND d.household IS NULL AND d.ended_at IS NULL AND d.since <= $4 AND (d.until = 0 OR d.until > $4)
        AND d.role IN ('commander', 'leader_contact', 'secretary', 'grid_head', 'grid_worker', 'police', 'medic')
    UNION ALL
    SELECT up.depth, up.id, up.name, up.level, NULL, 0
    FROM up
    WHERE up.open = 1 AND up.held = 0
    UNION ALL
    SELECT -1, up.id, up.name, up.level + 1, d.duty, 8
    FROM up JOIN centre ON up.depth = 0
    LEFT JOIN core_duty d ON d.household = centre.household AND d.role = 'centre_head' AND d.ended_at IS NULL AND d.since <= $4
        AND (d.until = 0 OR d.until > $4)
)
SELECT held.level, held.id AS area, held.name AS area_name, CASE held.rank WHEN 8 THEN 'centre_head' ELSE d.role END AS role, d.worker,
    w.category, o.name AS organisation, d.deputy, d.since, w.home AS _ledger, w.boxes AS _boxes
FROM held
LEFT JOIN core_duty d ON d.duty = held.duty
LEFT JOIN duty_worker w ON w.worker = d.worker
LEFT JOIN duty_organisation o ON o.organisation = w.organisation
ORDER BY held.depth DESC, held.rank, d.deputy, d.since, d.duty;

-- name: unowned
-- $3 1: areas too; $4 1: households too; $5 $6 $7 $8 the last row's key; $9 rows.
SELECT a.path AS _path, 0 AS _rank, 0 AS _ord, CAST('' AS blob) AS _place,
    'area' AS kind, a.id AS area, a.code, a.name, a.level, CAST(NULL AS blob) AS household, 'main' AS missing
FROM core_area a
WHERE $3 = 1 AND a.open = 1 AND a.path >= $1 AND a.path < $2 AND a.path > $5
    AND a.held = 0
UNION ALL
SELECT g.path, 1, d.ord, h.household, 'household', g.id, g.code, g.name, g.level, h.household, 'centre_head'
FROM core_area g
JOIN household_door d ON d.ledger = g.ledger AND d.area = g.id
JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door
WHERE $4 = 1 AND g.path >= $1 AND g.path < $2 AND g.path >= $5 AND (g.path > $5 OR (1, d.ord, h.household) > ($6, $7, $8))
    AND h.until IS NULL AND h.kind <> 'vacant' AND h.centre IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM core_duty c WHERE c.household = h.household AND h.is_centre = 1 AND c.role = 'centre_head' AND c.deputy = 0
            AND c.ended_at IS NULL AND c.begun = 1)
ORDER BY 1, 2, 3, 4 LIMIT $9;

-- name: mine
-- $3 the worker; $4 now.
SELECT d.duty, d.area, a.name AS area_name, a.level, d.role, d.household, d.since, d.until, d.deputy, a.path
FROM core_duty d JOIN core_area a ON a.id = d.area
WHERE d.worker = $3 AND a.path >= $1 AND a.path < $2 AND d.ended_at IS NULL AND d.since <= $4 AND (d.until = 0 OR d.until > $4)
ORDER BY a.level, a.path, d.role, d.duty;

-- name: held_here
-- $3 now: every duty on the very area that stands or will stand.
SELECT d.duty, d.area, d.role, d.worker, d.household, d.deputy, d.since, d.until, w.category, o.name AS organisation,
    w.home AS _ledger, w.boxes AS _boxes
FROM core_area a
JOIN core_duty d ON d.area = a.id
LEFT JOIN duty_worker w ON w.worker = d.worker
LEFT JOIN duty_organisation o ON o.organisation = w.organisation
WHERE a.path = $1 AND a.path < $2 AND d.ended_at IS NULL AND (d.until = 0 OR d.until > $3)
ORDER BY d.role, d.deputy, d.since, d.duty;

-- name: workers
-- $3 now; $4 $5 the last row's key; $6 rows.
SELECT a.path AS _path, w.worker, w.area, a.name AS area_name, w.category, w.organisation AS organisation_id, o.name AS organisation,
    w.skills,
    (SELECT COUNT(*) FROM core_duty d WHERE d.worker = w.worker AND d.ended_at IS NULL AND d.since <= $3 AND (d.until = 0 OR d.until > $3))
        AS duties,
    w.home AS _ledger, w.boxes AS _boxes
FROM core_area a
JOIN duty_worker w ON w.area = a.id
LEFT JOIN duty_organisation o ON o.organisation = w.organisation
WHERE a.path >= $1 AND a.path < $2 AND a.path >= $4 AND (a.path > $4 OR w.worker > $5)
ORDER BY a.path, w.worker LIMIT $6;

-- name: takers
-- $3 now: who stands at doors anywhere in the village of the asked area, and so may be handed some.
WITH RECURSIVE up (path, level, parent) AS (
    SELECT path, level, parent FROM core_area WHERE path = $1 AND path < $2
    UNION ALL
    SELECT a.path, a.level, a.parent FROM up JOIN core_area a ON a.id = up.parent WHERE up.level > 4
)
SELECT d.worker, d.role, d.area, a.name AS area_name, w.category, w.home AS _ledger, w.boxes AS _boxes
FROM up
JOIN core_area a ON a.path >= up.path AND a.path < substr(up.path, 1, length(up.path) - 1) || '0'
JOIN core_duty d ON d.area = a.id
LEFT JOIN duty_worker w ON w.worker = d.worker
WHERE up.level = 4 AND d.role IN ('grid_head', 'grid_worker', 'centre_head') AND d.ended_at IS NULL AND d.since <= $3
    AND (d.until = 0 OR d.until > $3)
ORDER BY a.path, d.role, d.duty;

-- name: handed
-- Two rows a handover and area, the giver's and the taker's; the latest first. $3 $4 $5 $6 the last row's key; $7 rows.
SELECT -x.at AS _key, x.handover, x.area, CASE WHEN w.worker = x.taker THEN 1 ELSE 0 END AS took, a.name AS area_name, x.at, w.worker,
    w.home AS _ledger, w.boxes AS _boxes
FROM core_area a
JOIN duty_handed x ON x.area = a.id
JOIN duty_worker w ON w.worker IN (x.giver, x.taker)
WHERE a.path >= $1 AND a.path < $2 AND (-x.at, x.handover, x.area, CASE WHEN w.worker = x.taker THEN 1 ELSE 0 END) > ($3, $4, $5, $6)
ORDER BY 1, 2, 3, 4 LIMIT $7;

-- name: organisations
-- $3 $4 the last row's key; $5 rows.
SELECT a.path AS _path, o.organisation, o.name, o.kind, o.area, a.name AS area_name
FROM core_area a
JOIN duty_organisation o ON o.area = a.id
WHERE a.path >= $1 AND a.path < $2 AND a.path >= $3 AND (a.path > $3 OR o.organisation > $4)
ORDER BY a.path, o.organisation LIMIT $5;
