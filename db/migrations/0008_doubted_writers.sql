-- Of a home's own entities (DESIGN.md section 2, rule 8): the first counter of this replica id for which another life of the owner knew
-- something else, which its home is told; null as long as there is none.
ALTER TABLE told_replica ADD COLUMN doubted INTEGER;
