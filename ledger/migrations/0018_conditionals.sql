-- Orders that the host holds until a price, a time or another order lets them go: stops,
-- take-profits, trailing stops, the legs of brackets, icebergs. Their numbers are of the same
-- row as those of orders.
CREATE TABLE conditionals (
    session  INTEGER NOT NULL REFERENCES session,
    id       INTEGER NOT NULL,  -- dense within the session, together with orders
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,  -- of the latest change
    strategy TEXT    NOT NULL,
    group_id INTEGER NOT NULL,  -- number of the first of its group
    role     TEXT    NOT NULL,  -- entry, leg, or empty
    market   TEXT    NOT NULL,
    symbol   TEXT    NOT NULL,
    type     TEXT    NOT NULL,  -- stop, stop_limit, take_profit, take_profit_limit, trailing_stop, limit, market
    side     TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    state    TEXT    NOT NULL,  -- waiting, held, triggered, working, replacing, filled, canceled, expired, failed
    done     INTEGER NOT NULL CHECK (done IN (0, 1)),
    reason   TEXT    NOT NULL,
    reduces  INTEGER NOT NULL CHECK (reduces IN (0, 1)),
    trigger  TEXT    NOT NULL,  -- where it triggers now; 0: at no price, or not known yet
    source   TEXT    NOT NULL,  -- last, mark, mid; empty: no price triggers it
    price    TEXT    NOT NULL,  -- limit of what is sent; 0: at the market
    size     TEXT    NOT NULL,  -- that it may trade in all, as far as is known
    filled   TEXT    NOT NULL,
    child    INTEGER NOT NULL,  -- order at the venue; 0: none
    expires  INTEGER NOT NULL,  -- 0: never
    created  INTEGER NOT NULL,
    triggered INTEGER NOT NULL, -- 0: not
    closed   INTEGER NOT NULL,
    detail   TEXT    NOT NULL,  -- JSON: what the host needs to go on with it
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_conditionals AS
SELECT s.account, x.id, x.strategy, nullif(x.role, '') AS role, x.type, x.side, x.market, x.symbol, x.state, x.size, x.filled,
       nullif(x.trigger, '0') AS trigger, nullif(x.source, '') AS source, nullif(x.price, '0') AS price, nullif(x.child, 0) AS child,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.created / 1000000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(x.triggered, 0) / 1000000000, 'unixepoch') AS triggered, x.reason
FROM conditionals x JOIN session s ON s.id = x.session;
