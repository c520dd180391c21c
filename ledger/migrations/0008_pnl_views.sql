-- What a strategy realised on perpetuals, from its own fills: at average cost, each pair
-- by itself, as the program's own figures. The realised of a fill is the venue's word, and
-- the venue knows one position of the account: what one strategy buys and another sells
-- it nets, and of what they trade inside the account it hears nothing.
--
-- It walks each leg's fills in the order of booking. Quantities are sums of decimals, so
-- what floats leave of one that is flat is cut off.
CREATE VIEW v_realised AS
WITH RECURSIVE
part (leg, k, account, strategy, pair, market, symbol, qty, worth, sign) AS MATERIALIZED (
    SELECT dense_rank() OVER (ORDER BY f.account, f.strategy, f.pair, f.market, f.symbol),
           row_number() OVER (PARTITION BY f.account, f.strategy, f.pair, f.market, f.symbol ORDER BY f.id, f.n),
           f.account, f.strategy, f.pair, f.market, f.symbol,
           CASE f.side WHEN 'buy' THEN CAST(f.qty AS REAL) ELSE -CAST(f.qty AS REAL) END,
           CASE f.market WHEN 'coinm' THEN i.contract_size / CAST(f.price AS REAL) ELSE CAST(f.price AS REAL) END,
           CASE f.market WHEN 'coinm' THEN -1 ELSE 1 END
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market <> 'spot'
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
DROP VIEW v_pnl_strategy;
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, insurance, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market = 'spot'
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
