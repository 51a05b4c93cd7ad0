-- core_duty.sql - the statements of right.c.

-- name: put_duty
INSERT INTO core_duty (duty, worker, area, role, household, deputy, since, until, begun, stamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (duty) DO NOTHING;

-- name: begin_duty
UPDATE core_duty SET begun = 1 WHERE duty = $1;

-- name: hold
-- Does anybody answer for the area of this duty as main person?
UPDATE core_area SET held = CASE WHEN EXISTS (
        SELECT 1 FROM core_duty d WHERE d.area = core_area.id AND d.begun = 1 AND d.ended_at IS NULL AND d.deputy = 0 AND d.household IS NULL
            AND d.role IN ('commander', 'leader_contact', 'secretary', 'grid_head', 'grid_worker')) THEN 1 ELSE 0 END
WHERE id = (SELECT area FROM core_duty WHERE duty = $1);

-- name: end_duty
UPDATE core_duty SET ended_at = $2 WHERE duty = $1 AND (ended_at IS NULL OR ended_at > $2);

-- name: duties_of
SELECT duty, area, role, household, deputy, since, until, ended_at FROM core_duty WHERE worker = $1 ORDER BY since, duty;
