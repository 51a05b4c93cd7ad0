-- screening.sql - rounds, what they froze, what was visited, what is counted.
--
-- The list of a round is a position in the ledger of each village: whatever
-- stood there at that position is due.  A slot is one household, or a door that
-- had none; only slots that were visited have a row.  screening_count is what
-- coverage reads; its row with area '' is the sum of a ledger and round.

-- name: schema
CREATE TABLE screening_round (          -- reference table
    round         BLOB NOT NULL,
    area          TEXT NOT NULL,        -- scope
    name          TEXT NOT NULL,
    why           TEXT NOT NULL,        -- code of round_trigger
    measures      TEXT,                 -- JSON: the codes, as they were said; a round's measures do not change
    questionnaire TEXT,                 -- JSON: a name, or the questions
    deadline      BIGINT,
    opened_at     BIGINT NOT NULL,
    closed_at     BIGINT,
    stamp         BLOB NOT NULL,
    PRIMARY KEY (round)
);
CREATE TABLE screening_close (          -- reference table: kept apart so that a close may come before its round at a replay
    round     BLOB NOT NULL,
    closed_at BIGINT NOT NULL,
    stamp     BLOB NOT NULL,            -- the later stands
    PRIMARY KEY (round)
);
CREATE TABLE screening_measure (        -- reference table: what is owed to each household in a round
    round   BLOB NOT NULL,
    measure TEXT NOT NULL,              -- code of measure
    bit     BIGINT NOT NULL,            -- 1, 2, 4 …: its place in screening_slot.measures
    PRIMARY KEY (round, measure)
);
CREATE TABLE screening_freeze (
    ledger   TEXT NOT NULL,             -- village
    round    BLOB NOT NULL,
    position BIGINT NOT NULL,           -- of the freeze: the list of the round
    day      TEXT NOT NULL,             -- whoever is away on it is not due
    PRIMARY KEY (ledger, round)
);
CREATE INDEX screening_freeze_round ON screening_freeze (round, ledger);
CREATE TABLE screening_slot (           -- state of a slot that was visited
    ledger   TEXT NOT NULL,
    round    BLOB NOT NULL,
    slot     BLOB NOT NULL,             -- household, or door that had none
    door     INTEGER NOT NULL,          -- 1: it is a door
    frozen   INTEGER,                   -- 1: in the list; 0: found later; NULL: the freeze has not come yet
    stamp    BLOB NOT NULL,             -- of the visit that stands: the latest
    outcome  TEXT NOT NULL,             -- its outcome …
    method   TEXT,
    together INTEGER NOT NULL,          -- 1: that visit was for several households at once, and never counts as at the door
    witness  INTEGER NOT NULL,
    retry_at BIGINT,
    rejected INTEGER NOT NULL,          -- 1: a re-check found that it was not so
    visits   BIGINT NOT NULL,
    checked  BLOB,                      -- ids of the persons checked by any visit of the round that is not rejected, ascending, 16 bytes each
    screened BIGINT NOT NULL,           -- how many of them are due
    measures BIGINT NOT NULL,           -- bits of screening_measure, of all visits
    PRIMARY KEY (ledger, round, slot)
);
CREATE TABLE screening_visit (          -- history: one row for each slot a visit was about
    ledger  TEXT NOT NULL,
    slot    BLOB NOT NULL,
    visit   BLOB NOT NULL,              -- the record
    round   BLOB NOT NULL,
    at      BIGINT NOT NULL,
    maker   BLOB NOT NULL,
    for_whom BLOB NOT NULL,             -- for whom it was typed in; zero: nobody
    author  BLOB NOT NULL,              -- who handed it in
    method  TEXT,
    outcome TEXT NOT NULL,
    persons BIGINT NOT NULL,            -- given: who was at home by the register
    checked BIGINT NOT NULL,            -- given: persons with a basis
    fever   BIGINT NOT NULL,            -- given: persons at or above the line
    people  BLOB,                       -- ids of the members it checked, ascending, 16 bytes each
    PRIMARY KEY (ledger, slot, visit)
);
CREATE TABLE screening_recheck (
    ledger  TEXT NOT NULL,
    visit   BLOB NOT NULL,
    recheck BLOB NOT NULL,              -- the record that stands: the latest
    maker   BLOB NOT NULL,
    result  TEXT NOT NULL,              -- verified or rejected
    stamp   BLOB NOT NULL,
    PRIMARY KEY (ledger, visit)
);
CREATE TABLE screening_found (          -- visits that met people who are in no list
    ledger    TEXT NOT NULL,
    round     BLOB NOT NULL,
    visit     BLOB NOT NULL,            -- the record
    door      BLOB NOT NULL,
    household BLOB,                     -- where the visit named one
    at        BIGINT NOT NULL,
    found     BIGINT NOT NULL,          -- how many
    boxes     BLOB,                     -- sealed, register: found
    PRIMARY KEY (ledger, round, visit)
);
CREATE TABLE screening_late (           -- doors with something behind them that was found after the freeze
    ledger TEXT NOT NULL,
    round  BLOB NOT NULL,
    door   BLOB NOT NULL,
    area   TEXT NOT NULL,               -- grid in which it is counted
    late   BIGINT NOT NULL,             -- households, or 1 for a door without any
    PRIMARY KEY (ledger, round, door)
);
CREATE TABLE screening_count (
    ledger       TEXT NOT NULL,
    round        BLOB NOT NULL,
    area         TEXT NOT NULL,         -- the area doors stand in; '' the whole ledger
    households   BIGINT NOT NULL,       -- due
    persons      BIGINT NOT NULL,       -- due: not away on the day of the freeze
    away         BIGINT NOT NULL,
    entered      BIGINT NOT NULL,
    entered_door BIGINT NOT NULL,       -- of these by a visit at the door
    screened     BIGINT NOT NULL,
    late         BIGINT NOT NULL,
    refused      BIGINT NOT NULL,
    retry        BIGINT NOT NULL,
    PRIMARY KEY (ledger, round, area)
);

