// A small database with something in every table, always the same: what tests/data/db/vN.sqlite hold and what the
// upgrade test expects to find in them. Add to it when the schema grows; what an older file cannot hold is asked for by
// `schema`.
#pragma once

#include "store/store.h"

namespace hearthgate::store {

// In one transaction.
Status fillSample(Store& store);
// `schema`: of the file that was made by fillSample() of its time.
void expectSample(Store& store, int schema);

}  // namespace hearthgate::store
