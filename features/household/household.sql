-- household.sql - doors, the households behind them, their members.
--
-- What was true at a position of the ledger can be asked for ever: since and
-- until are positions, and what stood before is kept in household_past.  So a
-- round freezes its list by remembering one number.

-- name: schema
CREATE TABLE household_door (
    ledger      TEXT NOT NULL,          -- village: shard, lock, chain
    door        BLOB NOT NULL,
    area        TEXT NOT NULL,          -- grid in which it stands
    ord         BIGINT NOT NULL,        -- place in the walk through the grid
    use         TEXT NOT NULL,          -- code of dwelling_use
    opened      BIGINT NOT NULL,        -- position of the record that made it known
    moved       BIGINT,                 -- position of the record that last took it into another grid
    area_before TEXT,                   -- grid it stood in before that
    stamp       BLOB NOT NULL,          -- earliest record about it: the stamp of every field without a mark
    marks       BLOB,                   -- fields changed since: number and stamp each
    boxes       BLOB,                   -- sealed, register: building floor room landlord
    PRIMARY KEY (ledger, door)
);
CREATE INDEX household_door_walk ON household_door (ledger, area, ord, door);
CREATE TABLE household_household (
    ledger      TEXT NOT NULL,
    household   BLOB NOT NULL,
    door        BLOB NOT NULL,          -- behind which it lives
    kind        TEXT NOT NULL,          -- code of household_kind
    centre      BLOB,                   -- the centre household it is linked to
    is_centre   INTEGER NOT NULL,       -- 1: it is a centre household itself
    speaks      TEXT,                   -- code of language
    since       BIGINT NOT NULL,        -- position since which it lives behind this door
    until       BIGINT,                 -- position at which it closed; NULL while it stands
    erased      INTEGER NOT NULL,       -- 1: what was known of it is destroyed
    stamp       BLOB NOT NULL,          -- as in household_door
    marks       BLOB,
    boxes       BLOB,                   -- sealed, register: head phone contact, and members as they came with it
    needs_boxes BLOB,                   -- sealed, health: needs
    PRIMARY KEY (ledger, household)
);
CREATE INDEX household_household_door ON household_household (ledger, door);
CREATE INDEX household_household_centre ON household_household (ledger, centre);
CREATE TABLE household_member (
    ledger     TEXT NOT NULL,
    household  BLOB NOT NULL,
    person     BLOB NOT NULL,
    sex        TEXT,                    -- code of sex
    relation   TEXT,                    -- code of relation, to the head
    away_until TEXT,                    -- last day away
    since      BIGINT NOT NULL,         -- position since which this row is as it is
    until      BIGINT,                  -- position at which the person left; NULL while he stays
    stamp      BLOB NOT NULL,           -- as in household_door
    marks      BLOB,
    parts      BLOB,                    -- where in household_household.boxes this member is: record and index in `members` each
    boxes      BLOB,                    -- sealed, register: name birth id phone, from records of its own
    PRIMARY KEY (ledger, household, person)
);
CREATE TABLE household_past (           -- earlier stays behind a door (person is sixteen zeros) and earlier states of a member
    ledger     TEXT NOT NULL,
    household  BLOB NOT NULL,
    person     BLOB NOT NULL,
    since      BIGINT NOT NULL,         -- positions: it was so from since to until
    until      BIGINT NOT NULL,
    door       BLOB,                    -- NULL for a member
    away_until TEXT,
    PRIMARY KEY (ledger, household, person, since)
);
CREATE INDEX household_past_door ON household_past (ledger, door);
CREATE TABLE household_erasure (        -- asked for by one person, allowed by another
    ledger      TEXT NOT NULL,
    erase       BLOB NOT NULL,          -- the record that asks
    household   BLOB NOT NULL,
    reason      TEXT NOT NULL,
    asked_by    BLOB NOT NULL,
    typed_by    BLOB NOT NULL,          -- whose session it came from
    asked_at    BIGINT NOT NULL,
    approved_by BLOB,
    approved_at BIGINT,
    PRIMARY KEY (ledger, erase)
);

-- name: schema_conflicts
-- Facts of which two people said different things without knowing of each other (conflict.c).
CREATE TABLE household_conflict (
    ledger      TEXT NOT NULL,
    home        BLOB NOT NULL,          -- the household, or a door
    person      BLOB NOT NULL,          -- the member; sixteen zeros: the household or door itself
    field       TEXT NOT NULL,          -- which fact: the name of its field
    record      BLOB NOT NULL,          -- the one that arrived later
    door        INTEGER NOT NULL,       -- 1: home is a door
    maker       BLOB NOT NULL,          -- who said so
    at          BIGINT NOT NULL,        -- corrected time
    value       TEXT,                   -- NULL: sealed, or none
    other       BLOB NOT NULL,          -- the record that had set the fact, and arrived earlier
    other_maker BLOB NOT NULL,
    other_at    BIGINT NOT NULL,
    other_value TEXT,
    noted_at    BIGINT NOT NULL,        -- when the later one was received
    settled_at  BIGINT,                 -- NULL: it waits
    settled_by  BLOB,
    PRIMARY KEY (ledger, home, person, field, record)
);