-- name: schema_crossed
CREATE TABLE screening_crossed (        -- visits that came when their door was somebody else's already
    ledger      TEXT NOT NULL,
    visit       BLOB NOT NULL,          -- the record
    door        BLOB NOT NULL,
    household   BLOB,                   -- where the visit named one
    area        TEXT NOT NULL,          -- where its maker had it
    maker       BLOB NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    outcome     TEXT NOT NULL,
    why         TEXT NOT NULL,          -- moved: the door was in another grid; duty: the maker held none there any more
    PRIMARY KEY (ledger, visit)
);
CREATE INDEX screening_crossed_when ON screening_crossed (ledger, received_at);

-- name: schema_photos
CREATE TABLE screening_photo (          -- that there is one: the image stays in its record's box
    ledger   TEXT NOT NULL,
    visit    BLOB NOT NULL,             -- the record of the visit, which may come yet
    photo    BLOB NOT NULL,             -- the record
    slot     BLOB NOT NULL,             -- given: household, or door that had none or several; whose secret seals it
    position BIGINT NOT NULL,           -- of the record: whoever lived behind that door then is meant, too
    at       BIGINT NOT NULL,
    maker    BLOB NOT NULL,
    PRIMARY KEY (ledger, visit, photo)
);
CREATE INDEX screening_photo_slot ON screening_photo (ledger, slot);

-- name: round
SELECT area, closed_at FROM screening_round WHERE round = $1;

