-- The ledger of Perilune.
--
-- Amounts, prices and quantities are decimals in canonical text ("0.1", never
-- "0.10" or 1e-1): exact at any size. SUM() turns them into floats, which is
-- fine to look at; programs add them as decimals. Times are nanoseconds since
-- the Unix epoch, UTC. Quantities are in the venue's unit: coins for spot and
-- usdm, contracts for coinm.
--
-- (run, seq) on a row says which event of which run of the program caused it.
-- Every row has a natural key beside that, so writing it again does nothing.
--
-- Start with the views: v_orders, v_fills, v_positions, v_funding, v_balances,
-- v_pnl_pair, v_pnl_strategy.

-- What this file is: mode, venue and, when it is bound to one, account.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An account's life in this ledger. It may span several runs of the program.
CREATE TABLE session (
    id        INTEGER PRIMARY KEY,
    account   TEXT    NOT NULL UNIQUE,  -- "paper-1"
    market    TEXT    NOT NULL,         -- where its prices come from
    seed      INTEGER NOT NULL,         -- of everything random in it
    started   INTEGER NOT NULL,         -- on the market's clock
    last_time INTEGER NOT NULL,         -- of the latest row, on the market's clock
    state     TEXT    NOT NULL CHECK (state IN ('open', 'complete'))
) STRICT;

-- One process at work in a session.
CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    session       INTEGER NOT NULL REFERENCES session,
    started       TEXT    NOT NULL,  -- wall clock, as the host wrote it
    scripts       TEXT    NOT NULL,  -- JSON array of paths
    journal       TEXT    NOT NULL,  -- directory of its input log; may be empty
    config        TEXT    NOT NULL,  -- JSON
    committed_seq INTEGER NOT NULL,  -- all rows of all events up to this one are here
    clean         INTEGER NOT NULL CHECK (clean IN (0, 1))  -- ended on purpose
) STRICT;
CREATE INDEX run_session ON run (session);

