-- Whose a fill is that no order of ours made: a liquidation, an auto-deleveraging, a
-- trade by hand. The fill stays one row, unique by its trade id; who held what it
-- took has shares of it, which sum to the fill. A fill without shares belongs to its
-- own strategy and pair.

CREATE TABLE fill_shares (
    fill     INTEGER NOT NULL REFERENCES fills,
    n        INTEGER NOT NULL,
    strategy TEXT    NOT NULL,  -- empty: the account itself
    pair     INTEGER NOT NULL,  -- 0: outside of pairs
    qty      TEXT    NOT NULL,
    fee      TEXT    NOT NULL,
    realised TEXT    NOT NULL,
    PRIMARY KEY (fill, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER fill_shares_no_update BEFORE UPDATE ON fill_shares
BEGIN SELECT RAISE(ABORT, 'fill_shares is append-only'); END;
CREATE TRIGGER fill_shares_no_delete BEFORE DELETE ON fill_shares
BEGIN SELECT RAISE(ABORT, 'fill_shares is append-only'); END;

-- Fills by whom they belong to. Everything that adds up by strategy or pair reads
-- this one.
CREATE VIEW fill_parts AS
SELECT f.id, coalesce(h.n, 0) AS n, f.session, f.run, f.seq, f.time, f.venue, f.account, f.market, f.symbol, f.trade_id,
       f.order_id, f.client_id, f.venue_id, coalesce(h.strategy, f.strategy) AS strategy, coalesce(h.pair, f.pair) AS pair,
       f.side, f.price, coalesce(h.qty, f.qty) AS qty, f.maker, coalesce(h.fee, f.fee) AS fee, f.fee_asset,
       coalesce(h.realised, f.realised) AS realised, f.reason
FROM fills f LEFT JOIN fill_shares h ON h.fill = f.id;

DROP VIEW v_fills;
CREATE VIEW v_fills AS
SELECT f.account,
       strftime('%Y-%m-%dT%H:%M:%S', f.time / 1000000000, 'unixepoch') || printf('.%03dZ', f.time / 1000000 % 1000) AS time,
       f.strategy, nullif(f.pair, 0) AS pair, f.market, f.symbol, f.side, f.qty, f.price,
       CASE f.maker WHEN 1 THEN 'maker' ELSE 'taker' END AS liquidity,
       f.fee, f.fee_asset, f.realised, f.reason, f.trade_id, nullif(f.order_id, 0) AS order_id, f.client_id
FROM fill_parts f;

DROP VIEW v_positions;
CREATE VIEW v_positions AS
SELECT account, strategy, market, symbol,
       round(sum(CASE side WHEN 'buy' THEN qty ELSE -qty END), 8) AS qty,
       count(*) AS fills
FROM fill_parts GROUP BY account, strategy, market, symbol;

-- Spot is shown as cash that moved: it is a profit only when nothing is held.
DROP VIEW v_pnl_strategy;
CREATE VIEW v_pnl_strategy AS
WITH moved (account, strategy, asset, spot_cash, perp_realised, funding, fees) AS (
    SELECT f.account, f.strategy, i.quote,
           CASE f.side WHEN 'buy' THEN -f.qty * f.price ELSE f.qty * f.price END, 0, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market = 'spot'
    UNION ALL
    SELECT f.account, f.strategy, i.settle, 0, f.realised, 0, 0
    FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol WHERE f.market <> 'spot'
    UNION ALL
    SELECT account, strategy, fee_asset, 0, 0, 0, fee FROM fill_parts
    UNION ALL
    SELECT account, strategy, asset, 0, 0, amount, 0 FROM funding
)
SELECT account, strategy, asset, round(sum(spot_cash), 8) AS spot_cash, round(sum(perp_realised), 8) AS perp_realised,
       round(sum(funding), 8) AS funding, round(sum(fees), 8) AS fees
FROM moved GROUP BY account, strategy, asset;

-- Sessions with real orders used to be completed by --for, which lost sight of their
-- pairs and transfers. The account goes on, and so does its session.
UPDATE session SET state = 'open'
WHERE id = (SELECT max(id) FROM session) AND 'live' = (SELECT value FROM meta WHERE key = 'mode');
