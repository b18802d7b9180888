-- A grant that a person took back is told apart from one whose time has passed; `until_ms` is when it ended.
ALTER TABLE ended_grant ADD COLUMN taken_back INTEGER NOT NULL DEFAULT 0;
