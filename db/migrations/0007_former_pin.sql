-- The pin that a pairing again with another key replaces, until it is acknowledged: if it never is, this one comes back
-- (TRUST.md T5). All three are null when there is none.
ALTER TABLE peer ADD COLUMN former_spki BLOB;
ALTER TABLE peer ADD COLUMN former_statements BLOB;
ALTER TABLE peer ADD COLUMN former_pairing BLOB;
