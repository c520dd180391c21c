-- What people are to be told, and what became of it: a row for each notice and target. A
-- notice that an event led to is written with the rows of that event, for no target yet; who
-- brings it to the targets writes the others, and so a kill in between loses none. The ledger
-- keeps the newest rows.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES run,
    key      TEXT    NOT NULL,  -- the same when the same notice comes again
    target   TEXT    NOT NULL,  -- its name; empty: for whom is not decided yet
    time     INTEGER NOT NULL,  -- the session's
    severity TEXT    NOT NULL,  -- notice, warning, critical
    class    TEXT    NOT NULL,  -- halt, feed, daily, …
    strategy TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    count    INTEGER NOT NULL,  -- how often it came since it was told last
    state    TEXT    NOT NULL,  -- new, routed, waiting, sent, failed, dropped, repeated
    attempts INTEGER NOT NULL,
    next     INTEGER NOT NULL,  -- of the next try, by this machine's clock; 0: as soon as may be
    error    TEXT    NOT NULL,  -- of the last try
    made     INTEGER NOT NULL,  -- by this machine's clock
    UNIQUE (key, target)
) STRICT;

CREATE INDEX outbox_open ON outbox (state) WHERE state IN ('new', 'waiting');

CREATE VIEW v_outbox AS
SELECT s.account, o.id, strftime('%Y-%m-%dT%H:%M:%SZ', o.time / 1000000000, 'unixepoch') AS time,
       o.target, o.state, o.severity, o.class, o.strategy, o.text, o.count, o.attempts, o.error
FROM outbox o JOIN run r ON r.id = o.run JOIN session s ON s.id = r.session WHERE o.target <> '';
