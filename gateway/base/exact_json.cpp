#include "base/exact_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <string>

namespace hearthgate {
namespace {

using boost::json::error_code;
using boost::json::string_view;

// Builds the tree as Boost's own parser does, from the same events.
struct Builder {
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  boost::json::value_stack stack;
  std::string part;  // of a number that came in parts

  Builder() { stack.reset(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(size_t members, error_code&) { return stack.push_object(members), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t items, error_code&) { return stack.push_array(items), true; }
  bool on_key_part(string_view s, size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_key(string_view s, size_t, error_code&) { return stack.push_key(s), true; }
  bool on_string_part(string_view s, size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_string(string_view s, size_t, error_code&) { return stack.push_string(s), true; }
  bool on_number_part(string_view s, error_code&) { return part.append(s.data(), s.size()), true; }
  bool on_int64(int64_t value, string_view, error_code&) {
    part.clear();
    return stack.push_int64(value), true;
  }
  bool on_uint64(uint64_t value, string_view, error_code&) {
    part.clear();
    return stack.push_uint64(value), true;
  }
  bool on_double(double value, string_view s, error_code&) {
    part.append(s.data(), s.size());
    // What is out of range leaves Boost's value, which is zero or infinite.
    (void)std::from_chars(part.data(), part.data() + part.size(), value);
    part.clear();
    return stack.push_double(value), true;
  }
  bool on_bool(bool value, error_code&) { return stack.push_bool(value), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

boost::json::value parseExactJson(std::string_view text, error_code& error) {
  boost::json::basic_parser<Builder> parser(boost::json::parse_options{});
  size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (error) return nullptr;
  return parser.handler().stack.release();
}

}  // namespace hearthgate
