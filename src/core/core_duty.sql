-- core_duty.sql - the statements of right.c.

-- name: put_duty
INSERT INTO core_duty (duty, worker, area, role, household, deputy, since, until, stamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (duty) DO NOTHING;

-- name: end_duty
UPDATE core_duty SET ended_at = $2 WHERE duty = $1 AND (ended_at IS NULL OR ended_at > $2);

-- name: duties_of
SELECT duty, area, role, household, deputy, since, until, ended_at FROM core_duty WHERE worker = $1 ORDER BY since, duty;
