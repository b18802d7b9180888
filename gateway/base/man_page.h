// Manual pages in the man(7) language, for the programs that print their own. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace hearthgate {

class ManPage {
 public:
  // `about` is one line, as apropos(1) shows it.
  ManPage(std::string_view name, int section, std::string_view version, std::string_view about);

  ManPage& heading(std::string_view text);
  ManPage& subheading(std::string_view text);
  ManPage& paragraph(std::string_view text);
  // What is named, and what it is, further in.
  ManPage& term(std::string_view name, std::string_view text);
  // Lines as they are, none of them broken.
  ManPage& literal(std::string_view lines);

  const std::string& text() const { return text_; }

 private:
  void begin();  // a paragraph; a heading has begun one already
  std::string text_;
  bool headed_ = false;
};

// Text that roff shows as it is; what stands between two ` is bold, and a form feed begins a new line.
std::string roffText(std::string_view text);

}  // namespace hearthgate
