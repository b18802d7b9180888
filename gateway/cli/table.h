// Plain tables for a terminal of 80 columns. Any thread.
#pragma once

#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace hearthgate::cli {

// Rows under a heading; the widest columns give way until a line fits, and what is cut ends in `…`.
class Table {
 public:
  // Columns in `whole` do not give way: times, and what one copies.
  explicit Table(std::vector<std::string> heading, std::set<size_t> whole = {});
  void add(std::vector<std::string> row);  // as many cells as the heading; already safe for a terminal
  // `when_empty` is printed instead of a table without rows.
  void print(std::ostream& out, const std::string& when_empty) const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::set<size_t> whole_;
};

// Columns that UTF-8 text takes; wide characters take two.
size_t width(const std::string& text);
// At most so many columns; `…` where something is missing.
std::string fit(const std::string& text, size_t columns);

// `name` padded to a column, then `value`, cut to the line: one line of a one-item view.
void printField(std::ostream& out, const std::string& name, const std::string& value);

}  // namespace hearthgate::cli