-- name: put_round
INSERT INTO screening_round (round, area, name, why, measures, questionnaire, deadline, opened_at, stamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (round) DO UPDATE SET name = excluded.name, why = excluded.why, questionnaire = excluded.questionnaire,
    deadline = excluded.deadline, stamp = excluded.stamp
WHERE screening_round.stamp < excluded.stamp;

-- name: put_close
INSERT INTO screening_close (round, closed_at, stamp) VALUES ($1, $2, $3)
ON CONFLICT (round) DO UPDATE SET closed_at = excluded.closed_at, stamp = excluded.stamp WHERE screening_close.stamp < excluded.stamp;

-- name: close_known
UPDATE screening_round SET closed_at = (SELECT c.closed_at FROM screening_close c WHERE c.round = $1)
WHERE round = $1 AND EXISTS (SELECT 1 FROM screening_close c WHERE c.round = $1);

-- name: open_rounds
SELECT round, area FROM screening_round WHERE closed_at IS NULL ORDER BY opened_at DESC, round DESC;

-- name: put_measure
INSERT INTO screening_measure (round, measure, bit) VALUES ($1, $2, $3) ON CONFLICT (round, measure) DO NOTHING;

-- name: measures_of
SELECT measure, bit FROM screening_measure WHERE round = $1 ORDER BY bit;

-- name: add_freeze
INSERT INTO screening_freeze (ledger, round, position, day) VALUES ($1, $2, $3, $4) ON CONFLICT (ledger, round) DO NOTHING;

-- name: freezes
SELECT round, position, day FROM screening_freeze WHERE ledger = $1 ORDER BY round;

-- name: freeze_counts
-- What stands now is due: households, members (away on day $3 or not), doors without a household.
INSERT INTO screening_count (ledger, round, area, households, persons, away, entered, entered_door, screened, late, refused, retry)
SELECT CAST($1 AS TEXT), CAST($2 AS BLOB), x.area, SUM(x.households), SUM(x.persons), SUM(x.away), 0, 0, 0, 0, 0, 0
FROM (
    SELECT d.area AS area, COUNT(*) AS households, 0 AS persons, 0 AS away
    FROM household_household h JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    WHERE h.ledger = $1 AND h.until IS NULL GROUP BY d.area
    UNION ALL
    SELECT d.area, 0, SUM(m.here), SUM(m.away)
    FROM (
        SELECT household, COUNT(*) FILTER (WHERE away_until IS NULL OR away_until < $3) AS here,
            COUNT(*) FILTER (WHERE away_until >= $3) AS away
        FROM household_member WHERE ledger = $1 AND until IS NULL GROUP BY household
    ) m
    JOIN household_household h ON h.ledger = $1 AND h.household = m.household
    JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    WHERE h.until IS NULL GROUP BY d.area
    UNION ALL
    SELECT d.area, COUNT(*), 0, 0 FROM household_door d
    WHERE d.ledger = $1 AND NOT EXISTS (SELECT 1 FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door
        AND h.until IS NULL)
    GROUP BY d.area
) x GROUP BY x.area;

-- name: freeze_total
INSERT INTO screening_count (ledger, round, area, households, persons, away, entered, entered_door, screened, late, refused, retry)
SELECT ledger, round, '', SUM(households), SUM(persons), SUM(away), 0, 0, 0, 0, 0, 0
FROM screening_count WHERE ledger = $1 AND round = $2 GROUP BY ledger, round;

-- name: slots_waiting
SELECT slot, door FROM screening_slot WHERE ledger = $1 AND round = $2 AND frozen IS NULL ORDER BY slot;

-- name: count
INSERT INTO screening_count (ledger, round, area, households, persons, away, entered, entered_door, screened, late, refused, retry)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12), ($1, $2, '', $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (ledger, round, area) DO UPDATE SET
    households = screening_count.households + excluded.households, persons = screening_count.persons + excluded.persons,
    away = screening_count.away + excluded.away, entered = screening_count.entered + excluded.entered,
    entered_door = screening_count.entered_door + excluded.entered_door, screened = screening_count.screened + excluded.screened,
    late = screening_count.late + excluded.late, refused = screening_count.refused + excluded.refused,
    retry = screening_count.retry + excluded.retry;

-- name: slot_of_household
SELECT h.household, d.area, h.since, h.until, f.position, f.day,
    s.frozen, s.stamp, s.outcome, s.method, s.together, s.witness, s.retry_at, s.rejected, s.visits, s.checked, s.screened, s.measures
FROM household_household h
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
LEFT JOIN screening_freeze f ON f.ledger = h.ledger AND f.round = $3
LEFT JOIN screening_slot s ON s.ledger = h.ledger AND s.round = $3 AND s.slot = h.household
WHERE h.ledger = $1 AND h.household = $2;

-- name: slots_behind_door
SELECT h.household, d.area, h.since, h.until, f.position, f.day,
    s.frozen, s.stamp, s.outcome, s.method, s.together, s.witness, s.retry_at, s.rejected, s.visits, s.checked, s.screened, s.measures
FROM household_household h
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
LEFT JOIN screening_freeze f ON f.ledger = h.ledger AND f.round = $3
LEFT JOIN screening_slot s ON s.ledger = h.ledger AND s.round = $3 AND s.slot = h.household
WHERE h.ledger = $1 AND h.door = $2 ORDER BY h.household;

-- name: slot_of_door
SELECT d.door, d.area, d.opened, NULL, f.position, f.day,
    s.frozen, s.stamp, s.outcome, s.method, s.together, s.witness, s.retry_at, s.rejected, s.visits, s.checked, s.screened, s.measures
FROM household_door d
LEFT JOIN screening_freeze f ON f.ledger = d.ledger AND f.round = $3
LEFT JOIN screening_slot s ON s.ledger = d.ledger AND s.round = $3 AND s.slot = d.door
WHERE d.ledger = $1 AND d.door = $2;

-- name: stood_before
-- Did household $2 stand at position $3 in an earlier stay?
SELECT 1 FROM household_past WHERE ledger = $1 AND household = $2 AND door IS NOT NULL AND since < $3 AND until > $3;

-- name: lived_behind
-- Did any household live behind door $2 at position $3?
SELECT 1 FROM household_household WHERE ledger = $1 AND door = $2 AND since < $3 AND (until IS NULL OR until > $3)
UNION ALL
SELECT 1 FROM household_past WHERE ledger = $1 AND door = $2 AND since < $3 AND until > $3;

-- name: people
-- Who is or was of household $2: until when away, whether a member, and whether it was so at position $3.
SELECT person, away_until, 1, CASE WHEN since < $3 AND (until IS NULL OR until > $3) THEN 1 ELSE 0 END
FROM household_member WHERE ledger = $1 AND household = $2
UNION ALL
SELECT person, away_until, 0, 1 FROM household_past WHERE ledger = $1 AND household = $2 AND door IS NULL AND since < $3 AND until > $3;

-- name: put_slot
INSERT INTO screening_slot (ledger, round, slot, door, frozen, stamp, outcome, method, together, witness, retry_at, rejected, visits,
    checked, screened, measures)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (ledger, round, slot) DO UPDATE SET frozen = excluded.frozen, stamp = excluded.stamp, outcome = excluded.outcome,
    method = excluded.method, together = excluded.together, witness = excluded.witness, retry_at = excluded.retry_at,
    rejected = excluded.rejected, visits = excluded.visits, checked = excluded.checked, screened = excluded.screened,
    measures = excluded.measures;

-- name: add_visit
INSERT INTO screening_visit (ledger, slot, visit, round, at, maker, for_whom, author, method, outcome, persons, checked, fever, people)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (ledger, slot, visit) DO NOTHING;

-- name: add_found
INSERT INTO screening_found (ledger, round, visit, door, household, at, found, boxes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (ledger, round, visit) DO NOTHING;

-- name: count_photos
SELECT COUNT(*) FROM screening_photo WHERE ledger = $1 AND visit = $2;

-- name: add_photo
INSERT INTO screening_photo (ledger, visit, photo, slot, position, at, maker) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (ledger, visit, photo) DO NOTHING;

-- name: add_crossed
INSERT INTO screening_crossed (ledger, visit, door, household, area, maker, at, received_at, outcome, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (ledger, visit) DO NOTHING;

-- name: visit
SELECT round, maker, for_whom, author FROM screening_visit WHERE ledger = $1 AND slot = $2 AND visit = $3;

-- name: people_checked
-- Whom the visits of slot $2 in round $3 checked that no re-check has rejected.
SELECT v.people FROM screening_visit v
WHERE v.ledger = $1 AND v.slot = $2 AND v.round = $3 AND v.people IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM screening_recheck k WHERE k.ledger = v.ledger AND k.visit = v.visit AND k.result = 'rejected');

-- name: put_recheck
INSERT INTO screening_recheck (ledger, visit, recheck, maker, result, stamp) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (ledger, visit) DO UPDATE SET recheck = excluded.recheck, maker = excluded.maker, result = excluded.result,
    stamp = excluded.stamp
WHERE screening_recheck.stamp < excluded.stamp;

-- name: standing
-- For check: where door $2 stands and stood, whose scope round $4 is; where household $3 lives, whether it lived here before, and
-- how many of it are here on day $5.
SELECT d.area, d.area_before, d.stamp, d.marks, r.area, r.opened_at, r.measures, h.door, h.stamp, h.marks,
    CASE WHEN h.door <> $2 THEN (SELECT COUNT(*) FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
        AND p.door = $2) END,
    (SELECT COUNT(*) FROM household_member m WHERE m.ledger = h.ledger AND m.household = h.household AND m.until IS NULL
        AND (m.away_until IS NULL OR m.away_until < $5))
FROM household_door d
LEFT JOIN screening_round r ON r.round = $4
LEFT JOIN household_household h ON h.ledger = d.ledger AND h.household = $3
WHERE d.ledger = $1 AND d.door = $2;

-- name: heads_centre
-- Is household $2 linked to a centre household whose head is worker $3?
SELECT 1 FROM household_household h
JOIN core_duty c ON c.household = h.centre AND c.worker = $3 AND c.role = 'centre_head' AND c.ended_at IS NULL
WHERE h.ledger = $1 AND h.household = $2;

-- name: stands_since
-- The door of the household whose stay began at position $2.
SELECT door FROM household_household WHERE ledger = $1 AND since = $2 AND until IS NULL;

-- name: homes
SELECT household FROM household_household WHERE ledger = $1 AND door = $2 AND until IS NULL ORDER BY household;

-- name: present_behind
SELECT COUNT(*) FROM household_household h JOIN household_member m ON m.ledger = h.ledger AND m.household = h.household
WHERE h.ledger = $1 AND h.door = $2 AND h.until IS NULL AND m.until IS NULL AND (m.away_until IS NULL OR m.away_until < $3);

-- name: moved_household
-- Where it lives, since which position, and behind which door it lived before.
SELECT h.door, h.since,
    (SELECT p.door FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
        AND p.door IS NOT NULL ORDER BY p.since DESC LIMIT 1)
FROM household_household h WHERE h.ledger = $1 AND h.household = $2;

-- name: moved_door
SELECT area, area_before, moved, opened FROM household_door WHERE ledger = $1 AND door = $2;

-- name: late_behind
-- The door's grid; when it was registered; households behind it now; of these found after position $3.
SELECT d.area, d.opened,
    (SELECT COUNT(*) FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL),
    (SELECT COUNT(*) FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL AND h.since > $3
         AND NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household AND p.door IS NOT NULL
                         AND p.since < $3 AND p.until > $3))
FROM household_door d WHERE d.ledger = $1 AND d.door = $2;

-- name: late
SELECT area, late FROM screening_late WHERE ledger = $1 AND round = $2 AND door = $3;

-- name: put_late
INSERT INTO screening_late (ledger, round, door, area, late) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (ledger, round, door) DO UPDATE SET area = excluded.area, late = excluded.late;

-- name: drop_late
DELETE FROM screening_late WHERE ledger = $1 AND round = $2 AND door = $3;

-- Questions. $1 and $2 are the path from and to; an area's range ends before its path with the last '/' made '0'.

-- name: rounds
-- $3 the current round. Rounds whose scope lies at, below or above the asked area.
SELECT r.round, r.name, r.why AS "trigger", r.area, r.opened_at, r.deadline, r.closed_at, r.measures, r.questionnaire,
    (SELECT COUNT(*) FROM core_area v
         WHERE v.level = 4 AND v.path >= a.path AND v.path < substr(a.path, 1, length(a.path) - 1) || '0'
             AND (v.open = 1 OR EXISTS (SELECT 1 FROM core_area g WHERE g.ledger = v.ledger AND g.open = 1))) AS villages,
    (SELECT COUNT(*) FROM screening_freeze f WHERE f.round = r.round) AS villages_frozen,
    CASE WHEN r.round = $3 THEN 1 ELSE 0 END AS current
FROM screening_round r JOIN core_area a ON a.id = r.area
WHERE (a.path >= $1 AND a.path < $2) OR (CAST($1 AS TEXT) >= a.path AND CAST($1 AS TEXT) < substr(a.path, 1, length(a.path) - 1) || '0')
ORDER BY r.opened_at DESC, r.round DESC;

-- name: coverage
-- $3 the round; $4 a level, 0 for the children; $5 the asked area when its children are asked for.
-- Down to villages the sums of ledgers are added, below them the counts of the areas themselves. The asked area
-- has a row when doors stand in it directly.
WITH child AS (
    SELECT id, code, name, level, path, substr(path, 1, length(path) - 1) || '0' AS upto, open, successor, 0 AS self
    FROM core_area WHERE parent = $5
    UNION ALL
    SELECT id, code, name, level, path, substr(path, 1, length(path) - 1) || '0', open, successor, 0
    FROM core_area WHERE level = $4 AND path >= $1 AND path < $2
    UNION ALL
    SELECT id, code, name, level, path, path || '!', open, NULL, 1
    FROM core_area WHERE id = $5 AND level >= 4
),
figure AS (
    SELECT c.id AS id, SUM(s.households) AS households, SUM(s.entered) AS entered, SUM(s.entered_door) AS entered_door,
        SUM(s.persons) AS persons,
        SUM(s.screened) AS screened, SUM(s.away) AS away, SUM(s.late) AS late, SUM(s.refused) AS refused, SUM(s.retry) AS retry
    FROM child c
    JOIN core_area v ON v.level = 4 AND v.path >= c.path AND v.path < c.upto
    JOIN screening_count s ON s.ledger = v.ledger AND s.round = $3 AND s.area = ''
    WHERE c.level <= 4 AND c.self = 0 GROUP BY c.id
    UNION ALL
    SELECT c.id, SUM(s.households), SUM(s.entered), SUM(s.entered_door), SUM(s.persons),
        SUM(s.screened), SUM(s.away), SUM(s.late), SUM(s.refused), SUM(s.retry)
    FROM child c
    JOIN core_area v ON v.path >= c.path AND v.path < c.upto
    JOIN screening_count s ON s.ledger = v.ledger AND s.round = $3 AND s.area = v.id
    WHERE c.level > 4 OR c.self = 1 GROUP BY c.id
)
SELECT c.id AS area, c.code, c.name, c.level,
    COALESCE(n.households, 0) AS households, COALESCE(n.entered, 0) AS entered, COALESCE(n.entered_door, 0) AS entered_door,
    COALESCE(n.persons, 0) AS persons, COALESCE(n.screened, 0) AS screened, COALESCE(n.away, 0) AS away, COALESCE(n.late, 0) AS late,
    COALESCE(n.refused, 0) AS refused, COALESCE(n.retry, 0) AS retry,
    (SELECT COUNT(*) FROM core_area u WHERE u.path >= c.path AND u.path < c.upto AND u.open = 1 AND u.held = 0) AS unowned
FROM child c LEFT JOIN figure n ON n.id = c.id
WHERE (c.self = 0 AND c.open = 1) OR (c.successor IS NULL AND n.households + n.late > 0)
ORDER BY c.path;

-- name: compare
-- $3 a round, $4 the one it is compared with, $5 the asked area. The same sums for both.
WITH child AS (
    SELECT id, code, name, level, path, substr(path, 1, length(path) - 1) || '0' AS upto FROM core_area WHERE parent = $5
        AND path >= $1 AND path < $2 AND open = 1
),
figure AS (
    SELECT c.id AS id, s.round AS round, SUM(s.households) AS households, SUM(s.entered) AS entered, SUM(s.entered_door) AS entered_door,
        SUM(s.persons) AS persons, SUM(s.screened) AS screened, SUM(s.late) AS late, SUM(s.refused) AS refused, SUM(s.retry) AS retry
    FROM child c
    JOIN core_area v ON v.level = 4 AND v.path >= c.path AND v.path < c.upto
    JOIN screening_count s ON s.ledger = v.ledger AND s.round IN ($3, $4) AND s.area = ''
    WHERE c.level <= 4 GROUP BY c.id, s.round
    UNION ALL
    SELECT c.id, s.round, SUM(s.households), SUM(s.entered), SUM(s.entered_door),
        SUM(s.persons), SUM(s.screened), SUM(s.late), SUM(s.refused), SUM(s.retry)
    FROM child c
    JOIN core_area v ON v.path >= c.path AND v.path < c.upto
    JOIN screening_count s ON s.ledger = v.ledger AND s.round IN ($3, $4) AND s.area = v.id
    WHERE c.level > 4 GROUP BY c.id, s.round
)
SELECT c.id AS area, c.code, c.name, c.level,
    COALESCE(n.households, 0) AS households, COALESCE(n.entered, 0) AS entered, COALESCE(n.entered_door, 0) AS entered_door,
    COALESCE(n.persons, 0) AS persons, COALESCE(n.screened, 0) AS screened, COALESCE(n.late, 0) AS late,
    COALESCE(n.refused, 0) AS refused, COALESCE(n.retry, 0) AS retry,
    COALESCE(w.households, 0) AS with_households, COALESCE(w.entered, 0) AS with_entered,
    COALESCE(w.entered_door, 0) AS with_entered_door,
    COALESCE(w.persons, 0) AS with_persons, COALESCE(w.screened, 0) AS with_screened, COALESCE(w.late, 0) AS with_late,
    COALESCE(w.refused, 0) AS with_refused, COALESCE(w.retry, 0) AS with_retry
FROM child c
LEFT JOIN figure n ON n.id = c.id AND n.round = $3
LEFT JOIN figure w ON w.id = c.id AND w.round = $4
ORDER BY c.path;

-- name: map
-- $3 the round: what stands in each area itself; whoever draws adds them up along the tree.
SELECT a.id AS area, s.households, s.entered, s.entered_door, s.persons, s.screened, s.away, s.late, s.refused, s.retry
FROM core_area a JOIN screening_count s ON s.ledger = a.ledger AND s.round = $3 AND s.area = a.id
WHERE a.path >= $1 AND a.path < $2 ORDER BY a.path;

-- name: doors
-- $3 the round; $4 a state, or NULL; $5 shows empty ones too; $6 also doors that a witness says
-- are empty, which are no longer due; $7 $8 $9 $10 the key to go on after; $11 rows.
-- Households that were found late or not entered yet, and doors that had none.
SELECT a.path AS _path, d.ord AS "order", d.door, h.household AS _slot, d.area, h.household,
    CASE WHEN NOT (h.since < f.position AND (h.until IS NULL OR h.until > f.position))
              AND NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
                  AND p.door IS NOT NULL
                              AND p.since < f.position AND p.until > f.position) THEN 'late'
         WHEN s.outcome IS NULL THEN 'pending'
         WHEN s.rejected = 1 THEN 'rejected'
         WHEN s.outcome = 'refused' THEN 'refused'
         ELSE 'retry' END AS state,
    s.outcome, s.method, COALESCE(s.visits, 0) AS visits, s.retry_at,
    d.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, h.boxes AS _boxes, d.boxes AS _door
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
JOIN screening_freeze f ON f.ledger = d.ledger AND f.round = $3
JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door
LEFT JOIN screening_slot s ON s.ledger = d.ledger AND s.round = $3 AND s.slot = h.household
WHERE a.path >= CASE WHEN $7 > $1 THEN $7 ELSE $1 END AND a.path < $2
    AND (a.path, d.ord, d.door, h.household) > ($7, $8, $9, $10)
    AND (s.outcome IS NULL OR s.rejected = 1 OR NOT (s.outcome = 'completed' OR s.outcome = 'partial'
                                                     OR ((s.outcome = 'vacant' OR s.outcome = 'moved') AND s.witness = 1)))
    AND (h.until IS NULL OR (h.until > f.position
         AND (h.since < f.position OR EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
                                              AND p.door IS NOT NULL AND p.since < f.position AND p.until > f.position))))
    AND ($5 = 1 OR (h.kind <> 'vacant' AND h.kind <> 'away' AND COALESCE(s.outcome, '') <> 'vacant'
        AND COALESCE(s.outcome, '') <> 'moved'))
    AND (CAST($4 AS TEXT) IS NULL OR $4 = CASE
         WHEN NOT (h.since < f.position AND (h.until IS NULL OR h.until > f.position))
              AND NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
                  AND p.door IS NOT NULL
                              AND p.since < f.position AND p.until > f.position) THEN 'late'
         WHEN s.outcome IS NULL THEN 'pending'
         WHEN s.rejected = 1 THEN 'rejected'
         WHEN s.outcome = 'refused' THEN 'refused'
         ELSE 'retry' END)
