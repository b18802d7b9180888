-- Who did what, and what retention has taken away.

CREATE TABLE audit(
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,            -- a home id, "token:NAME", "plugin:NAME" or "system"
  action TEXT NOT NULL,           -- subject.verb: entity.write, grant.put, home.forget, …
  subject TEXT NOT NULL,          -- an entity, a glob, a home, a plugin, or nothing
  detail TEXT NOT NULL,           -- never a code, a token or content
  count INTEGER NOT NULL          -- how often, where several were put together
) STRICT;

-- The highest own counter of which a version was taken out of an entity's history: a version of ours that comes back and
-- is not in the history may be one of those, and is then no sign of another life of this home.
CREATE TABLE history_trimmed(entity INTEGER, replica INTEGER, counter INTEGER NOT NULL, PRIMARY KEY (entity, replica))
  STRICT, WITHOUT ROWID;
