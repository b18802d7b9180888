#include "config/suggest.h"

#include <algorithm>

namespace hearthgate::config {
namespace {

// Changes of one letter, and swaps of neighbours, that make `a` into `b` (optimal string alignment).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
  constexpr size_t kLongestName = 128;  // the cost grows with the square; no known name is half as long
  if (typed.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const auto& name : known) {
    // A unit that was left out (`full_sync_interval`) is the commonest slip and costs two letters.
    size_t cost = name.starts_with(std::string(typed) + "_") ? 1 : distance(typed, name);
    if (cost < best_distance) {
      best = name;
      best_distance = cost;
    }
  }
  return best;
}

std::string enumerate(const std::vector<std::string>& names) {
  if (names.empty()) return "none";
  std::string out = names.front();
  for (size_t i = 1; i < names.size(); ++i) out += (i + 1 == names.size() ? " or " : ", ") + names[i];
  return out;
}

}  // namespace hearthgate::config