UNION ALL
SELECT a.path, d.ord, d.door, d.door, d.area, NULL,
    CASE WHEN d.opened > f.position THEN 'late'
         WHEN s.outcome IS NULL THEN 'pending'
         WHEN s.rejected = 1 THEN 'rejected'
         WHEN s.outcome = 'vacant' AND s.witness = 1 THEN 'empty'
         WHEN s.outcome = 'refused' THEN 'refused'
         ELSE 'retry' END,
    s.outcome, s.method, COALESCE(s.visits, 0), s.retry_at,
    d.ledger, d.area, NULL, NULL, NULL, d.boxes
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
JOIN screening_freeze f ON f.ledger = d.ledger AND f.round = $3
LEFT JOIN screening_slot s ON s.ledger = d.ledger AND s.round = $3 AND s.slot = d.door
WHERE a.path >= CASE WHEN $7 > $1 THEN $7 ELSE $1 END AND a.path < $2
    AND (a.path, d.ord, d.door, d.door) > ($7, $8, $9, $10)
    AND $5 = 1
    AND (s.outcome IS NULL OR s.rejected = 1 OR NOT (s.outcome = 'completed' OR s.outcome = 'partial'
                                                     OR ((s.outcome = 'vacant' OR s.outcome = 'moved') AND s.witness = 1))
         OR ($6 = 1 AND s.outcome = 'vacant' AND s.witness = 1))
    AND CASE WHEN d.opened > f.position
        THEN NOT EXISTS (SELECT 1 FROM household_household o WHERE o.ledger = d.ledger AND o.door = d.door AND o.until IS NULL)
        ELSE NOT EXISTS (SELECT 1 FROM household_household o WHERE o.ledger = d.ledger AND o.door = d.door
                         AND o.since < f.position AND (o.until IS NULL OR o.until > f.position))
         AND NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = d.ledger AND p.door = d.door AND p.since < f.position
             AND p.until > f.position)
        END
    AND (CAST($4 AS TEXT) IS NULL OR $4 = CASE
         WHEN d.opened > f.position THEN 'late'
         WHEN s.outcome IS NULL THEN 'pending'
         WHEN s.rejected = 1 THEN 'rejected'
         WHEN s.outcome = 'vacant' AND s.witness = 1 THEN 'empty'
         WHEN s.outcome = 'refused' THEN 'refused'
         ELSE 'retry' END)
