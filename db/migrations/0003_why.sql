-- What `why` and `lag` answer from while there is no link and after a restart, and what people set for one home.

-- How far another home has acknowledged this home's feed of an owner's entities, under which rules that was, and what it
-- told last that it still had to send. Written some seconds late on purpose: less is safe, it is only looked at again.
CREATE TABLE peer_place(home INTEGER, owner INTEGER, epoch BLOB NOT NULL, sequence INTEGER NOT NULL, rules BLOB NOT NULL,
  remaining INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (home, owner)) STRICT, WITHOUT ROWID;

-- Versions that another home holds back or has refused, until it acknowledges a later one of that entity.
CREATE TABLE peer_exception(home INTEGER, owner INTEGER, id TEXT, hash BLOB, held INTEGER NOT NULL, reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL, PRIMARY KEY (home, owner, id, hash)) STRICT, WITHOUT ROWID;

-- Grants whose time has passed, until a new one for the same pattern.
CREATE TABLE ended_grant(owner INTEGER, home INTEGER, pattern TEXT, access INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (owner, home, pattern)) STRICT, WITHOUT ROWID;

-- `why`, and a pass that replaces what may only be read, ask for what is held of one entity.
CREATE INDEX held_by_entity ON held(owner, id);

-- Bytes a second that may go to a home, where that differs from the configuration; 0: any number.
CREATE TABLE bandwidth(home INTEGER PRIMARY KEY, bytes_per_s INTEGER NOT NULL) STRICT;
