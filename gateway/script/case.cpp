#include "script/case.h"

#include <algorithm>
#include <set>

#include "model/field_types.h"

namespace hearthgate::script {
namespace {

// The field that a leaf is or belongs to: what stands below a set or a counter is how it is kept.
std::string fieldText(const model::Path& leaf) {
  const auto part = model::typedPart(leaf);
  return pathText(part ? model::Path(part->field) : leaf);
}

using model::Entry;
using model::Siblings;
using model::Version;

// The leaves that versions[at] set or removed and that some other version was written without knowing of.
std::vector<std::string> changedBy(const std::vector<const Version*>& versions, const std::vector<model::Entries>& entries,
                                   size_t at) {
  const Version& version = *versions[at];
  std::set<std::string> changed;
  if (version.deleted) return {};
  std::set<std::string_view> own;
  for (const Entry& entry : entries[at]) {
    own.insert(entry.path);
    for (const Version* other : versions) {
      if (other == &version || other->vector.covers(entry.dot)) continue;
      changed.insert(fieldText(entry.path));
      break;
    }
  }
  // What another one still has although this one was written knowing it was removed here.
  for (size_t other = 0; other < versions.size(); ++other) {
    if (other == at) continue;
    for (const Entry& entry : entries[other]) {
      if (version.vector.covers(entry.dot) && !own.contains(entry.path)) changed.insert(fieldText(entry.path));
    }
  }
  return {changed.begin(), changed.end()};
}

}  // namespace

std::string plainFields(const Version& version) {
  return model::mentionsTypes(version.fields) ? model::plainFields(version.fields) : version.fields;
}

std::string pathText(const model::Path& path) {
  std::string text;
  const std::vector<std::string> keys = model::splitPath(path);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) text += '.';
    for (const char c : keys[i]) {
      if (c == '.' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text;
}

Case makeCase(const model::Address& address, const std::string& kind, const Siblings& siblings,
              const std::function<std::string(const HomeId&)>& name_of) {
  std::vector<const Version*> versions;
  for (const Version& version : siblings) versions.push_back(&version);
  std::sort(versions.begin(), versions.end(), [](const Version* a, const Version* b) { return a->hash < b->hash; });
  std::vector<model::Entries> entries;
  for (const Version* version : versions) entries.push_back(model::entriesOf(*version));

  Case made{address.text(), address.id, kind, address.owner.text(), {}};
  for (size_t i = 0; i < versions.size(); ++i) {
    const Version& version = *versions[i];
    made.versions.push_back({plainFields(version), version.author.text(), name_of ? name_of(version.author) : "",
                             version.stamp.ms, version.stamp.trusted, version.deleted, address.owner.isHome(version.author),
                             changedBy(versions, entries, i)});
  }
  return made;
}

}  // namespace hearthgate::script