ORDER BY 1, 2, 3, 4 LIMIT $11;

-- name: found
-- $3 the round; $4 $5 $6 the key to go on after; $7 rows. People who are in no list, where their door stands now.
SELECT a.path AS _path, f.at, f.visit, d.area, f.door, f.household, f.found,
    f.ledger AS _ledger, d.area AS _area, f.household AS _household, h.centre AS _centre, f.boxes AS _boxes
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN screening_found f ON f.ledger = l.ledger AND f.round = $3
JOIN household_door d ON d.ledger = f.ledger AND d.door = f.door
JOIN core_area a ON a.id = d.area
LEFT JOIN household_household h ON h.ledger = f.ledger AND h.household = f.household
WHERE a.path >= CASE WHEN $4 > $1 THEN $4 ELSE $1 END AND a.path < $2 AND (a.path, f.at, f.visit) > ($4, $5, $6)
ORDER BY a.path, f.at, f.visit LIMIT $7;

-- name: crossed
-- $3 the worker; $4 since when; $5 1: all of the area, 0: only the worker's own; $6 $7 the key to go on after; $8 rows. The latest first.
SELECT -x.received_at AS _key, x.visit, x.at, x.received_at, x.why, x.outcome, x.area AS area_before, d.area, x.door, d.ord AS "order",
    x.household, x.maker,
    w.home AS _ledger, w.boxes AS _boxes
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN screening_crossed x ON x.ledger = l.ledger AND x.received_at >= $4
JOIN household_door d ON d.ledger = x.ledger AND d.door = x.door
JOIN core_area a ON a.id = d.area
LEFT JOIN duty_worker w ON w.worker = x.maker
WHERE a.path >= $1 AND a.path < $2 AND ($5 = 1 OR x.maker = $3) AND (-x.received_at, x.visit) > ($6, $7)
ORDER BY 1, 2 LIMIT $8;

