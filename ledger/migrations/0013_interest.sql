-- What a venue charges on borrowed coins is a txn of kind 'interest' for each pair that owes
-- them, in coins, against I:interest:<wallet>.
ALTER TABLE pairs ADD COLUMN interest TEXT NOT NULL DEFAULT '0';  -- in realised; quote, at the prices of those hours; negative

DROP VIEW v_pnl_strategy;
DROP VIEW v_pnl_pair;
-- The funding and the insurance of a coin-margined pair are coins, so what is left of its
-- result is not its basis.
CREATE VIEW v_pnl_pair AS
SELECT s.account, p.id AS pair, p.strategy, p.spot, p.perp, p.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.opened, 0) / 1000000000, 'unixepoch') AS opened,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(p.closed, 0) / 1000000000, 'unixepoch') AS closed,
       round(p.open_basis * 1e4, 2) AS open_basis_bp, round(p.close_basis * 1e4, 2) AS close_basis_bp,
       CASE WHEN p.done = 1 AND p.perp NOT IN (SELECT market || ':' || symbol FROM instrument WHERE contract = 'inverse') THEN round(p.realised - p.funding - p.insurance - p.interest + p.fees, 8) END AS basis,
       p.funding, p.insurance, p.interest, p.fees, CASE p.done WHEN 1 THEN p.realised END AS realised,
       p.max_unhedged, p.max_unhedged_time / 1000000 AS max_unhedged_ms, p.reason
FROM pairs p JOIN session s ON s.id = p.session;

-- Spot is shown as cash that moved: it is a profit only when nothing is held.
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, insurance, interest, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE i.contract = 'spot'
    UNION ALL
    SELECT r.account, r.strategy, i.settle, 0, r.realised, 0, 0, 0, 0
    FROM v_realised r JOIN instrument i ON i.market = r.market AND i.symbol = r.symbol
    UNION ALL
    SELECT account, strategy, fee_asset, 0, 0, 0, 0, 0, fee FROM fill_parts
    UNION ALL
    SELECT account, strategy, asset, 0, 0, amount, 0, 0, 0 FROM funding
    UNION ALL
    SELECT s.account, t.strategy, p.asset, 0, 0, 0, CASE t.kind WHEN 'insurance' THEN p.amount ELSE 0 END, CASE t.kind WHEN 'interest' THEN p.amount ELSE 0 END, 0
    FROM txn t JOIN posting p ON p.txn = t.id AND p.account LIKE 'A:%' JOIN session s ON s.id = t.session WHERE t.kind IN ('insurance', 'interest')
)
SELECT account, strategy, asset, round(sum(spot_cash), 8) AS spot_cash, round(sum(perp_realised), 8) AS perp_realised,
       round(sum(funding), 8) AS funding, round(sum(insurance), 8) AS insurance, round(sum(interest), 8) AS interest, round(sum(fees), 8) AS fees
FROM moved GROUP BY account, strategy, asset;
