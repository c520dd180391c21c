-- Where a pair's coins are: what its spot fills brought is on spot, in spot_qty, or here.
-- Only coin-margined pairs have any: in the margin wallet, on their way, and gone for the
-- fees of the perpetual. Empty: written before this version.
ALTER TABLE pairs ADD COLUMN away TEXT NOT NULL DEFAULT '';