-- name: handed
-- $3 the worker, who gave or took; $4 since when; $5 $6 $7 the key to go on after; $8 rows. The latest first, with what waits there today.
SELECT -x.at AS _key, x.handover, x.area, a.name AS area_name, x.giver, x.taker, x.at,
    (SELECT COUNT(*) FROM core_area g JOIN household_door d ON d.ledger = g.ledger AND d.area = g.id
        WHERE g.path >= a.path AND g.path < substr(a.path, 1, length(a.path) - 1) || '0') AS doors,
    (SELECT COALESCE(SUM(c.retry), 0) FROM core_area g
        JOIN screening_round r ON r.closed_at IS NULL
        JOIN screening_count c ON c.ledger = g.ledger AND c.round = r.round AND c.area = g.id
        WHERE g.path >= a.path AND g.path < substr(a.path, 1, length(a.path) - 1) || '0') AS retries,
    (SELECT COUNT(*) FROM household_note n
        LEFT JOIN household_household h ON h.ledger = n.ledger AND h.household = n.household AND h.until IS NULL
        JOIN household_door d ON d.ledger = n.ledger AND d.door = COALESCE(h.door, n.door)
        JOIN core_area g ON g.id = d.area
        WHERE n.ledger = a.ledger AND n.done_at IS NULL AND n.promise = 0
            AND g.path >= a.path AND g.path < substr(a.path, 1, length(a.path) - 1) || '0') AS notes,
    (SELECT COUNT(*) FROM household_note n
        LEFT JOIN household_household h ON h.ledger = n.ledger AND h.household = n.household AND h.until IS NULL
        JOIN household_door d ON d.ledger = n.ledger AND d.door = COALESCE(h.door, n.door)
        JOIN core_area g ON g.id = d.area
        WHERE n.ledger = a.ledger AND n.done_at IS NULL AND n.promise = 1
            AND g.path >= a.path AND g.path < substr(a.path, 1, length(a.path) - 1) || '0') AS promises,
    w.home AS _ledger, w.boxes AS _boxes
FROM duty_handed x
JOIN core_area a ON a.id = x.area AND a.level >= 4
LEFT JOIN duty_worker w ON w.worker = CASE WHEN x.giver = $3 THEN x.taker ELSE x.giver END
WHERE a.path >= $1 AND a.path < $2 AND (x.giver = $3 OR x.taker = $3) AND x.at >= $4 AND (-x.at, x.handover, x.area) > ($5, $6, $7)
ORDER BY 1, 2, 3 LIMIT $8;

-- name: household
-- $3 the household: every visit it had, the latest first.
SELECT v.round, r.name AS round_name, v.visit, v.at, v.maker, v.method, v.outcome, v.checked, v.persons, COALESCE(f.found, 0) AS found,
    k.result AS recheck,
    w.home AS _ledger, w.boxes AS _boxes
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_household h ON h.ledger = l.ledger AND h.household = $3
JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
JOIN core_area a ON a.id = d.area
JOIN screening_visit v ON v.ledger = h.ledger AND v.slot = h.household
LEFT JOIN screening_round r ON r.round = v.round
LEFT JOIN screening_found f ON f.ledger = v.ledger AND f.round = v.round AND f.visit = v.visit
LEFT JOIN screening_recheck k ON k.ledger = v.ledger AND k.visit = v.visit
LEFT JOIN duty_worker w ON w.worker = v.maker
WHERE a.path >= $1 AND a.path < $2
ORDER BY v.at DESC, v.visit DESC;

