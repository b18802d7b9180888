-- History is appended to, not sorted into: a write of many entities fills a few pages instead of one for each entity. The
-- index holds all that finding and trimming ask for, so that only the versions wanted are read.
CREATE TABLE appended_history(
  n INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL,
  change INTEGER NOT NULL,
  place INTEGER NOT NULL,         -- within the change
  refused INTEGER NOT NULL,       -- what was not accepted
  hash BLOB NOT NULL,
  version BLOB NOT NULL
) STRICT;
INSERT INTO appended_history(entity, change, place, refused, hash, version)
  SELECT entity, change, place, refused, hash, version FROM history ORDER BY change, entity, place;
DROP TABLE history;
ALTER TABLE appended_history RENAME TO history;
CREATE INDEX history_by_entity ON history(entity, change, place, refused);
