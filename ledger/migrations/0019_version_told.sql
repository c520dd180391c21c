-- Of a version of a script: who asked for it, why, and how long reading, compiling and trying
-- it took before it was swapped in or refused.
ALTER TABLE strategy_version ADD COLUMN by   TEXT    NOT NULL DEFAULT '';  -- "save", "socket uid 1000", "probation"; empty: not known
ALTER TABLE strategy_version ADD COLUMN why  TEXT    NOT NULL DEFAULT '';  -- in the words of who asked
ALTER TABLE strategy_version ADD COLUMN took INTEGER NOT NULL DEFAULT 0;   -- ns; 0: not known