-- name: photos
-- $3 the household, with what was taken of everybody behind its door while it lived there, or a door: the latest first; the pictures are sealed.
SELECT p.photo, p.visit, p.at, p.maker,
    w.home AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, w.boxes AS _boxes
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN screening_photo p ON p.ledger = l.ledger AND p.slot IN ($3, (SELECT o.door FROM household_household o WHERE o.ledger = l.ledger
    AND o.household = $3))
LEFT JOIN household_household h ON h.ledger = p.ledger AND h.household = $3
JOIN household_door d ON d.ledger = p.ledger AND d.door = COALESCE(h.door, p.slot)
JOIN core_area a ON a.id = d.area
LEFT JOIN duty_worker w ON w.worker = p.maker
WHERE a.path >= $1 AND a.path < $2
    AND (p.slot = $3 OR (p.position > h.since AND (h.until IS NULL OR p.position < h.until)))
ORDER BY p.at DESC, p.photo DESC;

-- name: photo
-- $3 the household or door, $4 one of its photos.
SELECT p.photo, p.visit, p.at,
    p.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, p.photo AS _photo
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN screening_photo p ON p.ledger = l.ledger AND p.slot IN ($3, (SELECT o.door FROM household_household o WHERE o.ledger = l.ledger
    AND o.household = $3)) AND p.photo = $4
LEFT JOIN household_household h ON h.ledger = p.ledger AND h.household = $3
JOIN household_door d ON d.ledger = p.ledger AND d.door = COALESCE(h.door, p.slot)
JOIN core_area a ON a.id = d.area
WHERE a.path >= $1 AND a.path < $2
    AND (p.slot = $3 OR (p.position > h.since AND (h.until IS NULL OR p.position < h.until)));

-- name: debts
-- $3 the round; $4 shows empty ones too; $5 $6 $7 $8 $9 the key to go on after; $10 rows.
SELECT a.path AS _path, d.ord AS "order", d.door, h.household, m.measure, d.area,
    d.ledger AS _ledger, d.area AS _area, h.household AS _household, h.centre AS _centre, h.boxes AS _boxes, d.boxes AS _door
FROM core_area a
JOIN household_door d ON d.ledger = a.ledger AND d.area = a.id
JOIN screening_freeze f ON f.ledger = d.ledger AND f.round = $3
JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL
JOIN screening_measure m ON m.round = $3
LEFT JOIN screening_slot s ON s.ledger = d.ledger AND s.round = $3 AND s.slot = h.household
WHERE a.path >= CASE WHEN $5 > $1 THEN $5 ELSE $1 END AND a.path < $2
    AND (a.path, d.ord, d.door, h.household, m.measure) > ($5, $6, $7, $8, $9)
    AND (COALESCE(s.measures, 0) & m.bit) = 0
    AND (h.since < f.position OR EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household
                                         AND p.door IS NOT NULL AND p.since < f.position AND p.until > f.position))
    AND ($4 = 1 OR (h.kind <> 'vacant' AND h.kind <> 'away'))
ORDER BY a.path, d.ord, d.door, h.household, m.measure LIMIT $10;

-- name: phones
-- $3 the round; $4 now; $5 $6 the key to go on after; $7 rows. Who walks doors, by the first of his areas; what is due in all of them:
-- NULL without a round, and of a centre head, whose doors are a grid worker's as well. What his phone says of itself comes from elsewhere.
SELECT a.path AS _path, x.worker, a.id AS area, a.name AS area_name, x.due, CAST(NULL AS bigint) AS unsent, CAST(NULL AS bigint) AS oldest,
    w.home AS _ledger, w.boxes AS _boxes
FROM (
    SELECT t.worker AS worker, MIN(t.path) AS path, SUM(c.households - c.entered) AS due
    FROM (
        SELECT DISTINCT d.worker AS worker, g.ledger AS ledger, g.id AS id, g.path AS path, CASE WHEN d.household IS NULL THEN 1 ELSE 0 END AS due
        FROM core_area h
        JOIN core_duty d ON d.area = h.id
        JOIN core_area g ON g.path >= h.path AND g.path < substr(h.path, 1, length(h.path) - 1) || '0'
        WHERE h.path >= $1 AND h.path < $2 AND h.open = 1 AND g.open = 1 AND d.role IN ('grid_head', 'grid_worker', 'centre_head')
            AND d.ended_at IS NULL AND d.since <= $4 AND (d.until = 0 OR d.until > $4)
    ) t
    LEFT JOIN screening_count c ON t.due = 1 AND c.ledger = t.ledger AND c.round = $3 AND c.area = t.id
    GROUP BY t.worker
) x
JOIN core_area a ON a.path = x.path AND a.open = 1
LEFT JOIN duty_worker w ON w.worker = x.worker
WHERE (a.path, x.worker) > ($5, $6)
ORDER BY a.path, x.worker LIMIT $7;

-- Recounts: a row for each counter that is not what the tables say.

