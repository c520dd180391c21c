-- Lines of info and above are kept, within a bound of lines and bytes for each session, and
-- say what they are about. id is the order in which they were written; lines of the host
-- itself are of no event, and stand behind the rows of the last one.
ALTER TABLE log RENAME TO log_before;
CREATE TABLE log (
    id         INTEGER PRIMARY KEY,
    session    INTEGER NOT NULL REFERENCES session,
    run        INTEGER NOT NULL REFERENCES run,
    seq        INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    strategy   TEXT    NOT NULL,  -- empty: the host
    level      TEXT    NOT NULL,  -- info, warn, error
    place      TEXT    NOT NULL,  -- file:line
    text       TEXT    NOT NULL,
    order_id   INTEGER NOT NULL DEFAULT 0,  -- 0: it is about none, as with the next two
    pair       INTEGER NOT NULL DEFAULT 0,
    instrument TEXT    NOT NULL DEFAULT '',
    UNIQUE (run, seq, n)
) STRICT;
INSERT INTO log (session, run, seq, n, time, strategy, level, place, text)
    SELECT r.session, x.run, x.seq, x.n, x.time, x.strategy, x.level, x.place, x.text
    FROM log_before x JOIN run r ON r.id = x.run ORDER BY x.run, x.seq, x.n;
DROP TABLE log_before;
CREATE INDEX log_of_session ON log (session, id);

CREATE VIEW v_log AS
SELECT s.account, strftime('%Y-%m-%dT%H:%M:%S', x.time / 1000000000, 'unixepoch') || printf('.%03dZ', x.time / 1000000 % 1000) AS time,
       x.level, x.strategy, x.place, x.text, nullif(x.order_id, 0) AS order_id, nullif(x.pair, 0) AS pair, nullif(x.instrument, '') AS instrument, x.run, x.seq
FROM log x JOIN session s ON s.id = x.session ORDER BY x.id;
