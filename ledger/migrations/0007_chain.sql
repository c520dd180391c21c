-- A hash chain over what was meant and what happened: orders, fills with their shares,
-- funding, and txns with their postings. Every commit that writes such rows adds one
-- link. It proves that the file still says what was written; it is no signature.

CREATE TABLE chain (
    id      INTEGER PRIMARY KEY,  -- dense, from 1, over the whole ledger
    origin  TEXT NOT NULL CHECK (origin IN ('write', 'migrated', 'accepted')),
    -- Of each row: a letter (o order, f fill, u funding, t txn), its session and its id as
    -- unsigned varints, and the first 16 bytes of the SHA-256 of what it said; of an
    -- order 16 of what never changes in it and 16 of what does.
    entries BLOB NOT NULL,
    hash    BLOB NOT NULL  -- SHA-256 of the hash before, the origin and the entries
) STRICT;

CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'chain is append-only'); END;

-- The last link when a session was last written: what shows that none is missing at the end.
ALTER TABLE session ADD COLUMN chain_n INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN chain_hash BLOB NOT NULL DEFAULT x'';
