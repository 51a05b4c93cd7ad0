-- core_tick.sql - the statements of tick.c: alarms and the outbox.

-- name: put_alarm
INSERT INTO core_alarm (ledger, type, subject, area, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (ledger, type, subject) DO UPDATE SET area = excluded.area, due_at = excluded.due_at;

-- name: drop_alarm
DELETE FROM core_alarm WHERE ledger = $1 AND type = $2 AND subject = $3;

-- name: due_alarms
-- $2 $3 $4 $5 the key to go on after; $6 rows.
SELECT ledger, type, subject, area, due_at FROM core_alarm WHERE due_at <= $1 AND (due_at, ledger, type, subject) > ($2, $3, $4, $5)
ORDER BY due_at, ledger, type, subject LIMIT $6;

-- name: owe
INSERT INTO core_outbox (ledger, position, target) VALUES ($1, $2, $3) ON CONFLICT (ledger, position, target) DO NOTHING;

-- name: owed
-- $1 $2 $3 the key to go on after; $4 rows.
SELECT ledger, position, target FROM core_outbox WHERE (ledger, position, target) > ($1, $2, $3) ORDER BY ledger, position, target LIMIT $4;

-- name: paid
DELETE FROM core_outbox WHERE ledger = $1 AND position = $2 AND target = $3;
