-- What one market order for the whole would have done to the book that stood when a
-- schedule's window began. 0: it did not begin, or an earlier version began it.
ALTER TABLE schedules ADD COLUMN once_qty TEXT NOT NULL DEFAULT '0';   -- that the book held, at most the total
ALTER TABLE schedules ADD COLUMN once_cost TEXT NOT NULL DEFAULT '0';  -- as cost
ALTER TABLE schedules ADD COLUMN once_price REAL NOT NULL DEFAULT 0;   -- average

DROP VIEW v_schedules;
-- Slippage is positive when the fills were worse; that of once_bp is of the one market order.
CREATE VIEW v_schedules AS
SELECT s.account, x.id, x.strategy, x.algo, x.side, x.market, x.symbol, x.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.starts / 1000000000, 'unixepoch') AS starts,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.ends / 1000000000, 'unixepoch') AS ends,
       x.total, x.filled, round(100.0 * x.filled / nullif(x.total + 0.0, 0), 2) AS filled_pct,
       round(nullif(x.price, 0), 8) AS price, round(nullif(x.market_vwap, 0), 8) AS market_vwap,
       round((CASE x.side WHEN 'buy' THEN 1 ELSE -1 END) * (nullif(x.price, 0) / nullif(x.market_vwap, 0) - 1) * 1e4, 2) AS slip_vwap_bp,
       round((CASE x.side WHEN 'buy' THEN 1 ELSE -1 END) * (nullif(x.price, 0) / nullif(x.arrival, 0) - 1) * 1e4, 2) AS slip_arrival_bp,
       round((CASE x.side WHEN 'buy' THEN 1 ELSE -1 END) * (nullif(x.once_price, 0) / nullif(x.arrival, 0) - 1) * 1e4, 2) AS once_bp,
       CASE WHEN x.once_price > 0 THEN x.once_qty END AS once_qty,
       round(100.0 * x.filled / nullif(x.market_qty, 0), 3) AS participation_pct,
       round(100.0 * x.maker / nullif(x.filled + 0.0, 0), 1) AS maker_pct, x.fees, x.curve, x.reason
FROM schedules x JOIN session s ON s.id = x.session;
