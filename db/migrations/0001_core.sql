-- What one home keeps. Owners, homes and replica ids are interned: rows and blobs hold their numbers.

CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- The scalars that rise with every write, in one row so that a commit touches one page for all of them.
CREATE TABLE head(
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL,      -- of the feed; also numbers the rows of `event`
  change INTEGER NOT NULL,        -- of the timeline
  stamp_ms INTEGER NOT NULL,      -- the last own clock reading
  stamp_count INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, 0, 0, 0);

CREATE TABLE home(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE replica(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;

CREATE TABLE owner(
  n INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,        -- 32 bytes a home, 16 a circle
  epoch BLOB NOT NULL,            -- of this home's feed of the owner's entities
  replica INTEGER,                -- under which this home writes now; null until the first write after a retirement
  counter INTEGER NOT NULL,       -- the last issued under it
  told INTEGER NOT NULL,          -- the highest in a version that left: more than this nobody can know
  replacing INTEGER NOT NULL,     -- a replacing pass has begun and not ended (DESIGN.md section 3)
  hold INTEGER NOT NULL           -- outgoing feed held until a person confirms (TRUST.md T12)
) STRICT;

-- Own former replica ids, and what had been issued when each was retired. `shared` is set when another life of this home
-- wrote under the same id: up to that counter both have the same versions.
CREATE TABLE own_replica(
  owner INTEGER, replica INTEGER, issued INTEGER NOT NULL, told INTEGER NOT NULL, shared INTEGER, PRIMARY KEY (owner, replica)
) STRICT, WITHOUT ROWID;
-- What each start found. Feed numbers above `low` up to `high` were skipped; who names one knows another life of this
-- home, which parted from this one at that start.
CREATE TABLE start(owner INTEGER, low INTEGER, high INTEGER NOT NULL, replica INTEGER, counter INTEGER NOT NULL,
  PRIMARY KEY (owner, low)) STRICT, WITHOUT ROWID;
-- Replica ids that other homes told as theirs.
CREATE TABLE told_replica(owner INTEGER, replica INTEGER, home INTEGER NOT NULL, PRIMARY KEY (owner, replica))
  STRICT, WITHOUT ROWID;
-- The highest counter seen of each foreign replica id.
CREATE TABLE seen(owner INTEGER, replica INTEGER, counter INTEGER NOT NULL, PRIMARY KEY (owner, replica))
  STRICT, WITHOUT ROWID;

CREATE TABLE entity(
  n INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  state INTEGER NOT NULL,         -- 0 live, 1 deleted, 2 no longer shared
  origin INTEGER NOT NULL,        -- of the last change: 0 local, 1 remote
  conflicted INTEGER NOT NULL,    -- a person's choice is awaited
  updated_ms INTEGER NOT NULL,
  siblings BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entity_by_id ON entity(owner, id);
CREATE UNIQUE INDEX entity_by_sequence ON entity(owner, sequence);
CREATE INDEX entity_conflicted ON entity(conflicted) WHERE conflicted <> 0;

-- The tagged versions that an unacknowledged own version was built on (DESIGN.md section 2, rule 8).
CREATE TABLE base(entity INTEGER PRIMARY KEY, siblings BLOB NOT NULL) STRICT;

CREATE TABLE history(
  entity INTEGER NOT NULL,
  change INTEGER NOT NULL,
  place INTEGER NOT NULL,         -- within the change
  refused INTEGER NOT NULL,       -- what was not accepted
  hash BLOB NOT NULL,
  version BLOB NOT NULL,
  PRIMARY KEY (entity, change, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE change(
  n INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  home INTEGER NOT NULL,          -- where it came from
  by TEXT NOT NULL,               -- the token, session, plugin or home that did it
  how TEXT NOT NULL,
  count INTEGER NOT NULL
) STRICT;

CREATE TABLE conflict(
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  entity INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,         -- 0 open, 1 resolved, 2 refused
  strategy TEXT NOT NULL,
  siblings BLOB NOT NULL,
  base BLOB,                      -- one sibling blob with at most one version
  outcome_version TEXT,
  outcome_fields TEXT,
  outcome_by TEXT,
  outcome_reason TEXT,
  lost TEXT NOT NULL,             -- JSON array of version ids
  lost_fields TEXT NOT NULL       -- JSON array of paths
) STRICT;
CREATE INDEX conflict_by_entity ON conflict(entity, n);
CREATE INDEX conflict_open ON conflict(state, n);

-- The owner's word on what a home may do: own rules (owner is this home) and those received (home is this home).
CREATE TABLE rules(owner INTEGER, home INTEGER, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (owner, home))
  STRICT, WITHOUT ROWID;
-- Own strategy rows by scope (model::StrategyRow::Scope); scope 9 is this home's override for its own view.
CREATE TABLE strategy(scope INTEGER, pattern TEXT, strategy TEXT NOT NULL, PRIMARY KEY (scope, pattern))
  STRICT, WITHOUT ROWID;

CREATE TABLE peer(
  home INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,         -- 0 unacknowledged, 1 paired, 2 forgotten
  operating_spki BLOB NOT NULL,   -- the pinned key
  statements BLOB NOT NULL,
  pairing BLOB NOT NULL,          -- names the pairing that made the pin
  incarnation INTEGER NOT NULL,
  addresses TEXT NOT NULL,        -- JSON: [{"address","source","last_ok"}]
  kept_apart INTEGER NOT NULL,    -- disconnected by a person until connected again
  since_ms INTEGER NOT NULL,
  last_sync_ms INTEGER
) STRICT;

CREATE TABLE cursor(
  home INTEGER, owner INTEGER,
  epoch BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  sender_number INTEGER NOT NULL,
  receiver_number INTEGER NOT NULL,
  as_of_ms INTEGER NOT NULL,
  PRIMARY KEY (home, owner)
) STRICT, WITHOUT ROWID;

-- The place in another home's feed that its last batch of a pass told; counts nothing as received, but shows a home that
-- was copied back where it had been.
CREATE TABLE peer_feed(home INTEGER, owner INTEGER, epoch BLOB NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (home, owner))
  STRICT, WITHOUT ROWID;

-- Received and kept, not yet joined.
CREATE TABLE held(
  n INTEGER PRIMARY KEY,
  home INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  hash BLOB NOT NULL,
  version BLOB NOT NULL
) STRICT;
CREATE INDEX held_by_home ON held(home, owner, id);

-- Events other than those of entities; `n` is a sequence number of `head`.
CREATE TABLE event(n INTEGER PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL) STRICT;

CREATE TABLE plugin_state(plugin TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (plugin, key)) STRICT, WITHOUT ROWID;
