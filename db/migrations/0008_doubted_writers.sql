-- Of a home's own entities (DESIGN.md section 2, rule 8), each null as long as there is none: `fresh` is the first counter of this
-- replica id that came without the owner's tag since the owner may have forgotten something; `doubted` the first one for which
-- another life of the owner knew something else, which its home is told.
ALTER TABLE told_replica ADD COLUMN fresh INTEGER;
ALTER TABLE told_replica ADD COLUMN doubted INTEGER;
