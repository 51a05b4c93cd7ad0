-- core_figures.sql - the statements of figures.c.

-- name: alarms_overdue
SELECT COUNT(*), MIN(due_at) FROM core_alarm WHERE due_at <= $1;

-- name: outbox
-- The age is that of the first thousand: a debt of more is bad enough.
SELECT (SELECT COUNT(*) FROM core_outbox), MIN(r.received_at)
FROM (SELECT ledger, position FROM core_outbox ORDER BY ledger, position LIMIT 1000) o
JOIN ledger_record r ON r.ledger = o.ledger AND r.position = o.position;

-- name: ledgers
SELECT COUNT(*), CAST(COALESCE(SUM(position), 0) AS BIGINT), CAST(COALESCE(SUM(position - safe), 0) AS BIGINT) FROM ledger_head;
