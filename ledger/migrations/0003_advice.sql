-- What strategies asked their adviser and what came of it: two rows in time, one
-- here. Nothing in it is needed to go on with a session; it is for people, who
-- want to know what an answer cost and what it was based on.
CREATE TABLE advice (
    session    INTEGER NOT NULL REFERENCES session,
    id         INTEGER NOT NULL,  -- dense within the session
    run        INTEGER NOT NULL REFERENCES run,
    seq        INTEGER NOT NULL,  -- of the latest change
    strategy   TEXT    NOT NULL,
    tag        TEXT    NOT NULL,
    question   TEXT    NOT NULL,
    context    TEXT    NOT NULL,  -- JSON, as it was sent
    schema     TEXT    NOT NULL,  -- JSON Schema of the answer
    verdict    TEXT    NOT NULL,  -- asked, ok, refused, failed, late, disabled, cancelled
    reason     TEXT    NOT NULL,  -- why there is no answer
    answer     TEXT    NOT NULL,  -- JSON; empty when there is none
    model      TEXT    NOT NULL,
    tokens_in  INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost       TEXT    NOT NULL,  -- in the currency of the configured prices
    cached     INTEGER NOT NULL CHECK (cached IN (0, 1)),
    asked      INTEGER NOT NULL,
    answered   INTEGER NOT NULL,  -- 0 while it is under way
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_advice AS
SELECT s.account, a.id, a.strategy, a.tag,
       strftime('%Y-%m-%dT%H:%M:%S', a.asked / 1000000000, 'unixepoch') || printf('.%03dZ', a.asked / 1000000 % 1000) AS asked,
       CASE WHEN a.answered > 0 THEN (a.answered - a.asked) / 1000000 END AS took_ms,
       a.verdict, a.answer, a.reason, a.model, a.tokens_in, a.tokens_out, a.cost, a.cached
FROM advice a JOIN session s ON s.id = a.session;