-- The contract terms that fills are read with. Latest word wins.
CREATE TABLE instrument (
    market        TEXT    NOT NULL CHECK (market IN ('spot', 'usdm', 'coinm')),
    symbol        TEXT    NOT NULL,
    base          TEXT    NOT NULL,
    quote         TEXT    NOT NULL,
    settle        TEXT    NOT NULL,  -- asset of profit and funding
    tick          TEXT    NOT NULL,
    lot           TEXT    NOT NULL,
    multiplier    INTEGER NOT NULL,  -- base coins per unit of quantity
    contract_size TEXT    NOT NULL,  -- USD per contract; 1 when linear
    PRIMARY KEY (market, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategy_version (
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    n        INTEGER NOT NULL,  -- nth row of the event
    time     INTEGER NOT NULL,
    strategy TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    hash     TEXT    NOT NULL,  -- of sources
    path     TEXT    NOT NULL,
    sources  TEXT    NOT NULL,  -- JSON: [{"Path":…,"Text":…}]
    outcome  TEXT    NOT NULL,  -- loaded, refused, rollback
    problem  TEXT    NOT NULL,
    PRIMARY KEY (run, seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    session     INTEGER NOT NULL REFERENCES session,
    id          INTEGER NOT NULL,  -- dense within the session
    run         INTEGER NOT NULL REFERENCES run,
    seq         INTEGER NOT NULL,  -- of the latest change
    client_id   TEXT    NOT NULL,
    strategy    TEXT    NOT NULL,  -- empty: the host itself
    pair        INTEGER NOT NULL,  -- 0: none
    leg         INTEGER NOT NULL,
    market      TEXT    NOT NULL,
    symbol      TEXT    NOT NULL,
    side        TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    type        TEXT    NOT NULL,
    tif         TEXT    NOT NULL,
    reduce_only INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
    price       TEXT    NOT NULL,  -- 0 for a market order
    qty         TEXT    NOT NULL,
    filled      TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    venue_id    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (session, id),
    FOREIGN KEY (market, symbol) REFERENCES instrument
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_client ON orders (client_id);

CREATE TABLE fills (
    id        INTEGER PRIMARY KEY,  -- order of booking
    session   INTEGER NOT NULL REFERENCES session,
    run       INTEGER NOT NULL REFERENCES run,
    seq       INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    venue     TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    market    TEXT    NOT NULL,
    symbol    TEXT    NOT NULL,
    trade_id  TEXT    NOT NULL,
    order_id  INTEGER NOT NULL,  -- 0: not an order of ours
    client_id TEXT    NOT NULL,
    venue_id  TEXT    NOT NULL,
    strategy  TEXT    NOT NULL,
    pair      INTEGER NOT NULL,
    side      TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    price     TEXT    NOT NULL,
    qty       TEXT    NOT NULL,
    maker     INTEGER NOT NULL CHECK (maker IN (0, 1)),
    fee       TEXT    NOT NULL,  -- what was charged; a rebate is negative
    fee_asset TEXT    NOT NULL,
    realised  TEXT    NOT NULL,  -- by the venue, without fees; 0 on spot
    reason    TEXT    NOT NULL,  -- liquidation, adl or empty
    UNIQUE (venue, account, market, symbol, trade_id),
    FOREIGN KEY (market, symbol) REFERENCES instrument
) STRICT;
CREATE INDEX fills_session ON fills (session, strategy);

CREATE TABLE funding (
    id       INTEGER PRIMARY KEY,
    session  INTEGER NOT NULL REFERENCES session,
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    venue    TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    market   TEXT    NOT NULL,
    symbol   TEXT    NOT NULL,
    tran_id  TEXT    NOT NULL,
    strategy TEXT    NOT NULL,
    pair     INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    rate     TEXT    NOT NULL,
    mark     TEXT    NOT NULL,
    position TEXT    NOT NULL,  -- signed, at settlement
    amount   TEXT    NOT NULL,  -- received, or paid when negative
    asset    TEXT    NOT NULL,
    -- A strategy's or a pair's share of one settlement is a row of its own.
    UNIQUE (venue, account, market, symbol, settled, tran_id, strategy, pair),
    FOREIGN KEY (market, symbol) REFERENCES instrument
) STRICT;
CREATE INDEX funding_session ON funding (session, strategy);

CREATE TABLE transfers (
    session     INTEGER NOT NULL REFERENCES session,
    id          INTEGER NOT NULL,
    run         INTEGER NOT NULL REFERENCES run,
    seq         INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    strategy    TEXT    NOT NULL,
    asset       TEXT    NOT NULL,
    from_wallet TEXT    NOT NULL,
    to_wallet   TEXT    NOT NULL,
    amount      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('sent', 'done', 'failed')),
    reason      TEXT    NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

-- Double entry. The postings of a txn sum to zero for each asset.
--   A:<wallet>      assets: A:spot, A:usdm, A:coinm, A:transit
--   T:<instrument>  what was exchanged against what
--   I:<what>        income: I:realised:usdm, I:funding
--   X:<what>        expense: X:fee
--   Q:<what>        equity: Q:opening, Q:adjust
CREATE TABLE txn (
    id       INTEGER PRIMARY KEY,
    session  INTEGER NOT NULL REFERENCES session,
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    kind     TEXT    NOT NULL,  -- deposit, fill, funding, transfer_out, transfer_in
    ref      TEXT    NOT NULL,
    strategy TEXT    NOT NULL,
    pair     INTEGER NOT NULL,
    UNIQUE (session, kind, ref)
) STRICT;

CREATE TABLE posting (
    txn     INTEGER NOT NULL REFERENCES txn,
    n       INTEGER NOT NULL,
    account TEXT    NOT NULL,
    asset   TEXT    NOT NULL,
    amount  TEXT    NOT NULL,
    PRIMARY KEY (txn, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER txn_no_update BEFORE UPDATE ON txn
BEGIN SELECT RAISE(ABORT, 'txn is append-only: correct with a new txn'); END;
CREATE TRIGGER txn_no_delete BEFORE DELETE ON txn
BEGIN SELECT RAISE(ABORT, 'txn is append-only: correct with a new txn'); END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'posting is append-only: correct with a new txn'); END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'posting is append-only: correct with a new txn'); END;
CREATE TRIGGER fills_no_update BEFORE UPDATE ON fills
BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END;
CREATE TRIGGER fills_no_delete BEFORE DELETE ON fills
BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END;
CREATE TRIGGER funding_no_update BEFORE UPDATE ON funding
BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;
CREATE TRIGGER funding_no_delete BEFORE DELETE ON funding
BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;

CREATE TABLE pairs (
    session           INTEGER NOT NULL REFERENCES session,
    id                INTEGER NOT NULL,  -- dense within the session
    run               INTEGER NOT NULL REFERENCES run,
    seq               INTEGER NOT NULL,  -- of the latest change
    strategy          TEXT    NOT NULL,
    spot              TEXT    NOT NULL,  -- "spot:BTCUSDT"
    perp              TEXT    NOT NULL,
    state             TEXT    NOT NULL,
    done              INTEGER NOT NULL CHECK (done IN (0, 1)),
    reason            TEXT    NOT NULL,
    tag               TEXT    NOT NULL,
    notional          TEXT    NOT NULL,  -- asked for, quote
    spot_qty          TEXT    NOT NULL,  -- net coins held
    perp_qty          TEXT    NOT NULL,  -- signed
    spot_cost         TEXT    NOT NULL,  -- signed cash of the fills, quote
    perp_cost         TEXT    NOT NULL,
    open_basis        REAL    NOT NULL,  -- a ratio, not money
    close_basis       REAL    NOT NULL,
    funding           TEXT    NOT NULL,
    fees              TEXT    NOT NULL,
    realised          TEXT    NOT NULL,  -- once closed, after funding and fees
    opened            INTEGER NOT NULL,
    closed            INTEGER NOT NULL,
    settlements       INTEGER NOT NULL,
    max_unhedged      TEXT    NOT NULL,  -- as measured, quote
    max_unhedged_time INTEGER NOT NULL,  -- as measured, ns
    detail            TEXT    NOT NULL,  -- JSON: what the host needs to go on with it
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE equity (
    run    INTEGER NOT NULL REFERENCES run,
    seq    INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    amount TEXT    NOT NULL,  -- USDT
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- The last 20 of each strategy.
CREATE TABLE strategy_state (
    session  INTEGER NOT NULL REFERENCES session,
    strategy TEXT    NOT NULL,
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    json     TEXT    NOT NULL,
    PRIMARY KEY (session, strategy, run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE chart (
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    strategy TEXT    NOT NULL,
    series   TEXT    NOT NULL,
    value    REAL    NOT NULL,  -- a signal, not money
    PRIMARY KEY (run, seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
    run      INTEGER NOT NULL REFERENCES run,
    seq      INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    strategy TEXT    NOT NULL,
    level    TEXT    NOT NULL,
    place    TEXT    NOT NULL,  -- file:line
    text     TEXT    NOT NULL,
    PRIMARY KEY (run, seq, n)
) STRICT, WITHOUT ROWID;

-- For people. Sums are floats here.

CREATE VIEW v_orders AS
SELECT s.account,
       strftime('%Y-%m-%dT%H:%M:%S', o.created / 1000000000, 'unixepoch') || printf('.%03dZ', o.created / 1000000 % 1000) AS created,
       o.id, o.client_id, o.strategy, nullif(o.pair, 0) AS pair,
       CASE o.leg WHEN 1 THEN 'spot' WHEN 2 THEN 'perp' END AS leg,
       o.market, o.symbol, o.side, o.type, o.tif, o.qty, o.price, o.filled, o.status, o.reason,
       strftime('%Y-%m-%dT%H:%M:%S', o.updated / 1000000000, 'unixepoch') || printf('.%03dZ', o.updated / 1000000 % 1000) AS updated
FROM orders o JOIN session s ON s.id = o.session;

CREATE VIEW v_fills AS
SELECT f.account,
       strftime('%Y-%m-%dT%H:%M:%S', f.time / 1000000000, 'unixepoch') || printf('.%03dZ', f.time / 1000000 % 1000) AS time,
       f.strategy, nullif(f.pair, 0) AS pair, f.market, f.symbol, f.side, f.qty, f.price,
       CASE f.maker WHEN 1 THEN 'maker' ELSE 'taker' END AS liquidity,
       f.fee, f.fee_asset, f.realised, f.reason, f.trade_id, nullif(f.order_id, 0) AS order_id, f.client_id
FROM fills f;

CREATE VIEW v_positions AS
SELECT account, strategy, market, symbol,
       round(sum(CASE side WHEN 'buy' THEN qty ELSE -qty END), 8) AS qty,
       count(*) AS fills
FROM fills GROUP BY account, strategy, market, symbol;

CREATE VIEW v_funding AS
SELECT account,
       strftime('%Y-%m-%dT%H:%M:%SZ', settled / 1000000000, 'unixepoch') AS settled,
       strategy, nullif(pair, 0) AS pair, market, symbol, rate, mark, position, amount, asset
FROM funding;

CREATE VIEW v_balances AS
SELECT s.account, substr(p.account, 3) AS wallet, p.asset, round(sum(p.amount), 8) AS amount
FROM posting p JOIN txn t ON t.id = p.txn JOIN session s ON s.id = t.session
WHERE p.account LIKE 'A:%'
GROUP BY s.account, p.account, p.asset;

CREATE VIEW v_pnl_pair AS
SELECT s.account, p.id AS pair, p.strategy, p.spot, p.perp, p.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.opened, 0) / 1000000000, 'unixepoch') AS opened,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.closed, 0) / 1000000000, 'unixepoch') AS closed,
       round(p.open_basis * 1e4, 2) AS open_basis_bp, round(p.close_basis * 1e4, 2) AS close_basis_bp,
       CASE p.done WHEN 1 THEN round(p.realised - p.funding + p.fees, 8) END AS basis,
       p.funding, p.fees, CASE p.done WHEN 1 THEN p.realised END AS realised,
       p.max_unhedged, p.max_unhedged_time / 1000000 AS max_unhedged_ms, p.reason
FROM pairs p JOIN session s ON s.id = p.session;

-- Spot is shown as cash that moved: it is a profit only when nothing is held.
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0
    FROM fills f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market = 'spot'
    UNION ALL
    SELECT f.account, f.strategy, i.settle, 0, f.realised, 0, 0
    FROM fills f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market <> 'spot'
    UNION ALL
    SELECT account, strategy, fee_asset, 0, 0, 0, fee FROM fills
    UNION ALL
    SELECT account, strategy, asset, 0, 0, amount, 0 FROM funding
)
SELECT account, strategy, asset, round(sum(spot_cash), 8) AS spot_cash, round(sum(perp_realised), 8) AS perp_realised,
       round(sum(funding), 8) AS funding, round(sum(fees), 8) AS fees
FROM moved GROUP BY account, strategy, asset;
