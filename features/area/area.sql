-- area.sql - where an area's ground went. The areas themselves are core's table core_area.

-- name: schema
CREATE TABLE area_line (                -- reference table: small, everywhere the same
    area      TEXT NOT NULL,            -- id of the area that was split or merged away
    successor TEXT NOT NULL,            -- id of one that has its ground now
    record    BLOB NOT NULL,            -- the record that said so
    how       TEXT NOT NULL,            -- "split" or "merge"
    at        BIGINT NOT NULL,
    PRIMARY KEY (area, successor, record)
);
CREATE INDEX area_line_successor ON area_line (successor);

-- name: put_line
INSERT INTO area_line (area, successor, record, how, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (area, successor, record) DO NOTHING;

-- name: code_used
-- Open areas whose present code is $1.
SELECT a.id FROM core_area_code c JOIN core_area a ON a.id = c.area WHERE c.code = $1 AND a.code = $1 AND a.open = 1;

-- Questions. $1 and $2 are the path from and to.

-- name: tree
-- $3 the last path; $4 rows.
SELECT path, id AS area, code, name, level, kind, parent, open, lon, lat, successor FROM core_area
WHERE path >= $1 AND path < $2 AND path > $3 ORDER BY path LIMIT $4;

-- name: history
-- Every code the very area had, where its ground came from and where it went.
SELECT 'code' AS what, s.id AS area, c.code, s.name, CAST(NULL AS BIGINT) AS at
FROM core_area s JOIN core_area_code c ON c.area = s.id
WHERE s.path = $1 AND s.path < $2
UNION ALL
SELECT CASE l.how WHEN 'split' THEN 'split_to' ELSE 'merged_to' END, t.id, t.code, t.name, l.at
FROM core_area s JOIN area_line l ON l.area = s.id JOIN core_area t ON t.id = l.successor
WHERE s.path = $1 AND s.path < $2
UNION ALL
SELECT CASE l.how WHEN 'split' THEN 'split_from' ELSE 'merged_from' END, f.id, f.code, f.name, l.at
FROM core_area s JOIN area_line l ON l.successor = s.id JOIN core_area f ON f.id = l.area
WHERE s.path = $1 AND s.path < $2
ORDER BY 1, 5, 2, 3;
