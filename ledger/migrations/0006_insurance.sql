-- What a venue's insurance fund pays after a liquidation is a txn of kind 'insurance' for
-- each holder that was closed out, against I:insurance:<wallet>. Before this version it
-- was one of kind 'adjust', which stays as it is.
ALTER TABLE pairs ADD COLUMN insurance TEXT NOT NULL DEFAULT '0';  -- in realised; settlement asset

-- Coins that a fee took on spot are gone, and are not in a position.
DROP VIEW v_positions;
CREATE VIEW v_positions AS
SELECT f.account, f.strategy, f.market, f.symbol,
       round(sum(CASE f.side WHEN 'buy' THEN f.qty ELSE -f.qty END)
           - sum(CASE WHEN f.market = 'spot' AND f.fee_asset = i.base THEN f.fee ELSE 0 END), 8) AS qty,
       count(*) AS fills
FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol
GROUP BY f.account, f.strategy, f.market, f.symbol;

-- The funding and the insurance of a coin-margined pair are coins, so what is left of its
-- result is not its basis.
DROP VIEW v_pnl_pair;
CREATE VIEW v_pnl_pair AS
SELECT s.account, p.id AS pair, p.strategy, p.spot, p.perp, p.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.opened, 0) / 1000000000, 'unixepoch') AS opened,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.closed, 0) / 1000000000, 'unixepoch') AS closed,
       round(p.open_basis * 1e4, 2) AS open_basis_bp, round(p.close_basis * 1e4, 2) AS close_basis_bp,
       CASE WHEN p.done = 1 AND p.perp NOT LIKE 'coinm:%' THEN round(p.realised - p.funding - p.insurance + p.fees, 8) END AS basis,
       p.funding, p.insurance, p.fees, CASE p.done WHEN 1 THEN p.realised END AS realised,
       p.max_unhedged, p.max_unhedged_time / 1000000 AS max_unhedged_ms, p.reason
FROM pairs p JOIN session s ON s.id = p.session;

-- Spot is shown as cash that moved: it is a profit only when nothing is held.
DROP VIEW v_pnl_strategy;
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, insurance, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market = 'spot'
    UNION ALL
    SELECT f.account, f.strategy, i.settle, 0, f.realised, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market <> 'spot'
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