-- name: recount
SELECT ledger, round, area FROM (
    SELECT f.ledger AS ledger, f.round AS round, d.area AS area, 1 AS households, 0 AS persons, 0 AS away, 0 AS entered,
        0 AS entered_door,
        0 AS screened, 0 AS late, 0 AS refused, 0 AS retry
    FROM screening_freeze f
    JOIN household_household h ON h.ledger = f.ledger
    JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    WHERE (h.since < f.position AND (h.until IS NULL OR h.until > f.position))
        OR EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household AND p.door IS NOT NULL
                   AND p.since < f.position AND p.until > f.position)
    UNION ALL
    SELECT f.ledger, f.round, d.area, 0, CASE WHEN m.away_until >= f.day THEN 0 ELSE 1 END,
        CASE WHEN m.away_until >= f.day THEN 1 ELSE 0 END,
        0, 0, 0, 0, 0, 0
    FROM screening_freeze f
    JOIN household_household h ON h.ledger = f.ledger
    JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    JOIN household_member m ON m.ledger = h.ledger AND m.household = h.household AND m.since < f.position
        AND (m.until IS NULL OR m.until > f.position)
    WHERE (h.since < f.position AND (h.until IS NULL OR h.until > f.position))
        OR EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household AND p.door IS NOT NULL
                   AND p.since < f.position AND p.until > f.position)
    UNION ALL
    SELECT f.ledger, f.round, d.area, 0, CASE WHEN m.away_until >= f.day THEN 0 ELSE 1 END,
        CASE WHEN m.away_until >= f.day THEN 1 ELSE 0 END,
        0, 0, 0, 0, 0, 0
    FROM screening_freeze f
    JOIN household_past m ON m.ledger = f.ledger AND m.door IS NULL AND m.since < f.position AND m.until > f.position
    JOIN household_household h ON h.ledger = m.ledger AND h.household = m.household
    JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    WHERE (h.since < f.position AND (h.until IS NULL OR h.until > f.position))
        OR EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household AND p.door IS NOT NULL
                   AND p.since < f.position AND p.until > f.position)
    UNION ALL
    SELECT f.ledger, f.round, d.area, 1, 0, 0, 0, 0, 0, 0, 0, 0
    FROM screening_freeze f JOIN household_door d ON d.ledger = f.ledger
    WHERE d.opened < f.position
        AND NOT EXISTS (SELECT 1 FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door AND h.since < f.position
                        AND (h.until IS NULL OR h.until > f.position))
        AND NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = d.ledger AND p.door = d.door AND p.since < f.position
            AND p.until > f.position)
    UNION ALL
    SELECT s.ledger, s.round, d.area, CASE WHEN s.door = 1 AND s.rejected = 0 AND s.outcome = 'vacant'
        AND s.witness = 1 THEN -1 ELSE 0 END, 0, 0,
        CASE WHEN s.rejected = 0 AND (s.outcome IN ('completed', 'partial') OR (s.witness = 1 AND (s.outcome = 'moved'
            OR (s.outcome = 'vacant' AND s.door = 0))))
             THEN 1 ELSE 0 END,
        CASE WHEN s.method = 'at_door' AND s.together = 0 AND s.rejected = 0
                  AND (s.outcome IN ('completed', 'partial') OR (s.witness = 1 AND (s.outcome = 'moved' OR (s.outcome = 'vacant'
                      AND s.door = 0))))
             THEN 1 ELSE 0 END,
        s.screened, 0,
        CASE WHEN s.rejected = 0 AND s.outcome = 'refused' THEN 1 ELSE 0 END,
        CASE WHEN s.rejected = 0 AND (s.outcome IN ('no_answer', 'owner_unreachable', 'wrong_address') OR (s.witness = 0
            AND s.outcome IN ('vacant', 'moved')))
             THEN 1 ELSE 0 END
    FROM screening_slot s
    LEFT JOIN household_household h ON h.ledger = s.ledger AND h.household = s.slot AND s.door = 0
    JOIN household_door d ON d.ledger = s.ledger AND d.door = COALESCE(h.door, s.slot)
    WHERE s.frozen = 1
    UNION ALL
    SELECT f.ledger, f.round, d.area, 0, 0, 0, 0, 0, 0, 1, 0, 0
    FROM screening_freeze f
    JOIN household_household h ON h.ledger = f.ledger AND h.until IS NULL AND h.since > f.position
    JOIN household_door d ON d.ledger = h.ledger AND d.door = h.door
    WHERE NOT EXISTS (SELECT 1 FROM household_past p WHERE p.ledger = h.ledger AND p.household = h.household AND p.door IS NOT NULL
                      AND p.since < f.position AND p.until > f.position)
    UNION ALL
    SELECT f.ledger, f.round, d.area, 0, 0, 0, 0, 0, 0, 1, 0, 0
    FROM screening_freeze f JOIN household_door d ON d.ledger = f.ledger AND d.opened > f.position
    WHERE NOT EXISTS (SELECT 1 FROM household_household h WHERE h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL)
    UNION ALL
    SELECT ledger, round, area, -households, -persons, -away, -entered, -entered_door, -screened, -late, -refused, -retry
    FROM screening_count WHERE area <> ''
) x
GROUP BY ledger, round, area
HAVING SUM(households) <> 0 OR SUM(persons) <> 0 OR SUM(away) <> 0 OR SUM(entered) <> 0 OR SUM(entered_door) <> 0 OR SUM(screened) <> 0
    OR SUM(late) <> 0 OR SUM(refused) <> 0 OR SUM(retry) <> 0;

-- name: recount_totals
SELECT ledger, round FROM (
    SELECT ledger, round, households, persons, away, entered, entered_door, screened, late, refused, retry
    FROM screening_count WHERE area <> ''
    UNION ALL
    SELECT ledger, round, -households, -persons, -away, -entered, -entered_door, -screened, -late, -refused, -retry
    FROM screening_count WHERE area = ''
) x
GROUP BY ledger, round
HAVING SUM(households) <> 0 OR SUM(persons) <> 0 OR SUM(away) <> 0 OR SUM(entered) <> 0 OR SUM(entered_door) <> 0 OR SUM(screened) <> 0
    OR SUM(late) <> 0 OR SUM(refused) <> 0 OR SUM(retry) <> 0;

-- name: recount_visits
SELECT s.ledger, s.round, s.slot FROM screening_slot s
WHERE s.visits <> (SELECT COUNT(*) FROM screening_visit v WHERE v.ledger = s.ledger AND v.slot = s.slot AND v.round = s.round);

-- name: recount_together
-- Whether a visit was for several households is seen in the history, too; its id ends the stamp.
SELECT s.ledger, s.round, s.slot FROM screening_slot s
LEFT JOIN (
    SELECT v.ledger AS ledger, v.visit AS visit
    FROM screening_visit v JOIN screening_slot o ON o.ledger = v.ledger AND o.round = v.round AND o.slot = v.slot
    WHERE o.door = 0 GROUP BY v.ledger, v.visit HAVING COUNT(*) > 1
) t ON t.ledger = s.ledger AND t.visit = substr(s.stamp, 9)
WHERE s.together <> CASE WHEN t.visit IS NULL THEN 0 ELSE 1 END;
