-- Parent orders that are worked off over a window of time: vwap, twap, pov.

CREATE TABLE schedules (
    session     INTEGER NOT NULL REFERENCES session,
    id          INTEGER NOT NULL,  -- dense within the session
    run         INTEGER NOT NULL REFERENCES run,
    seq         INTEGER NOT NULL,  -- of the latest change
    strategy    TEXT    NOT NULL,
    market      TEXT    NOT NULL,
    symbol      TEXT    NOT NULL,
    algo        TEXT    NOT NULL CHECK (algo IN ('vwap', 'twap', 'pov')),
    side        TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    state       TEXT    NOT NULL,
    done        INTEGER NOT NULL CHECK (done IN (0, 1)),
    reason      TEXT    NOT NULL,
    tag         TEXT    NOT NULL,
    curve       TEXT    NOT NULL,  -- what the plan was made from
    total       TEXT    NOT NULL,  -- 0 before the window, when asked for in quote
    filled      TEXT    NOT NULL,
    maker       TEXT    NOT NULL,  -- of filled: rested
    late        TEXT    NOT NULL,  -- of filled: after the window
    cost        TEXT    NOT NULL,  -- of the fills, quote; coin for an inverse contract
    fees        TEXT    NOT NULL,  -- valued like cost
    price       REAL    NOT NULL,  -- average of the fills; 0: none
    arrival     REAL    NOT NULL,  -- mid when the window began; 0: it did not
    market_qty  REAL    NOT NULL,  -- what the market traded in the window
    market_vwap REAL    NOT NULL,  -- 0: it showed no volume
    starts      INTEGER NOT NULL,
    ends        INTEGER NOT NULL,
    closed      INTEGER NOT NULL,
    slices      INTEGER NOT NULL,
    orders      INTEGER NOT NULL,  -- children sent
    refused     INTEGER NOT NULL,  -- children refused
    detail      TEXT    NOT NULL,  -- JSON: what the host needs to go on with it
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE orders ADD COLUMN schedule INTEGER NOT NULL DEFAULT 0;  -- the parent order; 0: none

-- Slippage is positive when the fills were worse.
CREATE VIEW v_schedules AS
SELECT s.account, x.id, x.strategy, x.algo, x.side, x.market, x.symbol, x.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.starts / 1000000000, 'unixepoch') AS starts,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.ends / 1000000000, 'unixepoch') AS ends,
       x.total, x.filled, round(100.0 * x.filled / nullif(x.total + 0.0, 0), 2) AS filled_pct,
       round(nullif(x.price, 0), 8) AS price, round(nullif(x.market_vwap, 0), 8) AS market_vwap,
       round((CASE x.side WHEN 'buy' THEN 1 ELSE -1 END) * (nullif(x.price, 0) / nullif(x.market_vwap, 0) - 1) * 1e4, 2) AS slip_vwap_bp,
       round((CASE x.side WHEN 'buy' THEN 1 ELSE -1 END) * (nullif(x.price, 0) / nullif(x.arrival, 0) - 1) * 1e4, 2) AS slip_arrival_bp,
       round(100.0 * x.filled / nullif(x.market_qty, 0), 3) AS participation_pct,
       round(100.0 * x.maker / nullif(x.filled + 0.0, 0), 1) AS maker_pct, x.fees, x.curve, x.reason
FROM schedules x JOIN session s ON s.id = x.session;
