-- conflict.sql - what conflict.c asks and keeps; its table stands in household.sql.

-- What stands, and who said so; the first columns are facts by their numbers.

-- name: door
SELECT area, ord, use, stamp, marks, boxes FROM household_door WHERE ledger = $1 AND door = $2;

-- name: household
SELECT door, kind, centre, is_centre, speaks, stamp, marks, boxes, needs_boxes FROM household_household
WHERE ledger = $1 AND household = $2 AND erased = 0;

-- name: member
SELECT m.sex, m.relation, m.away_until, m.stamp, m.marks, m.boxes, NULL, h.boxes, m.parts
FROM household_member m JOIN household_household h ON h.ledger = m.ledger AND h.household = m.household
WHERE m.ledger = $1 AND m.household = $2 AND m.person = $3 AND h.erased = 0;

-- name: add
INSERT INTO household_conflict (ledger, home, person, field, record, door, maker, at, value, other, other_maker, other_at, other_value,
    noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (ledger, home, person, field, record) DO NOTHING;

-- name: forget
DELETE FROM household_conflict WHERE ledger = $1 AND home = $2;

-- name: waits
-- $5 when whoever settles it looked.
SELECT 1 FROM household_conflict WHERE ledger = $1 AND home = $2 AND person = $3 AND field = $4 AND noted_at <= $5
    AND settled_at IS NULL;

-- name: settle
UPDATE household_conflict SET settled_at = $5, settled_by = $6
WHERE ledger = $1 AND home = $2 AND person = $3 AND field = $4 AND noted_at <= $5 AND settled_at IS NULL;

-- name: conflicts
-- $1 and $2 are the path from and to; $3 rows. What waits, the oldest first.
SELECT c.ledger, d.area, d.door, h.household, h.centre, c.person, c.field, c.record, c.maker, c.at, c.value, c.other, c.other_maker,
    c.other_at, c.other_value, c.noted_at,
    CASE WHEN m.person IS NOT NULL THEN m.boxes WHEN c.door = 1 THEN d.boxes ELSE h.boxes END, h.boxes, m.parts, d.ord
FROM (SELECT DISTINCT ledger FROM core_area WHERE path >= $1 AND path < $2) l
JOIN household_conflict c ON c.ledger = l.ledger
LEFT JOIN household_household h ON h.ledger = c.ledger AND h.household = c.home AND c.door = 0
JOIN household_door d ON d.ledger = c.ledger AND d.door = COALESCE(h.door, c.home)
JOIN core_area a ON a.id = d.area
LEFT JOIN household_member m ON m.ledger = c.ledger AND m.household = c.home AND m.person = c.person
WHERE a.path >= $1 AND a.path < $2 AND c.settled_at IS NULL
ORDER BY c.noted_at, c.home, c.person, c.field, c.record LIMIT $3;
