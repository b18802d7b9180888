// Boost.JSON's values with the doubles that were written. The parser of Boost 1.81 computes them from a rounded power of
// ten and is often the neighbour of the nearest one: what somebody sets would not be what is sent. Any thread.
#pragma once

#include <boost/json/error.hpp>
#include <boost/json/value.hpp>
#include <string_view>

namespace hearthgate {

// As boost::json::parse(): null and an `error` where `text` is no JSON. What is too large for a double reads as infinite.
boost::json::value parseExactJson(std::string_view text, boost::json::error_code& error);

}  // namespace hearthgate
