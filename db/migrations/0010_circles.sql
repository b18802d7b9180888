-- Circles (TRUST.md T16, T17). `owner` is the circle's row in `owner`.
CREATE TABLE circle(
  owner INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,         -- 0 invited, 1 accepted, 2 member, 3 gone
  name TEXT NOT NULL,             -- as the invitation told it, then as the charter says
  inviter INTEGER,                -- the home that invited this one
  until_ms INTEGER NOT NULL,      -- when its invitation ends, which also names it; 0: there was none
  proof BLOB NOT NULL,            -- the charter in force and how one comes to it; empty until there is one
  passes INTEGER NOT NULL,        -- replacing passes that have ended: others compare all they have after each
  needs_pass INTEGER NOT NULL     -- restored: no charter of ours before a pass from a member, or a person insists
) STRICT;
-- Charters that were in force here, or made here: what else comes of ours is a fork.
CREATE TABLE circle_charter(owner INTEGER, hash BLOB, PRIMARY KEY (owner, hash)) STRICT, WITHOUT ROWID;
-- Homes that this one invited.
CREATE TABLE circle_guest(
  owner INTEGER, home INTEGER,
  name TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  PRIMARY KEY (owner, home)
) STRICT, WITHOUT ROWID;
-- What a home that is no longer a member is shown: the charter by which this home knows it.
CREATE TABLE circle_removed(owner INTEGER, home INTEGER, proof BLOB NOT NULL, PRIMARY KEY (owner, home)) STRICT, WITHOUT ROWID;
-- The keeper's choice for which this home has voted, by the number of its charter: one each.
CREATE TABLE circle_vote(owner INTEGER, number INTEGER, hash BLOB NOT NULL, PRIMARY KEY (owner, number)) STRICT, WITHOUT ROWID;
-- Members that forged counters of this home three times in a day: what they send is held until a person decides (T13).
CREATE TABLE circle_distrust(owner INTEGER, home INTEGER, since_ms INTEGER NOT NULL, PRIMARY KEY (owner, home)) STRICT, WITHOUT ROWID;
