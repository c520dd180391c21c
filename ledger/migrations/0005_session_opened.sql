-- When an account with real orders was opened, by the venue's own clock: what was traded
-- or paid before is in its opening balances. 0: as started.
ALTER TABLE session ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;
