-- core_tick.sql - the statements of tick.c: alarms and the outbox.

-- name: put_alarm
INSERT INTO core_alarm (ledger, type, subject, area, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (ledger, type, subject) DO UPDATE SET area = excluded.area, due_at = excluded.due_at;

-- name: drop_alarm
DELETE FROM core_alarm WHERE ledger = $1 AND type = $2 AND subject = $3;

-- name: due_alarms
SELECT ledger, type, subject, area, due_at FROM core_alarm WHERE due_at <= $1 ORDER BY due_at, ledger, type, subject LIMIT 500;

-- name: owe
INSERT INTO core_outbox (ledger, position, target) VALUES ($1, $2, $3) ON CONFLICT (ledger, position, target) DO NOTHING;

-- name: owed
SELECT ledger, position, target FROM core_outbox ORDER BY ledger, position, target LIMIT 200;

-- name: paid
DELETE FROM core_outbox WHERE ledger = $1 AND position = $2 AND target = $3;
