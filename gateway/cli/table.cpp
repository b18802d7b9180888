#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 4;
constexpr size_t kNameColumn = 14;

bool startsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

size_t width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), startsCharacter));
}

std::string fit(const std::string& text, size_t columns) {
  if (width(text) <= columns) return text;
  std::string out;
  size_t used = 0;
  for (char c : text) {
    if (startsCharacter(c) && ++used >= columns) break;
    out += c;
  }
  return out + "…";
}

Table::Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}

void Table::add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

void Table::print(std::ostream& out, const std::string& when_empty) const {
  if (rows_.size() == 1) {
    out << when_empty << "\n";
    return;
  }
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  size_t gaps = kGap * (widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > kColumns) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) break;
    --*widest;
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      std::string cell = fit(row[i], widths[i]);
      bool last = i + 1 == widths.size();
      line += cell + (last ? "" : std::string(widths[i] - width(cell) + kGap, ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

void printField(std::ostream& out, const std::string& name, const std::string& value) {
  size_t gap = width(name) < kNameColumn ? kNameColumn - width(name) : 1;
  out << fit("  " + name + std::string(gap, ' ') + value, kColumns) << "\n";
}

}  // namespace hearthgate::cli
