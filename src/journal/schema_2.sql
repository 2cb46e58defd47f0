-- Version 2: what is read back is checked. Released steps are never changed.

-- Each row that decides has a digest over all its columns, and those of the rows that belong to it. It is written with every
-- change, and compared with every reading. `revision` goes up with every change.
ALTER TABLE entries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0);
-- What the gateway said last while nothing was proven.
ALTER TABLE entries ADD COLUMN last_code TEXT;
ALTER TABLE entries ADD COLUMN last_text TEXT;
-- Of a blanked entry: 16 bytes of the fields that decide whether an intent is the same.
ALTER TABLE entries ADD COLUMN decided BLOB CHECK (length(decided) = 16);
ALTER TABLE entries ADD COLUMN digest BLOB CHECK (length(digest) = 16);
ALTER TABLE by_hand ADD COLUMN digest BLOB CHECK (length(digest) = 16);
ALTER TABLE journal ADD COLUMN revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0);
-- How many numbers have no entry any more, because it was pruned (or never had one). With those that are there they make
-- up all that were given: an entry that vanished is missed, and no number is given again.
ALTER TABLE journal ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed >= 0);
-- The epochs together: how many, their sum, and the sum of their squares modulo 2147483647. One that is lost or changed
-- could be drawn again.
ALTER TABLE journal ADD COLUMN epochs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN epoch_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN epoch_squares INTEGER NOT NULL DEFAULT 0;
-- Over the texts of this schema: a view that people read, and the rules of the tables, are as they were made.
ALTER TABLE journal ADD COLUMN schema_digest BLOB CHECK (length(schema_digest) = 16);
ALTER TABLE journal ADD COLUMN digest BLOB CHECK (length(digest) = 16);
-- The intents that were pruned, 16 bytes each: they are never paid again, whatever a clock said of their age. How many there are,
-- and the sums of their four words modulo 2147483647, stand in the journal's own row.
CREATE TABLE gone (intent BLOB PRIMARY KEY CHECK (length(intent) = 16)) STRICT, WITHOUT ROWID;
ALTER TABLE journal ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone >= 0);
ALTER TABLE journal ADD COLUMN gone_sum INTEGER NOT NULL DEFAULT 0;
