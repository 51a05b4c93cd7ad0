-- core_area.sql - the statements of area.c.

-- name: areas
SELECT id, code, name, kind, level, parent, ledger, path, open, successor, lon, lat FROM core_area;

-- name: area_codes
SELECT code, area FROM core_area_code;

-- name: put_area
INSERT INTO core_area (id, code, name, kind, level, parent, ledger, path, open, lon, lat, synthetic, shape_stamp, opened_at, held, stamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, 0, $11, $12, 0, $13)
ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, kind = excluded.kind, parent = excluded.parent,
    lon = excluded.lon, lat = excluded.lat, opened_at = excluded.opened_at, stamp = excluded.stamp
WHERE excluded.stamp > core_area.stamp;

-- name: put_area_code
INSERT INTO core_area_code (code, area) VALUES ($1, $2) ON CONFLICT (code, area) DO NOTHING;

-- name: close_area
UPDATE core_area SET open = 0, successor = $2, closed_at = $3 WHERE id = $1 AND (closed_at IS NULL OR closed_at > $3);

-- name: recode_area
UPDATE core_area SET code = $2, name = COALESCE($3, name), parent = COALESCE($4, parent), stamp = $5 WHERE id = $1 AND stamp < $5;

-- name: shape_area
UPDATE core_area SET shape = $2, synthetic = $3, shape_stamp = $4 WHERE id = $1 AND shape_stamp <= $4;

-- name: point_area
UPDATE core_area SET lon = $2, lat = $3, shape_stamp = $4 WHERE id = $1 AND shape_stamp <= $4;

-- name: repath_area
UPDATE core_area SET path = $2 WHERE id = $1;
