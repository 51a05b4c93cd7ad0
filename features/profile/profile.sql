-- profile.sql - what a hazard asks for: thresholds, measures, questionnaires, code lists.

-- name: schema
CREATE TABLE profile_profile (          -- reference table: small, everywhere the same; the later stamp stands
    hazard         TEXT NOT NULL,       -- "covid_2020"
    revision       BIGINT NOT NULL,     -- corrected time of the record that stands
    thresholds     TEXT NOT NULL,       -- {"fever_line":{"value":373,"unit":"0.1 °C","rule":"R8","zh":…,"en":…}}
    measures       TEXT NOT NULL,       -- ["mobilise",…] in the order of the form
    questionnaires TEXT NOT NULL,       -- {"round":{"zh":…,"en":…,"items":[…]}}
    codes          TEXT NOT NULL,       -- {"sex":[{"code":"1","zh":"男","en":"male"},…]}
    retention      TEXT,                -- {"health":{"value":90,"unit":"d",…}}
    stamp          BLOB NOT NULL,
    PRIMARY KEY (hazard)
);

-- name: put
INSERT INTO profile_profile (hazard, revision, thresholds, measures, questionnaires, codes, retention, stamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (hazard) DO UPDATE SET revision = excluded.revision, thresholds = excluded.thresholds, measures = excluded.measures,
    questionnaires = excluded.questionnaires, codes = excluded.codes, retention = excluded.retention, stamp = excluded.stamp
WHERE excluded.stamp > profile_profile.stamp;

-- name: lists
SELECT codes, thresholds FROM profile_profile ORDER BY stamp;

-- name: current
-- $1 a hazard, or NULL for the one set last.
SELECT hazard, revision, thresholds, measures, questionnaires, codes, retention, stamp FROM profile_profile
WHERE hazard = COALESCE($1, hazard) ORDER BY stamp DESC LIMIT 1;
