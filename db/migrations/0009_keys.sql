-- Which operating key of this home another one pins: null until a link has shown it, and then the oldest that is held
-- (TRUST.md T9). `fork` is its other chain of key statements, when somebody made two of one epoch (T8).
ALTER TABLE peer ADD COLUMN knows_spki BLOB;
ALTER TABLE peer ADD COLUMN fork BLOB;
-- Hashes, 32 bytes each, of statements that a person paired that home against: what contradicts because of them is settled.
ALTER TABLE peer ADD COLUMN rejected BLOB;
-- The other home said over its own link that it forgot this one (T11): only a new pairing ends that.
ALTER TABLE peer ADD COLUMN told_forgotten INTEGER NOT NULL DEFAULT 0;
