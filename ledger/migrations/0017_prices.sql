-- Prices of what strategies hold: how far a trade went for and against its holder can't be
-- told from its fills. One is kept beside a sample of the equity when it is 5 bp or more from
-- the one before, or 15 minutes later. Ledgers of before have none.
CREATE TABLE price (
    run    INTEGER NOT NULL REFERENCES run,
    seq    INTEGER NOT NULL,
    market TEXT    NOT NULL,
    symbol TEXT    NOT NULL,
    time   INTEGER NOT NULL,
    price  TEXT    NOT NULL,  -- that the equity counts: the mark of a contract, the middle of a spot book
    PRIMARY KEY (run, seq, market, symbol)
) STRICT, WITHOUT ROWID;

-- Where the market stood when an order was decided on: the middle of its book; the mark or the
-- last trade where there is none.
CREATE TABLE arrival (
    session INTEGER NOT NULL REFERENCES session,
    id      INTEGER NOT NULL,  -- of the order
    price   TEXT    NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