-- name: schema_notes
CREATE TABLE household_note (           -- left for whoever comes next
    ledger    TEXT NOT NULL,
    note      BLOB NOT NULL,            -- the record
    door      BLOB,                     -- where it was left: a door …
    household BLOB,                     -- … or a household, wherever that lives
    at        BIGINT NOT NULL,
    maker     BLOB NOT NULL,
    promise   INTEGER NOT NULL,         -- 1: something was promised
    due       TEXT,                     -- by which day
    boxes     BLOB,                     -- sealed, register: text
    done_at   BIGINT,                   -- NULL: it waits
    done_by   BLOB,
    PRIMARY KEY (ledger, note)
);
CREATE INDEX household_note_open ON household_note (ledger, done_at);

-- name: door
SELECT area, ord, use, opened, moved, area_before, stamp, marks, boxes FROM household_door WHERE ledger = $1 AND door = $2;

-- name: add_door
INSERT INTO household_door (ledger, door, area, ord, use, opened, stamp, boxes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (ledger, door) DO NOTHING;

-- name: change_door
UPDATE household_door SET area = $3, ord = $4, use = $5, moved = $6, area_before = $7, stamp = $8, marks = $9, boxes = $10
WHERE ledger = $1 AND door = $2;

-- name: household
SELECT door, kind, centre, is_centre, speaks, since, until, stamp, marks, boxes, needs_boxes, erased
FROM household_household WHERE ledger = $1 AND household = $2;

-- name: add_household
INSERT INTO household_household (ledger, household, door, kind, centre, is_centre, speaks, since, erased, stamp, boxes, needs_boxes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11)
ON CONFLICT (ledger, household) DO NOTHING;

-- name: change_household
UPDATE household_household SET door = $3, kind = $4, centre = $5, is_centre = $6, speaks = $7, since = $8, until = $9, stamp = $10,
    marks = $11,
    boxes = $12, needs_boxes = $13
WHERE ledger = $1 AND household = $2;

-- name: member
SELECT sex, relation, away_until, since, until, stamp, marks, parts, boxes
FROM household_member WHERE ledger = $1 AND household = $2 AND person = $3;

-- name: add_member
INSERT INTO household_member (ledger, household, person, sex, relation, away_until, since, stamp, parts, boxes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (ledger, household, person) DO NOTHING;

-- name: change_member
UPDATE household_member SET sex = $4, relation = $5, away_until = $6, since = $7, until = $8, stamp = $9, marks = $10, parts = $11,
    boxes = $12
WHERE ledger = $1 AND household = $2 AND person = $3;

-- name: person
SELECT person, sex, relation, away_until, parts, boxes FROM household_member WHERE ledger = $1 AND household = $2 AND person = $3;

-- name: add_past
INSERT INTO household_past (ledger, household, person, since, until, door, away_until) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (ledger, household, person, since) DO NOTHING;

-- name: members_of
SELECT person, sex, relation, away_until, parts, boxes FROM household_member
WHERE ledger = $1 AND household = $2 AND until IS NULL ORDER BY person;

-- name: closed_by
-- The household that closed at position $2.
SELECT household, door, since FROM household_household WHERE ledger = $1 AND until = $2;

-- name: stand_again
UPDATE household_household SET since = $3, until = NULL WHERE ledger = $1 AND household = $2;

-- name: former_door
-- Behind which household $2 lived before it moved.
SELECT door FROM household_past WHERE ledger = $1 AND household = $2 AND door IS NOT NULL ORDER BY since DESC LIMIT 1;

-- name: doors_of
-- $2 a door, a household or a note: that door, those behind which it lives and lived, or where the note hangs.
SELECT d.door, d.area, d.moved FROM household_door d WHERE d.ledger = $1 AND d.door = $2
UNION ALL
SELECT d.door, d.area, d.moved FROM household_household h JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
WHERE h.ledger = $1 AND h.household = $2
UNION ALL
SELECT d.door, d.area, d.moved FROM household_past p JOIN household_door d ON d.ledger = p.ledger AND d.door = p.door
WHERE p.ledger = $1 AND p.household = $2
UNION ALL
SELECT d.door, d.area, d.moved FROM household_note n
LEFT JOIN household_household h ON h.ledger = n.ledger AND h.household = n.household AND h.until IS NULL
JOIN household_door d ON d.ledger = n.ledger AND d.door = COALESCE(h.door, n.door)
WHERE n.ledger = $1 AND n.note = $2;

-- name: centre
SELECT centre FROM household_household WHERE ledger = $1 AND household = $2;

-- name: add_erasure
INSERT INTO household_erasure (ledger, erase, household, reason, asked_by, asked_at, typed_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (ledger, erase) DO NOTHING;

-- name: erasure
SELECT household, asked_by, approved_at, typed_by FROM household_erasure WHERE ledger = $1 AND erase = $2;

-- name: approve_erasure
UPDATE household_erasure SET approved_by = $3, approved_at = $4 WHERE ledger = $1 AND erase = $2;

-- name: erase_household
UPDATE household_household SET erased = 1, speaks = NULL, boxes = NULL, needs_boxes = NULL WHERE ledger = $1 AND household = $2;

-- name: erase_members
UPDATE household_member SET sex = NULL, relation = NULL, parts = NULL, boxes = NULL WHERE ledger = $1 AND household = $2;

-- name: behind
SELECT household FROM household_household WHERE ledger = $1 AND door = $2 AND until IS NULL ORDER BY household LIMIT 2;

-- name: note
SELECT door, household FROM household_note WHERE ledger = $1 AND note = $2;

-- name: add_note
INSERT INTO household_note (ledger, note, door, household, at, maker, promise, due, boxes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (ledger, note) DO NOTHING;

-- name: note_done
UPDATE household_note SET done_at = $3, done_by = $4 WHERE ledger = $1 AND note = $2 AND done_at IS NULL;

-- name: erase_notes
DELETE FROM household_note WHERE ledger = $1 AND household = $2;

-- Questions. $1 and $2 are the path from and to; hidden columns begin with "_".

-- name: doors
-- $3 shows empty ones too; $4 the day; $5 $6 $7 the key to go on after; $8 rows.
SELECT a.path AS _path, d.ord AS "order", d.door, d.area, d.use,
    (SELECT COUNT(*) FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL) AS households,
    d.ledger AS _ledger, d.area AS _area, d.boxes AS _boxes
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
WHERE a.path >= CASE WHEN $5 > $1 THEN $5 ELSE $1 END AND a.path < $2
    AND ($3 = 1 OR EXISTS (
        SELECT 1 FROM household_household o WHERE o.ledger = d.ledger AND o.door = d.door AND o.until IS NULL
            AND o.kind <> 'vacant' AND o.kind <> 'away'
            AND (NOT EXISTS (SELECT 1 FROM household_member w WHERE w.ledger = o.ledger AND w.household = o.household AND w.until IS NULL
                             AND w.away_until >= $4)
                OR EXISTS (SELECT 1 FROM household_member m WHERE m.ledger = o.ledger AND m.household = o.household AND m.until IS NULL
                           AND (m.away_until IS NULL OR m.away_until < $4)))))
    AND (a.path, d.ord, d.door) > ($5, $6, $7)
ORDER BY a.path, d.ord, d.door LIMIT $8;

-- name: list
-- $3 the day; $4 shows empty ones too, those of whom everybody is away, and how many are; $5 $6 $7 $8 the key to go on after; $9 rows.
SELECT a.path AS _path, d.ord AS "order", d.door, COALESCE(h.household, d.door) AS _slot,
    d.area, h.household, h.kind, d.use, h.speaks, h.centre, h.is_centre,
    (SELECT COUNT(*) FROM household_member m WHERE m.ledger = h.ledger AND m.household = h.household AND m.until IS NULL) AS persons,
    CASE WHEN $4 = 1 THEN (SELECT COUNT(*) FROM household_member w WHERE w.ledger = h.ledger AND w.household = h.household
        AND w.until IS NULL AND w.away_until >= $3) ELSE 0 END AS away,
    d.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre,
    h.boxes AS _boxes, h.needs_boxes AS _needs, d.boxes AS _door
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
LEFT JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL
WHERE a.path >= CASE WHEN $5 > $1 THEN $5 ELSE $1 END AND a.path < $2
    AND ($4 = 1 OR (h.household IS NOT NULL AND h.kind <> 'vacant' AND h.kind <> 'away'
        AND (NOT EXISTS (SELECT 1 FROM household_member w WHERE w.ledger = h.ledger AND w.household = h.household AND w.until IS NULL
                         AND w.away_until >= $3)
            OR EXISTS (SELECT 1 FROM household_member m WHERE m.ledger = h.ledger AND m.household = h.household AND m.until IS NULL
                       AND (m.away_until IS NULL OR m.away_until < $3)))))
    AND (a.path, d.ord, d.door, COALESCE(h.household, d.door)) > ($5, $6, $7, $8)
ORDER BY a.path, d.ord, d.door, COALESCE(h.household, d.door) LIMIT $9;

-- name: members
-- $3 the household; $4 tells who is away until when.
SELECT m.person, m.sex, m.relation, CASE WHEN $4 = 1 THEN m.away_until END AS away_until,
    m.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, m.boxes AS _boxes, h.boxes AS _whole,
        m.parts AS _parts
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_household h ON h.ledger = l.ledger AND h.household = $3
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
JOIN core_area a ON a.id = d.area
JOIN household_member m ON m.ledger = h.ledger AND m.household = h.household
WHERE m.until IS NULL AND a.path >= $1 AND a.path < $2
ORDER BY m.person;

-- name: people
-- Everybody below the area, so that a phone asks once for its whole grid. $3 tells who is away until when;
-- $4 $5 $6 $7 $8 the key to go on after; $9 rows.
SELECT a.path AS _path, d.ord AS _ord, d.door, h.household, m.person, m.sex, m.relation,
    CASE WHEN $3 = 1 THEN m.away_until END AS away_until,
    m.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, m.boxes AS _boxes, h.boxes AS _whole,
        m.parts AS _parts
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door
JOIN household_member m ON m.ledger = h.ledger AND m.household = h.household
WHERE a.path >= CASE WHEN $4 > $1 THEN $4 ELSE $1 END AND a.path < $2 AND h.until IS NULL AND m.until IS NULL
    AND (a.path, d.ord, d.door, h.household, m.person) > ($4, $5, $6, $7, $8)
ORDER BY a.path, d.ord, d.door, h.household, m.person LIMIT $9;

-- name: reveal
-- $3 the household: one row a member, or one when it has none; what is asked of the household stands in each.
SELECT h.household, h.door, d.area, m.person,
    h.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre,
    h.boxes AS _boxes, h.needs_boxes AS _needs, d.boxes AS _door, m.boxes AS _own, m.parts AS _parts
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_household h ON h.ledger = l.ledger AND h.household = $3
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
JOIN core_area a ON a.id = d.area
LEFT JOIN household_member m ON m.ledger = h.ledger AND m.household = h.household AND m.until IS NULL
WHERE a.path >= $1 AND a.path < $2
ORDER BY m.person;

-- name: notes
-- What waits; a household's note stands where it lives. $3 $4 $5 $6 the key to go on after; $7 rows.
SELECT a.path AS _path, d.ord AS "order", d.door, n.note, d.area, n.household, n.promise, n.due, n.at, n.maker,
    n.ledger AS _ledger, d.area AS _area, n.household AS _household, h.centre AS _centre, n.boxes AS _boxes
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_note n ON n.ledger = l.ledger AND n.done_at IS NULL
LEFT JOIN household_household h ON h.ledger = n.ledger AND h.household = n.household AND h.until IS NULL
JOIN household_door d ON d.ledger = n.ledger AND d.door = COALESCE(h.door, n.door)
JOIN core_area a ON a.id = d.area
WHERE a.path >= CASE WHEN $3 > $1 THEN $3 ELSE $1 END AND a.path < $2 AND (a.path, d.ord, d.door, n.note) > ($3, $4, $5, $6)
ORDER BY a.path, d.ord, d.door, n.note LIMIT $7;

-- name: erasures
-- Those that wait for the second person stand first. $3 $4 $5 the key to go on after; $6 rows.
SELECT CASE WHEN x.approved_at IS NULL THEN 0 ELSE 1 END AS _done, x.asked_at AS _at, x.erase, x.household, d.area, x.reason,
    x.asked_by, x.asked_at, x.approved_by, x.approved_at
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_erasure x ON x.ledger = l.ledger
JOIN household_household h ON h.ledger = x.ledger AND h.household = x.household
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
JOIN core_area a ON a.id = d.area
WHERE a.path >= $1 AND a.path < $2
    AND (CASE WHEN x.approved_at IS NULL THEN 0 ELSE 1 END, x.asked_at, x.erase) > ($3, $4, $5)
ORDER BY 1, 2, 3 LIMIT $6;

-- name: found_household
SELECT d.area, h.household, h.door, h.boxes, d.boxes FROM household_household h
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
WHERE h.ledger = $1 AND h.household = $2 AND h.until IS NULL AND h.erased = 0;

-- name: found_door
SELECT d.area, h.household, d.door, h.boxes, d.boxes FROM household_door d
LEFT JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL AND h.erased = 0
WHERE d.ledger = $1 AND d.door = $2 ORDER BY h.household;
