-- Where the versions of an entity stand in `history`, beside it instead of as its index: the newest few of each entity are
-- listed in its own row, which every change writes anyway, and come here some at a time. A change so dirties a page of this
-- table only now and then, not each time.
CREATE TABLE history_place(
  entity INTEGER NOT NULL,
  change INTEGER NOT NULL,
  place INTEGER NOT NULL,         -- within the change
  refused INTEGER NOT NULL,
  n INTEGER NOT NULL,             -- of `history`
  PRIMARY KEY (entity, change, place)
) STRICT, WITHOUT ROWID;
INSERT INTO history_place SELECT entity, change, place, refused, n FROM history ORDER BY entity, change, place;
DROP INDEX history_by_entity;
ALTER TABLE entity ADD COLUMN recent BLOB NOT NULL DEFAULT x'';  -- gateway/store/recent_history.h
