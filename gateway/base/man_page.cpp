#include "base/man_page.h"

#include <algorithm>

namespace hearthgate {

std::string roffText(std::string_view text) {
  bool pairs = std::count(text.begin(), text.end(), '`') % 2 == 0;
  bool bold = false;
  bool line_start = true;
  std::string out;
  for (char c : text) {
    // At a line's start these would begin a request.
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n' || c == '\f';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '"':
        out += "\\(dq";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '\f':
        out += "\n.br\n";
        break;
      case '`':
        if (pairs) {
          bold = !bold;
          out += bold ? "\\fB" : "\\fR";
        } else {
          out += "\\(ga";
        }
        break;
      default:
        out += c;
    }
  }
  return out;
}

ManPage::ManPage(std::string_view name, int section, std::string_view version, std::string_view about) {
  std::string title(name);
  for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  text_.append(".TH \"")
      .append(roffText(title))
      .append("\" ")
      .append(std::to_string(section))
      .append(" \"\" \"Hearthgate ");
  text_.append(version).append("\" \"Hearthgate\"\n.SH NAME\n");
  text_.append(roffText(name)).append(" \\- ").append(roffText(about)).append("\n");
}

void ManPage::begin() {
  if (!headed_) text_ += ".PP\n";
  headed_ = false;
}

ManPage& ManPage::heading(std::string_view text) {
  text_.append(".SH \"").append(roffText(text)).append("\"\n");
  headed_ = true;
  return *this;
}

ManPage& ManPage::subheading(std::string_view text) {
  text_.append(".SS \"").append(roffText(text)).append("\"\n");
  headed_ = true;
  return *this;
}

ManPage& ManPage::paragraph(std::string_view text) {
  begin();
  text_.append(roffText(text)).append("\n");
  return *this;
}

ManPage& ManPage::term(std::string_view name, std::string_view text) {
  headed_ = false;
  text_.append(".TP\n\\fB").append(roffText(name)).append("\\fR\n").append(roffText(text)).append("\n");
  return *this;
}

ManPage& ManPage::literal(std::string_view lines) {
  begin();
  text_.append(".RS 4\n.nf\n").append(roffText(lines));
  if (!lines.ends_with('\n')) text_ += '\n';
  text_ += ".fi\n.RE\n";
  return *this;
}

}  // namespace hearthgate
