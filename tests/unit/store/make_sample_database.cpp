// make-sample-database FILE: writes the sample of this schema, as tests/data/db/vN.sqlite keep it.
#include <cstdio>
#include <filesystem>

#include "unit/store/sample_database.h"

int main(int argc, char** argv) {
  if (argc != 2 || std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "use: make-sample-database FILE, which must not be there yet\n");
    return 2;
  }
  auto store = hearthgate::store::Store::open(argv[1], hearthgate::store::Durability::kFull);
  hearthgate::Status status = store.ok() ? hearthgate::store::fillSample(**store) : hearthgate::Status(store.error());
  if (status.ok()) status = (*store)->checkpoint();
  if (status.ok()) return 0;
  std::fprintf(stderr, "make-sample-database: %s\n", status.error().message.c_str());
  return 1;
}
