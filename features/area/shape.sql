-- shape.sql - the question after shapes.

-- name: shapes
SELECT id, level, lon, lat, shape, synthetic FROM core_area
WHERE path >= $1 AND path < $2 AND open = 1 AND (shape IS NOT NULL OR lon IS NOT NULL) ORDER BY path;
