-- What a contract is and which wallet backs it is said for each instrument: it no longer
-- follows from the name of its market, and any name may be one.
PRAGMA defer_foreign_keys = ON;
DROP VIEW v_positions;
DROP VIEW v_pnl_strategy;
DROP VIEW v_realised;
DROP VIEW v_pnl_pair;

CREATE TABLE terms_before AS SELECT * FROM instrument;
DROP TABLE instrument;
CREATE TABLE instrument (
    market        TEXT    NOT NULL,  -- the venue
    symbol        TEXT    NOT NULL,
    contract      TEXT    NOT NULL CHECK (contract IN ('spot', 'linear', 'inverse')),
    wallet        TEXT    NOT NULL,  -- that backs it
    base          TEXT    NOT NULL,
    quote         TEXT    NOT NULL,
    settle        TEXT    NOT NULL,  -- asset of profit and funding
    tick          TEXT    NOT NULL,
    lot           TEXT    NOT NULL,
    multiplier    INTEGER NOT NULL,  -- base coins per unit of quantity
    contract_size TEXT    NOT NULL,  -- USD per contract; 1 when linear
    PRIMARY KEY (market, symbol)
) STRICT, WITHOUT ROWID;
INSERT INTO instrument (market, symbol, contract, wallet, base, quote, settle, tick, lot, multiplier, contract_size)
SELECT market, symbol, CASE market WHEN 'spot' THEN 'spot' WHEN 'usdm' THEN 'linear' ELSE 'inverse' END, market,
       base, quote, settle, tick, lot, multiplier, contract_size FROM terms_before;
DROP TABLE terms_before;

-- The wallets of a pair's transfer were numbers.
UPDATE pairs SET detail = json_set(detail,
    '$.Pair.Coin.Move.From', CASE json_extract(detail, '$.Pair.Coin.Move.From') WHEN 1 THEN 'spot' WHEN 2 THEN 'usdm' WHEN 3 THEN 'coinm' ELSE '' END,
    '$.Pair.Coin.Move.To', CASE json_extract(detail, '$.Pair.Coin.Move.To') WHEN 1 THEN 'spot' WHEN 2 THEN 'usdm' WHEN 3 THEN 'coinm' ELSE '' END)
WHERE json_type(detail, '$.Pair.Coin.Move.From') = 'integer';

-- Coins that a fee took on spot are gone, and are not in a position.
CREATE VIEW v_positions AS
SELECT f.account, f.strategy, f.market, f.symbol,
       round(sum(CASE f.side WHEN 'buy' THEN f.qty ELSE -f.qty END)
           - sum(CASE WHEN i.contract = 'spot' AND f.fee_asset = i.base THEN f.fee ELSE 0 END), 8) AS qty,
       count(*) AS fills
FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol
GROUP BY f.account, f.strategy, f.market, f.symbol;

-- The funding and the insurance of a coin-margined pair are coins, so what is left of its
-- result is not its basis.
CREATE VIEW v_pnl_pair AS
SELECT s.account, p.id AS pair, p.strategy, p.spot, p.perp, p.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.opened, 0) / 1000000000, 'unixepoch') AS opened,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.closed, 0) / 1000000000, 'unixepoch') AS closed,
       round(p.open_basis * 1e4, 2) AS open_basis_bp, round(p.close_basis * 1e4, 2) AS close_basis_bp,
       CASE WHEN p.done = 1 AND p.perp NOT IN (SELECT market || ':' || symbol FROM instrument WHERE contract = 'inverse') THEN round(p.realised - p.funding - p.insurance + p.fees, 8) END AS basis,
       p.funding, p.insurance, p.fees, CASE p.done WHEN 1 THEN p.realised END AS realised,
       p.max_unhedged, p.max_unhedged_time / 1000000 AS max_unhedged_ms, p.reason
FROM pairs p JOIN session s ON s.id = p.session;

-- What a strategy realised on perpetuals, from its own fills: see 0008.
CREATE VIEW v_realised AS
WITH RECURSIVE
part (leg, k, account, strategy, pair, market, symbol, qty, worth, sign) AS MATERIALIZED (
    SELECT dense_rank() OVER (ORDER BY f.account, f.strategy, f.pair, f.market, f.symbol),
           row_number() OVER (PARTITION BY f.account, f.strategy, f.pair, f.market, f.symbol ORDER BY f.id, f.n),
           f.account, f.strategy, f.pair, f.market, f.symbol,
           CASE f.side WHEN 'buy' THEN CAST(f.qty AS REAL) ELSE -CAST(f.qty AS REAL) END,
           CASE i.contract WHEN 'inverse' THEN i.contract_size / CAST(f.price AS REAL) ELSE CAST(f.price AS REAL) END,
           CASE i.contract WHEN 'inverse' THEN -1 ELSE 1 END
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE i.contract <> 'spot'
),
walk (leg, k, qty, cost, realised) AS (
    SELECT leg, 0, 0.0, 0.0, 0.0 FROM part WHERE k = 1
    UNION ALL
    SELECT p.leg, p.k, round(w.qty + p.qty, 12),
           CASE WHEN w.qty * p.qty >= 0 THEN w.cost + p.qty * p.worth
                WHEN abs(p.qty) < abs(w.qty) THEN w.cost * (1 - abs(p.qty / w.qty))
                ELSE round(w.qty + p.qty, 12) * p.worth END,
           w.realised +
           CASE WHEN w.qty * p.qty >= 0 THEN 0.0
                WHEN abs(p.qty) < abs(w.qty) THEN p.sign * (-p.qty * p.worth - w.cost * abs(p.qty / w.qty))
                ELSE p.sign * (w.qty * p.worth - w.cost) END
    FROM walk w JOIN part p ON p.leg = w.leg AND p.k = w.k + 1
)
SELECT p.account, p.strategy, nullif(p.pair, 0) AS pair, p.market, p.symbol, round(w.qty, 8) AS qty, round(w.realised, 8) AS realised
FROM part p JOIN (SELECT leg, max(k) AS k, qty, realised FROM walk GROUP BY leg) w ON w.leg = p.leg AND w.k = p.k;

-- Spot is shown as cash that moved: it is a profit only when nothing is held.
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, insurance, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE i.contract = 'spot'
    UNION ALL
    SELECT r.account, r.strategy, i.settle, 0, r.realised, 0, 0, 0
    FROM v_realised r JOIN instrument i ON i.market = r.market AND i.symbol = r.symbol
    UNION ALL
    SELECT account, strategy, fee_asset, 0, 0, 0, 0, fee FROM fill_parts
    UNION ALL
    SELECT account, strategy, asset, 0, 0, amount, 0, 0 FROM funding
    UNION ALL
    SELECT s.account, t.strategy, p.asset, 0, 0, 0, p.amount, 0
    FROM txn t JOIN posting p ON p.txn = t.id AND p.account LIKE 'A:%' JOIN session s ON s.id = t.session WHERE t.kind = 'insurance'
)
SELECT account, strategy, asset, round(sum(spot_cash), 8) AS spot_cash, round(sum(perp_realised), 8) AS perp_realised,
       round(sum(funding), 8) AS funding, round(sum(insurance), 8) AS insurance, round(sum(fees), 8) AS fees
FROM moved GROUP BY account, strategy, asset;
