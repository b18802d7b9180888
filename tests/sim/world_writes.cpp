// What people and programs of a simulated home write, and the account of it.
#include "sim/world.h"

namespace hearthgate::sim {

using model::Version;
using Mode = engine::WriteOrder::Mode;

namespace {

model::Json parsed(const std::string& text) { return std::move(*model::parseJson(text, 32)); }

std::string textOf(const Doc& doc) {
  std::string out = "{";
  std::string below;
  for (const auto& [path, value] : doc) {
    if (path.size() > 1 && path[1] == '/') {
      below += (below.empty() ? "\"" : ",\"") + path.substr(2) + "\":" + value;
    } else {
      out += (out.size() > 1 ? ",\"" : "\"") + path + "\":" + value;
    }
  }
  if (!below.empty()) out += std::string(out.size() > 1 ? "," : "") + "\"n\":{" + below + "}";
  return out + "}";
}

// Sets one path as a merge patch does: what lies above or below it gives way.
void setPath(const std::string& path, const std::string& value, Doc* doc) {
  std::erase_if(*doc, [&](const auto& entry) {
    bool above = path.size() > entry.first.size() && path.compare(0, entry.first.size() + 1, entry.first + "/") == 0;
    bool under = entry.first.size() > path.size() && entry.first.compare(0, path.size() + 1, path + "/") == 0;
    return above || under;
  });
  (*doc)[path] = value;
}

}  // namespace

World::Said World::shownAt(size_t home, const model::Address& address) {
  std::string shown = homes_[home]->shown(address);
  return {shown.front() == '{' ? docOf(shown) : Doc{}, typedOf(shown)};
}

// Adds to a write what it says of the set and the counter; a PUT that says nothing takes both away.
void World::stateTyped(Act act, uint64_t r, const Typed& now, Typed* asked, model::Json* fields) {
  bool put = act == Act::kPut;
  std::map<std::string, std::string> said;
  if (!put) *asked = now;
  auto listed = [](const std::set<std::string>& elements) {
    std::string out = "[";
    for (const std::string& element : elements) out += (out.size() > 1 ? "," : "") + element;
    return out + "]";
  };
  std::string value = std::to_string(values_);
  bool there = !now.elements.empty();
  std::string one = there ? *std::next(now.elements.begin(), static_cast<ptrdiff_t>(r / 64 % now.elements.size())) : "0";
  switch (r % 6) {
    case 0:  // adds one, for the first time or on purpose again
      if (r / 8 % 4 == 0 && there) value = one;
      if (put) asked->elements = now.elements;
      if (put && there) said["s"] = listed([&] { auto all = now.elements; all.insert(value); return all; }());
      else said["s"] = R"({"$type":"orset","add":[)" + value + "]}";
      if (put && !there) asked->elements.clear();
      asked->elements.insert(value);
      break;
    case 1:
      if (put) break;
      said["s"] = R"({"$type":"orset","remove":[)" + one + "]}";
      asked->elements.erase(one);
      break;
    case 2:
    case 3: {
      auto step = static_cast<int64_t>(r / 8 % 9) - 3;
      said["c"] = R"({"$type":"counter","increment":)" + std::to_string(step) + "}";
      asked->count = now.count.value_or(0) + step;
      break;
    }
    case 4:  // the whole of what was read, as a program does
      if (!put) break;
      if (there) said["s"] = listed(now.elements);
      if (now.count) said["c"] = std::to_string(*now.count + 1);
      asked->elements = now.elements;
      if (now.count) asked->count = *now.count + 1;
      break;
    default:
      if (put || r / 8 % 8 != 0) break;
      said["c"] = "null";
      asked->count.reset();
  }
  for (auto& [field, text] : said) fields->members.emplace_back(field, parsed(text));
  std::sort(fields->members.begin(), fields->members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

// Makes the order and says what must stand there afterwards.
bool World::writeOne(size_t home, const model::Address& address, Act act, uint64_t r, Said* said,
                     engine::WriteOrder* order) {
  order->address = address;
  std::string value = std::to_string(++values_);
  Said shown = shownAt(home, address);
  const Doc& now = shown.doc;
  Doc* asked = &said->doc;
  said->typed = act == Act::kUnset ? shown.typed : Typed{};
  switch (act) {
    case Act::kDelete: order->mode = Mode::kDelete; return true;
    case Act::kUnset: {
      order->mode = Mode::kPatch;
      const char* path = r % 3 == 0 ? "p" : r % 3 == 1 ? "q" : "n";
      order->fields = parsed("{\"" + std::string(path) + "\":null}");
      *asked = now;
      std::erase_if(*asked, [&](const auto& entry) { return entry.first == path || entry.first.starts_with(std::string(path) + "/"); });
      return true;
    }
    case Act::kPut: {
      order->mode = Mode::kPut;
      if (plan_.variant.kinds && !homes_[home]->store().entity(address)) order->kind = kKinds[home % kKinds.size()];
      setPath(kPaths[r % kPaths.size()], value, asked);
      if (r / 8 % 2 == 0) setPath("p", value, asked);
      // What a program does that reads, changes and writes back the whole.
      if (r / 16 % 3 == 0) {
        Doc whole = now;
        for (const auto& [path, written] : *asked) setPath(path, written, &whole);
        *asked = whole;
      }
      order->fields = parsed(textOf(*asked));
      if (plan_.variant.fields) stateTyped(act, r / 64, *shown.typed, &*said->typed, &order->fields);
      return true;
    }
    default: {
      order->mode = Mode::kPatch;
      *asked = now;
      const std::string& path = kPaths[r % kPaths.size()];
      Doc change;
      setPath(path, value, &change);
      if (r / 8 % 4 == 0 && path != "q") setPath("q", value, &change);
      for (const auto& [at, written] : change) setPath(at, written, asked);
      order->fields = parsed(textOf(change));
      said->typed = shown.typed;
      if (plan_.variant.fields) stateTyped(act, r / 64, *shown.typed, &*said->typed, &order->fields);
      return true;
    }
  }
}

void World::account(size_t home, const model::Address& address, const model::Siblings& before, const Said& shown,
                    const Said& asked, bool all_anew) {
  model::Siblings after = homes_[home]->siblings(address);
  if (after.size() != 1) return fail(nameOf(address) + ": a write left " + std::to_string(after.size()) + " siblings");
  if (docOf(after[0].fields) != asked.doc || (asked.typed && typedOf(after[0].fields) != *asked.typed)) {
    fail(nameOf(address) + ": a write of " + textOf(asked.doc) + (asked.typed ? " " + textOf(*asked.typed) : "") + " left " +
         after[0].fields);
  }
  ledger_.wrote(home, address, before, shown.doc, after[0], asked.doc, all_anew, *shown.typed);
  if (trace_) {
    say("    w" + std::to_string(ledger_.writes().size() - 1) + " " + nameOf(address) + " " +
        (after[0].deleted ? "deleted" : after[0].fields) + " by " + homes_[home]->name());
  }
}

void World::write(const Step& step, bool fails) {
  model::Address address = addressOf(step);
  model::Siblings before = homes_[step.home]->siblings(address);
  Said shown = shownAt(step.home, address);
  Said asked;
  engine::WriteOrder order;
  if (!writeOne(step.home, address, step.act == Act::kFailCommit ? Act::kPatch : step.act, step.r[1], &asked, &order)) return;
  writing_ = !fails;
  bool ok = false;
  Home& home = *homes_[step.home];
  home.commit(
      [&] {
        home.core().beginChange(home.id(), "test", "write");
        ok = home.core().write(order).ok();
        home.core().endChange();
      },
      fails);
  writing_ = false;
  if (ok && !fails) account(step.home, address, before, shown, asked, false);
}

// Several writes of one entity in one commit: others see only the last, each is an acknowledged write.
void World::bulk(const Step& step) {
  model::Address address = addressOf(step);
  Home& home = *homes_[step.home];
  writing_ = true;
  home.commit([&] {
    home.core().beginChange(home.id(), "test", "bulk");
    for (size_t i = 0; i < 2 + step.r[0] % 3; ++i) {
      model::Siblings before = home.siblings(address);
      Said shown = shownAt(step.home, address);
      Said asked;
      engine::WriteOrder order;
      constexpr Act kActs[] = {Act::kPatch, Act::kPatch, Act::kPut, Act::kDelete};
      Act act = kActs[(step.r[1] >> (i * 4)) % 4];
      if (!writeOne(step.home, address, act, step.r[2] >> (i * 8), &asked, &order)) continue;
      if (home.core().write(order).ok()) account(step.home, address, before, shown, asked, false);
    }
    home.core().endChange();
  });
  writing_ = false;
}

void World::restoreVersion(const Step& step) {
  model::Address address = addressOf(step);
  Home& home = *homes_[step.home];
  auto row = home.store().entity(address);
  if (!row) return;
  auto history = home.store().history(row->n, 50);
  if (history.empty()) return;
  Version chosen = history[step.r[0] % history.size()].version;
  Said shown = shownAt(step.home, address);
  bool ok = false;
  writing_ = true;
  home.commit([&] {
    home.core().beginChange(home.id(), "test", "restore");
    ok = home.core().restoreVersion(address, chosen.id()).ok();
    home.core().endChange();
  });
  writing_ = false;
  if (ok) account(step.home, address, row->siblings, shown, {docOf(chosen.fields), typedOf(chosen.fields)}, true);
}

void World::resolve(const Step& step) {
  Home& home = *homes_[step.home];
  auto conflicts = home.store().conflicts({}, std::nullopt, 20);
  if (conflicts.empty()) return;
  store::Conflict& conflict = conflicts[step.r[0] % conflicts.size()];
  if (conflict.versions.empty()) return;
  auto row = home.store().entity(conflict.entity);
  if (!row) return;
  const Version& chosen = conflict.versions[step.r[1] % conflict.versions.size()];
  Said shown = shownAt(step.home, row->address);
  bool ok = false;
  writing_ = true;
  home.commit([&] {
    home.core().beginChange(home.id(), "test", "write");
    ok = home.core().resolve(conflict.n, chosen.id(), std::nullopt).ok();
    home.core().endChange();
  });
  writing_ = false;
  // Sets and counters are joined, whichever is chosen.
  if (ok) account(step.home, row->address, row->siblings, shown, {docOf(chosen.fields), std::nullopt}, true);
}

}  // namespace hearthgate::sim
