-- Who told a session what, and what came of it.
CREATE TABLE commands (
    run     INTEGER NOT NULL REFERENCES run,
    seq     INTEGER NOT NULL,  -- the event that it was
    n       INTEGER NOT NULL,  -- nth row of the event
    time    INTEGER NOT NULL,
    by      TEXT    NOT NULL,  -- "socket uid 1000"; "program": a method of the session
    why     TEXT    NOT NULL,  -- in the words of who told it
    op      TEXT    NOT NULL,  -- halt, resume, cancel-all, flatten, reload, set, signal, eval, stop
    args    TEXT    NOT NULL,  -- JSON; of a long payload the beginning
    outcome TEXT    NOT NULL,  -- done, or why not
    PRIMARY KEY (run, seq, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER commands_no_update BEFORE UPDATE ON commands
BEGIN SELECT RAISE(ABORT, 'commands is append-only'); END;
CREATE TRIGGER commands_no_delete BEFORE DELETE ON commands
BEGIN SELECT RAISE(ABORT, 'commands is append-only'); END;

CREATE VIEW v_commands AS
SELECT s.account,
       strftime('%Y-%m-%dT%H:%M:%S', c.time / 1000000000, 'unixepoch') || printf('.%03dZ', c.time / 1000000 % 1000) AS time,
       c.by, c.op, c.args, c.why, c.outcome
FROM commands c JOIN run r ON r.id = c.run JOIN session s ON s.id = r.session;
