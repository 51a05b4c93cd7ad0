-- form.sql - the questionnaires form.c holds answers against.

-- name: profile
SELECT questionnaires, codes FROM profile_profile ORDER BY stamp DESC LIMIT 1;

-- name: form
-- What round $1 asks, when that was said, and the questionnaires of today's profile.
SELECT r.questionnaire, r.stamp, p.questionnaires, p.revision
FROM screening_round r
LEFT JOIN profile_profile p ON p.hazard = (SELECT hazard FROM profile_profile ORDER BY stamp DESC LIMIT 1)
WHERE r.round = $1;
